"""Guessing at the portal: codes of sign-in, and what is meant for this machine only."""

import re
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from portal_scene import trail

from carnet.domain.spaces.models import Account
from carnet.interfaces.web.accounts import CODES_AN_HOUR
from carnet.interfaces.web.throttle import too_often
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_tried_yet(db: None, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()


def begin(space_id: UUID) -> tuple[Client, int]:
    """A new browser that gives the right password; where that leads."""
    client = Client()
    login = Account.objects.get(space_id=space_id).login
    return client, client.post("/connexion/", {"login": login, "password": cast.PASSWORD}).status_code


def test_who_has_only_the_password_does_not_get_codes_for_ever(patient: UUID) -> None:
    for _ in range(CODES_AN_HOUR):
        assert begin(patient)[1] == 302
    sent = len(mail.outbox)
    assert begin(patient)[1] == 429
    assert len(mail.outbox) == sent == CODES_AN_HOUR
    assert trail(patient, "sign-in", allowed=False) == 1


def test_a_wrong_code_is_in_the_trail(patient: UUID) -> None:
    client, _ = begin(patient)
    code = re.search(r"\b[0-9]{6}\b", str(mail.outbox[-1].body))
    assert code is not None
    wrong = f"{(int(code[0]) + 1) % 1_000_000:06}"
    assert client.post("/connexion/code/", {"code": wrong}).status_code == 200
    assert trail(patient, "sign-in", allowed=False) == 1


def test_tries_count_for_each_address_or_for_a_key(db: None) -> None:
    here, there = (RequestFactory(REMOTE_ADDR=address).get("/") for address in ("10.0.0.1", "10.0.0.2"))
    assert [too_often(here, "x", times=2, seconds=60) for _ in range(3)] == [False, False, True]
    assert not too_often(there, "x", times=2, seconds=60)
    assert [too_often(one, "x", times=1, seconds=60, key="me") for one in (here, there)] == [False, True]


def test_a_crowd_of_tries_does_not_push_out_the_count_of_one(db: None) -> None:
    here = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/")
    assert not too_often(here, "x", times=1, seconds=600)
    for number in range(400):
        too_often(here, "y", times=1, seconds=600, key=str(number))
    assert too_often(here, "x", times=1, seconds=600)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_metrics_are_not_given_to_whom_a_proxy_brings(client: Client, name: str) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={name: "203.0.113.9"}).status_code == 404
