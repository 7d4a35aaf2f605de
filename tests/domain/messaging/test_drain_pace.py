"""The drain gives way to the doors while they are pressed, never for long."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.messaging.drain import LONGEST_SECONDS, PRESSED_PER_SECOND, is_put_off
from carnet.domain.messaging.queries.spooled import Waiting, waiting
from carnet.foundation.ids import new_id
from carnet.foundation.models import SpoolEntry

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def seen(*, arrived=0, octets=0, oldest=0.1):
    return Waiting(NOW - timedelta(seconds=oldest), 7, arrived, octets)


def test_a_message_that_comes_alone_is_delivered_at_once():
    assert not is_put_off(seen(arrived=1, octets=25_000_000 // 100), 0.05, NOW)
    assert not is_put_off(Waiting(None, 0, 0, 0), 0.05, NOW)


def test_while_mail_comes_fast_delivery_waits():
    assert is_put_off(seen(arrived=100, octets=200_000), 0.05, NOW)
    assert is_put_off(seen(arrived=10, octets=2_000_000), 0.05, NOW), "few and large press as many and small do"
    assert not is_put_off(seen(arrived=100, octets=200_000), 10, NOW), "the same over ten seconds is no hurry"


@given(st.integers(0, 10_000), st.integers(0, 10**9), st.floats(0, 60, allow_nan=False))
def test_nothing_waits_longer_than_it_may(arrived, octets, elapsed):
    assert not is_put_off(seen(arrived=arrived, octets=octets, oldest=LONGEST_SECONDS + 0.001), elapsed, NOW)


@given(st.integers(0, PRESSED_PER_SECOND), st.floats(1, 60, allow_nan=False))
def test_at_an_ordinary_pace_nothing_waits(arrived, elapsed):
    assert not is_put_off(seen(arrived=arrived, octets=arrived * 50_000), elapsed, NOW)


@pytest.mark.django_db
def test_what_waits_is_counted_in_this_spool_alone_and_without_what_is_held():
    mine, other, segment = new_id(), new_id(), new_id()

    def enter(spool, position, held=""):
        return SpoolEntry.objects.create(
            spool_id=spool,
            segment=segment,
            position=position,
            length=100 + position,
            accepted_at=NOW + timedelta(seconds=position),
            held=held,
        )

    assert waiting(mine, 0) == Waiting(None, 0, 0, 0)
    enter(mine, 1, held="keeps-failing")
    first, second = enter(mine, 2), enter(mine, 3)
    enter(other, 4)
    assert waiting(mine, 0) == Waiting(first.accepted_at, second.id, 2, 205)
    assert waiting(mine, first.id) == Waiting(first.accepted_at, second.id, 1, 103)
    assert waiting(mine, second.id) == Waiting(first.accepted_at, second.id, 0, 0)
