# ruff: noqa: E501 - each attack as it is written
"""A hostile HTML mail in Chromium: once cleaned it loads nothing, runs nothing, and stays in its place on the page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, sync_playwright

import carnet.interfaces.web as web
from carnet.domain.messaging.mime.charsets import clean_text
from carnet.domain.messaging.mime.html import clean_html, text_to_html

pytestmark = pytest.mark.journey
SITE = "http://carnet.test"
EVIL = "https://mal.example"
STATIC = Path(web.__file__).with_name("static")

ATTACKS = [
    # covering the page
    '<div style="position:fixed;inset:0;z-index:99999;background:#fff">cover</div>',
    '<div style="position:absolute;top:-900px;left:-900px;width:9000px;height:9000px">cover</div>',
    '<p style="margin-top:-500px;opacity:0">over</p>',
    '<p style="transform:scale(50)">big</p><p style="font-size:900px">huge</p><font size=7 style="font-size:9em">f</font>',
    '<p style="font-size:0;color:transparent">hidden</p><span style="display:none">hidden</span>',
    '<p class="nav header notice" id="main">borrowed</p>',
    "<dialog open>cover</dialog><details open ontoggle=steal()>x</details><marquee>m</marquee>",
    "<div popover id=p>pop</div><button popovertarget=p>b</button><p dir=rtl>turned</p>",
    "<p>Z" + "\u0301\u0336\u0353" * 3000 + "algo</p>",
    "<p>Invoice \u202efdp.exe</p><p>&#x202e;drowssap</p>",
    "<table width=99999 height=99999 border=900 cellpadding=900><td width=99999>wide</table>",
    "<pre>" + "x" * 5000 + "</pre><p>" + "\u00a0" * 5000 + "</p><hr width=9999 size=9999>",
    # loading
    f"<img src={EVIL}/a><img srcset='{EVIL}/b 1x'><picture><source srcset={EVIL}/c></picture><input type=image src={EVIL}/d>",
    f"<style>@import '{EVIL}/e'; * {{background:url({EVIL}/f)}}</style><p style=\"background:url('{EVIL}/g')\">x</p>",
    f"<link rel=stylesheet href={EVIL}/h><link rel=prefetch href={EVIL}/i><link rel=dns-prefetch href={EVIL}>",
    f"<iframe src={EVIL}/j srcdoc='<img src={EVIL}/k>'></iframe><object data={EVIL}/l></object><embed src={EVIL}/m>",
    f"<video src={EVIL}/n poster={EVIL}/o autoplay></video><audio src={EVIL}/p autoplay></audio><track src={EVIL}/q>",
    f"<svg><image href={EVIL}/r /><use href={EVIL}/s /><foreignObject><img src={EVIL}/t></foreignObject></svg>",
    f"<math><annotation-xml encoding=text/html><img src={EVIL}/u></annotation-xml></math><body background={EVIL}/v>",
    f"<meta http-equiv=refresh content='0;url={EVIL}/w'><base href={EVIL}/><a ping={EVIL}/x href={EVIL}/y>link</a>",
    f"<table background={EVIL}/z><td background={EVIL}/aa>x</table><script src={EVIL}/bb></script>",
    "<img src='cid:logo' alt='Logo'><img src='data:image/svg+xml,<svg onload=steal()>'><a href='data:text/html,x'>d</a>",
    # sending and running
    f"<form action={EVIL}/cc id=f><input name=a autofocus onfocus=steal()></form><button form=f formaction={EVIL}/dd>b</button>",
    "<img src=x onerror=steal()><svg onload=steal()><p onmouseover=steal()>x</p><a href=javascript:steal()>x</a>",
    '<noscript><p title="</noscript><img src=x onerror=steal()>"></noscript><template><img src=x onerror=steal()></template>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=steal()&gt;">',
    '<svg></p><style><a id="</style><img src=x onerror=steal()>">',
    "<a href='http://carnet.test/sortir/' target=_top>Sign out</a><a href=//mal.example>x</a>",
    "</div></div></main></body><p>out of the box</p><!--",
]
PAGE = """<!doctype html><html lang="fr"><meta charset="utf-8"><link rel="stylesheet" href="/static/web/carnet.css">
<script>window.stolen = 0; function steal() {{ window.stolen += 1; }}</script>
<header id="top" style="height:80px">Carnet</header><main>{letters}</main><footer id="end" style="height:80px">fin</footer></html>"""
OUTSIDE = """() => [...document.querySelectorAll(".letter")].filter((letter) => {
  const box = letter.getBoundingClientRect();
  return [0.02, 0.5, 0.98].some((part) => [-3, box.height + 3].some((beyond) => {
    const y = box.top + beyond;
    if (y < 0 || y > innerHeight) return false;
    const found = document.elementFromPoint(box.left + part * box.width, y);
    return found && letter.contains(found);
  }));
}).map((letter) => letter.id)"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed: run tools/test-programs")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser.new_context().new_page()
        browser.close()


def test_hostile_mail_loads_nothing_runs_nothing_and_stays_in_its_place(page: Page) -> None:
    """Without the page's content policy, which is one more wall: the cleaning alone must hold."""
    shown = [clean_html(attack) for attack in ATTACKS]
    shown += [text_to_html(clean_text("Z" + "\u0301" * 5000 + "\n" + "x" * 5000 + "\n\u202eabc"))]
    letters = "".join(
        f'<div id="around-{number}"><div class="letter" id="letter-{number}">{html}</div></div>'
        for number, html in enumerate(shown)
    )
    asked: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        asked.append(route.request.url)
        file = STATIC / path.removeprefix("/static/")
        if path == "/":
            route.fulfill(body=PAGE.format(letters=letters), content_type="text/html; charset=utf-8")
        elif path.startswith("/static/") and file.is_file():
            route.fulfill(body=file.read_bytes(), content_type="text/css")
        else:
            route.fulfill(status=404, body="")

    page.route("**/*", answer)
    page.set_viewport_size({"width": 390, "height": 20_000})
    page.goto(f"{SITE}/")
    page.mouse.move(200, 300)
    page.wait_for_function("document.readyState === 'complete'")
    assert [one for one in asked if not one.startswith(f"{SITE}/")] == []
    assert {one.removeprefix(SITE).partition("/static/")[0] for one in asked} <= {"/", "", "/favicon.ico"}
    assert page.evaluate("window.stolen") == 0
    assert page.evaluate("document.querySelectorAll('.letter').length") == len(shown)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for element in ("top", "end"):
        covered = f"(() => {{ const box = document.getElementById('{element}').getBoundingClientRect();"
        covered += " return document.elementFromPoint(box.left + 40, box.top + 40).id; })()"
        assert page.evaluate(covered) == element
    active = "document.querySelectorAll('.letter :is(img, script, style, form, input, button, iframe, svg, math, dialog)').length"
    assert page.evaluate(active) == 0
    assert page.evaluate("document.querySelectorAll('.letter [style], .letter [id], .letter [target]').length") == 0
