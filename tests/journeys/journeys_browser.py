"""A person in front of the portal, in a real browser, whose every page is examined."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from journeys_demo import Demo
from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, StorageState

from carnet.sandbox import cast

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
NARROWEST = {"width": 320, "height": 700}
"""WCAG 2.2, 1.4.10: nothing is lost, and nothing scrolls sideways, on 320 pixels."""
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "dark": ["color-contrast", "link-in-text-block"],  # what colours change; the rest is the same page
}
_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
_EXAMINE = "axe.run(document, {runOnly: %s, resultTypes: ['violations']}).then((found) => found.violations.map("
_EXAMINE += "(fault) => fault.id + ': ' + fault.nodes.map((node) => node.html.slice(0, 200)).join(' | ')))"
_SETTLED = "Promise.allSettled(document.getAnimations().map((moving) => moving.finished)).then(() => null)"
_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
_FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const shown = element.labels && element.type === "checkbox" ? element.labels[0].getBoundingClientRect() : box;
  const at = document.elementFromPoint(
    Math.min(Math.max(shown.left + shown.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(shown.top + Math.min(shown.height / 2, 20), 0), innerHeight - 1));
  return {
    tag: element.tagName, name: element.name || "", type: element.type || "", href: element.getAttribute("href") || "",
    text: element.textContent.trim().replace(/\\s+/g, " ").slice(0, 80),
    outlined: [null, "::after"].map((part) => getComputedStyle(element, part)).some(
      (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
    onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    uncovered: !!at && (element.contains(at) || at.contains(element)),
  };
}"""


class Visitor:
    """Someone with a browser. ``complaints`` gathers what the console and the network held against the portal."""

    def __init__(self, demo: Demo, context: BrowserContext, scripts: bool, french: bool) -> None:
        self.demo = demo
        self.context = context
        self.scripts = scripts
        self.french = french
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        self._tools: CDPSession = context.new_cdp_session(self.page)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # The page itself may answer 404, 413 or 422: that is not an error of the page.
        if message.text.startswith("Failed to load resource") and message.location.get("url") == self.page.url:
            return
        self.complaints.append(message.text)

    def _failed(self, url: str, why: str | None) -> None:
        if why != "net::ERR_ABORTED":  # a download, or a page left before its pictures came
            self.complaints.append(f"{url}: {why}")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.demo.web}{path}")

    def press(self, words: str) -> None:
        """Press the button with these words, whole."""
        self.page.get_by_role("button", name=words, exact=True).click()

    def follow(self, words: str) -> None:
        """Follow the first link with these words in it."""
        self.page.get_by_role("link", name=words).first.click()

    def heading(self) -> str:
        return self.page.inner_text("h1")

    def text(self) -> str:
        return " ".join(self.page.inner_text("main").split())

    def sign_in(
        self, holder: cast.Holder, *, password: str = cast.PASSWORD, look: bool = False, arrive: str = "**/accueil/"
    ) -> None:
        """From the first page to home: login, password, and the code of the e-mail."""
        self.go("/connexion/")
        if look:
            self.look()
        self.page.locator("input[name=login]").fill(holder.login)
        self.page.locator("input[name=password]").fill(password)
        since = time.time() - 1
        self.page.locator("form.form .actions button").first.click()
        if look:
            self.look()
        self.page.locator("input[name=code]").fill(self.demo.sign_in_code(holder, since))
        self.page.locator("form.form .actions button").first.click()
        self.page.wait_for_url(arrive)
        if self.french and self.page.locator("html").get_attribute("lang") != "fr":
            self.press("Français")  # somebody else's journey left the account in English

    def enter_desk(self, rpps: str) -> None:
        """From the first page to the desk: the sandbox's Pro Santé Connect asks who one is, and believes it."""
        self.go("/connexion/professionnel/")
        self.page.locator(f"input[name=id_nat][value$='{rpps}']").check()
        self.press("Se connecter")
        self.page.wait_for_url("**/bureau/**")

    def choose(self, **values: str | bool) -> None:
        """Fill fields of the page by their names: write, tick, or pick by the words that are shown."""
        for name, value in values.items():
            field = self.page.locator(f"[name={name}]:visible").first
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.evaluate("(field) => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)

    def wait_for_words(self, words: str, seconds: float = 30) -> None:
        """Look at the page again until what another process does has brought these words."""
        deadline = time.monotonic() + seconds
        while words not in self.text():
            assert time.monotonic() < deadline, f"« {words} » does not appear: {self.text()[:2000]}"
            time.sleep(0.5)
            self.page.reload()

    def wait_for_message(self, subject: str, seconds: float = 20) -> None:
        """Look at the list of messages until the drain has brought this one."""
        deadline = time.monotonic() + seconds
        while True:
            self.go("/messages/")
            if self.page.get_by_role("link", name=subject).count():
                return
            assert time.monotonic() < deadline, f"« {subject} » has not arrived"
            time.sleep(0.5)

    def look(self) -> None:
        """Examine the page as it is: axe, light and dark; no sideways scrolling at 320 pixels; no complaint so far."""
        where = self.page.url.removeprefix(self.demo.web)
        found = {}
        self._run(_AXE)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self._run(_SETTLED)
            found[scheme] = self._run(_EXAMINE % RULES[scheme])
        self.page.emulate_media(color_scheme="light")
        assert found == {"light": [], "dark": []}, f"{where}: {found}"
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size(NARROWEST)
        wide, seen = self._run(_WIDTHS)
        self.page.set_viewport_size(size)
        assert wide <= seen, f"{where} scrolls sideways: {wide} > {seen}"
        assert self.complaints == [], f"{where}: {self.complaints}"

    def _run(self, script: str) -> Any:
        """Run a script beside the page's own policy, which stays in force for the page."""
        done = self._tools.send("Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True})
        assert "exceptionDetails" not in done, done.get("exceptionDetails")
        return done["result"].get("value")

    def tab(self) -> dict[str, Any]:
        """Press Tab; what has the focus now must show it, be on the screen, and be hidden by nothing."""
        self.page.keyboard.press("Tab")
        focused: dict[str, Any] | None = self.page.evaluate(_FOCUSED)
        for _ in range(20):
            if focused is None or (focused["onScreen"] and focused["uncovered"]):
                break
            time.sleep(0.05)  # the page scrolls to it
            focused = self.page.evaluate(_FOCUSED)
        assert focused is not None, "the focus is lost"
        assert focused["outlined"], focused
        assert focused["onScreen"], focused
        assert focused["uncovered"], focused
        return focused

    def tab_to(self, most: int = 60, **wanted: str) -> None:
        """Press Tab until the focus is on what has these attributes (a part of its text is enough)."""
        for _ in range(most):
            focused = self.tab()
            if all(
                value in focused[name] if name == "text" else focused[name] == value for name, value in wanted.items()
            ):
                return
        raise AssertionError(f"the keyboard does not reach {wanted}")


@contextmanager
def visitor(
    demo: Demo,
    browser: Browser,
    size: dict[str, int],
    *,
    language: str = "fr-FR",
    scripts: bool = True,
    cookies: StorageState | None = None,
) -> Iterator[Visitor]:
    """A visitor with a browser of their own: no cookie but those given; no complaint is left at the end."""
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        storage_state=cookies,
        locale=language,
        java_script_enabled=scripts,
        has_touch=size is PHONE,
        is_mobile=size is PHONE,
    )
    context.set_default_timeout(20_000)
    try:
        who = Visitor(demo, context, scripts, language.startswith("fr"))
        yield who
        assert who.complaints == []
    finally:
        context.close()


Visit = Callable[..., AbstractContextManager[Visitor]]
