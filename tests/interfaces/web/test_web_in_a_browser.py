"""Each page in Chromium: no fault that axe finds, light or dark; all within the edges, and large enough to touch."""

import shutil
from collections.abc import Iterator
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
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

BEYOND_THE_EDGE = """() => {
  const width = document.documentElement.clientWidth;
  const isOut = (element) => element.getBoundingClientRect().right > width + 1 && element.getBoundingClientRect().width;
  return [...document.querySelectorAll("body *")]
    .filter((element) => isOut(element) && !element.closest(".paper-view, .visually-hidden"))
    .map((element) => element.outerHTML.slice(0, 120));
}"""
TOO_SMALL = """() => [...document.querySelectorAll("a, button, select, summary, textarea, input:not([type=hidden])")]
  .filter((element) => getComputedStyle(element).display !== "inline" && element.type !== "checkbox")
  .filter((element) => { const box = element.getBoundingClientRect(); return box.width && (box.width < 44 || box.height < 44); })
  .map((element) => element.outerHTML.slice(0, 120))"""  # noqa: E501


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


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


def _visit(page: Page, name: str) -> None:
    shown = next(page for page in web_gallery.pages() if page.name == name)
    drawn = {f"/{name}": web_gallery.draw(shown)}
    page.route("**/*", lambda route: _answer(route, drawn))
    page.goto(f"{SITE}/{name}")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")


NAMES = [page.name for page in web_gallery.pages()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_no_fault(browser: Browser, name: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    _visit(page, name)
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("(rules) => axe.run(document, {iframes: false, runOnly: rules})", RULES)
    context.close()
    assert found["passes"]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_narrow_screen_and_a_strong_zoom(browser: Browser, name: str) -> None:
    """320 pixels is a small phone, and a screen of 1280 enlarged four times (WCAG 1.4.10); 44 a finger (2.5.5)."""
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    _visit(page, name)
    assert page.evaluate(BEYOND_THE_EDGE) == []
    assert page.evaluate(TOO_SMALL) == []
    page.set_viewport_size({"width": 320, "height": 225})
    assert page.evaluate(BEYOND_THE_EDGE) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("document.documentElement.style.fontSize = '225%'")
    assert page.evaluate(BEYOND_THE_EDGE) == []
    context.close()
    assert complaints == []


def test_the_keyboard_reaches_the_answer_and_sends_it(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    _visit(page, "conversation")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "text":
            break
    page.keyboard.type("Merci")
    assert page.input_value("textarea") == "Merci"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit"
    context.close()


def test_chosen_files_are_listed_with_what_is_left(browser: Browser, tmp_path: Path) -> None:
    files = [tmp_path / "a.pdf", tmp_path / "b.jpg"]
    for file in files:
        file.write_bytes(b"x" * 12_300_000)
    context = browser.new_context()
    page = context.new_page()
    _visit(page, "conversation")
    page.set_input_files("input[type=file]", files[:1])
    assert page.inner_text(".chosen").split("\n") == ["a.pdf", "12,3\u00a0Mo"]
    assert page.inner_text(".chosen-total") == "Total\u00a0: 12,3\u00a0Mo sur 20\u00a0Mo"
    page.set_input_files("input[type=file]", files)
    assert "Trop volumineux" in page.inner_text(".chosen-total--over")
    context.close()
