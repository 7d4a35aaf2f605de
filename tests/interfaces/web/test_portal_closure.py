"""A planned closure of the mail, told to everybody in the portal: a week ahead, and while it lasts."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from lxml import html

from carnet.foundation.clock import now
from carnet.foundation.closures import BadClosure, cancel_closure, forget_closures, plan_closure

pytestmark = pytest.mark.django_db
START = datetime(2025, 11, 22, 7, 0, tzinfo=UTC)
END = datetime(2025, 11, 23, 17, 0, tzinfo=UTC)


@pytest.fixture
def planned():
    with time_machine.travel(START - timedelta(days=30), tick=False):
        return plan_closure("mail", START, END, message_fr="Le DMP se renouvelle.", message_en="The DMP is renewed.")


def banner(client: Client, at: datetime, language: str = "fr") -> str:
    with time_machine.travel(at, tick=False):
        forget_closures()
        page = client.get("/", headers={"Accept-Language": language}, follow=True)
        found = html.fromstring(page.content).find_class("closure")
        return " ".join(found[0].text_content().split()) if found else ""


def test_the_banner_tells_a_week_ahead_and_while_it_lasts_in_the_readers_language(planned, client: Client) -> None:
    assert banner(client, START - timedelta(days=8)) == ""
    ahead = banner(client, START - timedelta(days=6))
    assert ahead.startswith("Le DMP se renouvelle. La messagerie sera fermée du samedi 22 novembre 2025")
    assert "au dimanche 23 novembre 2025" in ahead
    during = banner(client, START + timedelta(hours=1))
    assert "La messagerie est fermée jusqu’au dimanche 23 novembre 2025 à 18" in during
    english = banner(client, START + timedelta(hours=1), "en")
    assert english.startswith("The DMP is renewed. Messaging is closed until")
    assert banner(client, END) == ""


def test_a_cancelled_closure_is_told_no_more(planned, client: Client) -> None:
    with time_machine.travel(START, tick=False):
        assert cancel_closure(planned.id)
        assert not cancel_closure(planned.id)
    assert banner(client, START) == ""


def test_a_closure_ends_after_it_starts_and_is_not_over() -> None:
    with pytest.raises(BadClosure, match="ends after it starts"):
        plan_closure("mail", now() + timedelta(hours=2), now() + timedelta(hours=1))
    with pytest.raises(BadClosure, match="over"):
        plan_closure("mail", now() - timedelta(hours=2), now() - timedelta(hours=1))
    with pytest.raises(BadClosure, match="time zone"):
        plan_closure("mail", now(), (now() + timedelta(hours=1)).replace(tzinfo=None))
    with pytest.raises(BadClosure, match="mail"):
        plan_closure("gate", now(), now() + timedelta(hours=1))
