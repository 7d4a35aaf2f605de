"""One demo and one browser for all journeys."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from journeys_browser import ARGUMENTS, PHONE, Visitor, visitor
from journeys_demo import Demo, running_demo
from playwright.sync_api import Browser, sync_playwright


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys share one demo, so they stay on one worker."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("demo"))
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("the journeys need Debian's chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(chromium: Browser) -> Iterator[Demo]:
    with running_demo() as running:
        yield running


Visit = Callable[..., AbstractContextManager[Visitor]]


@pytest.fixture
def visit(demo: Demo, chromium: Browser) -> Visit:
    """Opens a browser for one visitor: ``with visit() as claire``. On a phone unless told."""

    def open_browser(size: dict[str, int] = PHONE, **how: object) -> AbstractContextManager[Visitor]:
        return visitor(demo, chromium, size, **how)  # type: ignore[arg-type]

    return open_browser
