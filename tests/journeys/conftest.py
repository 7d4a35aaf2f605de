"""One demo for all journeys, and a browser."""

import io
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

if TYPE_CHECKING:  # they read Django's models, which are not ready when pytest reads this file
    from journeys_browser import Visit, Visitor
    from journeys_demo import Demo

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def program() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("the journeys need Debian's chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="module")  # no longer: while it runs, no other Playwright can, and Django shuns its loop
def chromium(program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(program: str) -> Iterator["Demo"]:
    from journeys_demo import running_demo

    with running_demo() as running:
        yield running


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A photo as a phone takes it: JPEG, without anything in it."""
    taken = io.BytesIO()
    Image.effect_noise((800, 600), 40).convert("RGB").save(taken, "JPEG")
    return taken.getvalue()


@pytest.fixture
def visit(demo: "Demo", chromium: Browser) -> "Visit":
    """Opens a browser for one visitor: ``with visit() as claire``. On a phone unless told."""
    from journeys_browser import PHONE, visitor

    def open_browser(size: dict[str, int] = PHONE, **how: object) -> AbstractContextManager["Visitor"]:
        return visitor(demo, chromium, size, **how)  # type: ignore[arg-type]

    return open_browser
