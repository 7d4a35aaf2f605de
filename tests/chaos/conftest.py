"""One installation for all that is killed in a run; how often, and from which seed, are options."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import Demo
from sender import Ledger

KILLS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos")
    group.addoption("--kills", type=int, default=KILLS, help="how many times each process is killed")
    group.addoption("--seed", type=int, default=None, help="the moments of a run again: the seed that it printed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are chaos; they share one installation, so one worker (see the conftest of all tests)."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--kills", default=KILLS))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--seed", default=None)
    return int(given) if given is not None else random.SystemRandom().randrange(1_000_000)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running installation; what the tests leave in it stays, as in life."""
    demo = Demo(tmp_path_factory.mktemp("chaos"))
    try:
        demo.start()
        demo.wait_until_all_answer()
        yield demo
    finally:
        demo.stop()


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """All that was sent to the installation in this run."""
    return Ledger()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line for the person at the terminal, also when the test passes."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}")

    return say
