"""Fixtures of the doors: one demo for the whole session, its holders signed in.

All of these tests stay on one worker: see ``pytest_xdist_make_scheduler`` in ``tests/conftest.py``.
"""

from collections.abc import Iterator

import pytest
from doors_demo import Demo, running_demo
from doors_portal import Portal, sign_in


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


def _portal(demo: Demo, login: str) -> Portal:
    who = demo.holder(login)
    return sign_in(demo.web, demo.outbox, login, who["password"], who["email"])


@pytest.fixture(scope="session")
def dominique(demo: Demo) -> Portal:
    """279035121518989, whom most of the published documents are about."""
    return _portal(demo, "dominique.p")


@pytest.fixture(scope="session")
def ruth(demo: Demo) -> Portal:
    """277076322082910, whom one of them is about."""
    return _portal(demo, "ruth.nessi")


@pytest.fixture(scope="session")
def stephane(demo: Demo) -> Portal:
    """179075145422281, whom none of them is about."""
    return _portal(demo, "stephane.b")
