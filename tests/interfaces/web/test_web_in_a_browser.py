"""Each page in Chromium: no fault that axe finds, light or dark; all within the edges, and large enough to touch."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
import web_gallery
from playwright.sync_api import Browser, Page, Route, sync_playwright

import carnet.interfaces.web as web
from carnet.interfaces.web.middleware import PAGE_POLICY

pytestmark = [pytest.mark.journey, pytest.mark.urls("web_gallery_urls")]
SITE = "http://carnet.test"
STATIC = Path(web.__file__).with_name("static")
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]

BEYOND_THE_EDGE = """() => {
  const width = document.documentElement.clientWidth;
  const isOut = (element) => element.getBoundingClientRect().right > width + 1 && element.getBoundingClientRect().width;
  return [...document.querySelectorAll("body *")]
    .filter((element) => isOut(element) && !element.closest(".paper-view, .table-view, .visually-hidden"))
    .map((element) => element.outerHTML.slice(0, 120));
}"""
TOO_SMALL = """() => [...document.querySelectorAll("a, button, select, summary, textarea, input:not([type=hidden])")]
  .filter((element) => getComputedStyle(element).display !== "inline" && !["checkbox", "radio"].includes(element.type))
  .filter((element) => { const box = element.getBoundingClientRect(); return box.width && (box.width < 44 || box.height < 44); })
  .map((element) => element.outerHTML.slice(0, 120))"""  # noqa: E501


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_context().new_page()


@pytest.fixture(scope="module")
def examined(browser: Browser) -> Page:
    """A page into which axe can be put, which the portal's own policy forbids."""
    return browser.new_context(bypass_csp=True, reduced_motion="reduce").new_page()


def _answer(route: Route, drawn: dict[str, str]) -> None:
    path = route.request.url.removeprefix(SITE)
    if path in drawn:
        headers = {"Content-Security-Policy": PAGE_POLICY}
        route.fulfill(body=drawn[path], content_type="text/html; charset=utf-8", headers=headers)
        return
    file = STATIC / path.removeprefix("/static/")
    if file.suffix in MEDIA_TYPES and file.is_file():
        route.fulfill(body=file.read_bytes(), content_type=MEDIA_TYPES[file.suffix])
    else:
        route.fulfill(status=404, body="")


def _visit(page: Page, name: str, change: Callable[[str], str] = str) -> None:
    shown = next(page for page in web_gallery.pages() if page.name == name)
    drawn = {f"/{name}": change(web_gallery.draw(shown))}
    page.unroute_all()
    page.route("**/*", lambda route: _answer(route, drawn))
    page.goto(f"{SITE}/{name}")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")


NAMES = [page.name for page in web_gallery.pages()]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everybody_and_fits_a_narrow_screen_and_a_strong_zoom(examined: Page, name: str) -> None:
    """No fault that axe finds, by day and by night. 320 pixels is a small phone, and a screen of 1280 enlarged four
    times (WCAG 1.4.10); 44 a finger (2.5.5). One visit for all: loading a page is what takes time."""
    examined.emulate_media(color_scheme="light")
    examined.set_viewport_size({"width": 390, "height": 844})
    _visit(examined, name)
    examined.evaluate(AXE)
    assert _faults(examined, RULES) == []
    examined.emulate_media(color_scheme="dark")  # what colours change; the rest is the same page
    examined.set_viewport_size({"width": 1280, "height": 844})
    assert _faults(examined, COLOURS) == []
    examined.set_viewport_size({"width": 320, "height": 225})
    assert examined.evaluate(BEYOND_THE_EDGE) == []
    assert examined.evaluate(TOO_SMALL) == []
    examined.set_viewport_size({"width": 390, "height": 844})
    examined.evaluate("document.documentElement.style.fontSize = '225%'")
    assert examined.evaluate(BEYOND_THE_EDGE) == []


def _faults(page: Page, rules: list[str]) -> list[tuple[str, str]]:
    # Of what passes one node is told, not all: telling them takes longer than looking.
    options = "{iframes: false, runOnly: rules, resultTypes: ['violations']}"
    found = page.evaluate(f"(rules) => axe.run(document, {options})", rules)
    assert found["passes"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]


def test_no_page_asks_for_what_the_policy_forbids(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    for name in ("home", "conversation", "document-image", "login-wrong"):
        _visit(page, name)
    assert complaints == []


def test_the_keyboard_alone_reads_and_answers(page: Page) -> None:
    _visit(page, "conversation")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "text":
            break
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Merci")
    assert page.input_value("textarea") == "Merci"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit"
    page.evaluate("document.querySelector('textarea').form.reset()")
    page.dispatch_event("textarea", "input")


def test_chosen_files_are_listed_with_what_is_left(page: Page, tmp_path: Path) -> None:
    files = [tmp_path / "a.pdf", tmp_path / "b.jpg"]
    for file in files:
        file.write_bytes(b"x" * 12_300_000)
    _visit(page, "desk-thread")
    page.set_input_files("input[type=file]", files[:1])
    assert page.inner_text(".chosen").split("\n") == ["a.pdf", "12,3\u00a0Mo"]
    assert page.inner_text(".chosen-total") == "Total\u00a0: 12,3\u00a0Mo sur 20\u00a0Mo"
    page.set_input_files("input[type=file]", files)
    assert "Trop volumineux" in page.inner_text(".chosen-total--over")


def test_keys_go_through_a_list_of_the_desk_and_act_on_it(page: Page) -> None:
    _visit(page, "desk-inbox")
    page.route("**/selection/", lambda route: route.abort())
    assert not page.is_visible(".several-bar")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "row-title"
    page.keyboard.press("x")
    assert page.is_visible(".several-bar")
    assert page.locator("input[name=thread]:checked").count() == 1
    page.keyboard.press("k")
    page.keyboard.press("/")
    page.keyboard.type("jet")
    assert page.input_value("input[type=search]") == "jet", "what is typed is no key"
    page.locator(".row-title").first.focus()
    with page.expect_request("**/selection/") as asked:
        page.keyboard.press("e")
    sent = asked.value.post_data or ""
    assert "act=settle" in sent
    assert sent.count("thread=") == 1


def test_keys_that_are_switched_off_do_nothing(page: Page) -> None:
    _visit(page, "desk-inbox", lambda drawn: drawn.replace('data-keys="on"', 'data-keys="off"'))
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") != "row-title"


def test_a_saved_reply_goes_where_the_cursor_is(page: Page) -> None:
    _visit(page, "desk-thread")
    page.fill("textarea[name=text]", "Bonjour,\n")
    page.select_option("select[name=reply]", index=1)
    page.click("button[name=insert]")
    assert page.input_value("textarea[name=text]").startswith("Bonjour,\nBonjour,\nMerci")
    page.keyboard.type(" !")
    assert page.input_value("textarea[name=text]").endswith(" !")
    page.evaluate("document.querySelector('textarea').form.reset()")
    page.dispatch_event("textarea", "input")
