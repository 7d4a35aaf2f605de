"""Activating a space: who gets a code, what a code opens, and how often one may try."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from portal_scene import main_text, trail

from carnet.domain.spaces.commands import issue_activation_code
from carnet.domain.spaces.models import Account, ActivationCode, HealthSpace
from carnet.foundation.clock import now
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
PASSWORD = "Cerisier-1987!"
WRONG = "ne vont pas ensemble"


@pytest.fixture(autouse=True)
def nobody_has_tried_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def space(ward: str) -> UUID:
    """Laurence's space, open and not activated."""
    return cast.not_activated()


@pytest.fixture
def code(space: UUID) -> str:
    return issue_activation_code(space)


def ask(client: Client, ins: str = cast.LAURENCE.ins, birth_date: str = cast.LAURENCE.birth_date) -> HttpResponse:
    return client.post("/activation/", {"ins": ins, "birth_date": birth_date})


def activate(client: Client, code: str, **changed: str) -> HttpResponse:
    values = {
        "ins": cast.LAURENCE.ins,
        "birth_date": cast.LAURENCE.birth_date,
        "code": code,
        "login": "laurence.p",
        "password1": PASSWORD,
        "password2": changed.get("password1", PASSWORD),
        "terms": "on",
    }
    return client.post("/activation/code/", values | changed)


def is_activated(space: UUID) -> bool:
    return HealthSpace.objects.get(id=space).state == "activated"


def test_the_answer_is_the_same_whoever_is_asked_for(client: Client, space: UUID) -> None:
    answers = set()
    for ins, birth_date in (
        (cast.LAURENCE.ins, cast.LAURENCE.birth_date),
        (cast.LAURENCE.ins, "1990-01-01"),
        (cast.JOSETTE.ins, cast.JOSETTE.birth_date),
        (cast.DOMINIQUE.ins, cast.DOMINIQUE.birth_date),
    ):
        response = ask(client, ins, birth_date)
        assert response.status_code == 200
        answers.add(re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode()))
    assert len(answers) == 1
    assert ActivationCode.objects.count() == 1, "a code for who gave the right birth date, and for nobody else"


def test_a_code_opens_the_space_once(client: Client, space: UUID, code: str) -> None:
    assert activate(client, f" {code[:4].lower()}-{code[4:8]} {code[8:]}")["Location"] == "/connexion/"
    assert is_activated(space)
    assert Account.objects.get(space_id=space).login == "laurence.p"
    assert trail(space, "activate") == 1
    again = activate(client, code, login="quelqu.un.d-autre")
    assert WRONG in main_text(again)
    assert Account.objects.filter(space_id=space).count() == 1


def test_a_wrong_code_five_times_makes_the_right_one_useless(client: Client, space: UUID, code: str) -> None:
    for _ in range(5):
        assert WRONG in main_text(activate(client, "AAAABBBBCCCC"))
    assert WRONG in main_text(activate(client, code))
    assert not is_activated(space)
    ActivationCode.objects.update(created_at=now() - timedelta(minutes=5))
    ask(client)
    assert ActivationCode.objects.get(space_id=space).attempts == 0, "a new code may be asked for"


def test_four_wrong_codes_are_forgiven(client: Client, space: UUID, code: str) -> None:
    for _ in range(4):
        activate(client, "AAAABBBBCCCC")
    assert activate(client, code).status_code == 302


def test_a_code_that_is_too_old_opens_nothing(client: Client, space: UUID, code: str) -> None:
    with time_machine.travel(now() + timedelta(days=42, minutes=1), tick=False):
        assert WRONG in main_text(activate(client, code))
    assert not is_activated(space)


@pytest.mark.parametrize(
    "changed",
    [
        {"birth_date": "1990-01-01"},
        {"ins": cast.JOSETTE.ins, "birth_date": cast.JOSETTE.birth_date},
        {"ins": cast.DOMINIQUE.ins, "birth_date": cast.DOMINIQUE.birth_date},
        {"code": ""},
        {"code": "000000000000"},
    ],
)
def test_a_code_goes_with_its_person_only(client: Client, space: UUID, code: str, changed: dict[str, str]) -> None:
    cast.patient()
    assert activate(client, **({"code": code} | changed)).status_code in (200, 422)
    assert not is_activated(space)


def test_a_new_code_replaces_the_older_one(client: Client, space: UUID, code: str) -> None:
    newer = issue_activation_code(space)
    assert WRONG in main_text(activate(client, code))
    assert activate(client, newer).status_code == 302


def test_a_login_that_is_taken_is_said_and_the_code_stays_good(client: Client, space: UUID, code: str) -> None:
    cast.patient()
    assert "déjà pris" in main_text(activate(client, code, login=cast.DOMINIQUE.login.upper()))
    assert not is_activated(space)
    assert activate(client, code).status_code == 302


@pytest.mark.parametrize(
    "password",
    ["Court-1!", "sans-majuscule-1", "SANS-MINUSCULE-1", "Sans-Chiffre!", "SansSigne12345", "Avec Espace-1!"],
)
def test_a_weak_password_is_refused_and_the_code_stays_good(
    client: Client, space: UUID, code: str, password: str
) -> None:
    response = activate(client, code, password1=password)
    assert response.status_code in (200, 422)
    assert "errors" in response.content.decode()
    assert not is_activated(space)
    assert activate(client, code).status_code == 302


@pytest.mark.parametrize(
    "login", ["court", "Avec espace", cast.LAURENCE.ins, "fr7630006000011234567890189", "<b>gras</b>"]
)
def test_a_login_has_its_rules(client: Client, space: UUID, code: str, login: str) -> None:
    assert activate(client, code, login=login).status_code in (200, 422)
    assert not is_activated(space)


def test_two_different_passwords_and_terms_not_accepted_are_refused(client: Client, space: UUID, code: str) -> None:
    assert "pas identiques" in main_text(activate(client, code, password2="Autre-Chose-9!"))
    assert activate(client, code, terms="").status_code in (200, 422)
    assert not is_activated(space)


def test_codes_are_asked_for_a_few_times_only(client: Client, space: UUID) -> None:
    for _ in range(10):
        assert "Trop d’essais" not in main_text(ask(client))
    assert "Trop d’essais" in main_text(ask(client))
    elsewhere = client.post(
        "/activation/", {"ins": cast.LAURENCE.ins, "birth_date": cast.LAURENCE.birth_date}, REMOTE_ADDR="192.0.2.7"
    )
    assert "Trop d’essais" not in main_text(elsewhere)
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        assert "Trop d’essais" not in main_text(ask(client))


def test_codes_are_tried_a_few_times_only_whoever_they_are_for(client: Client, space: UUID, code: str) -> None:
    for number in range(20):
        assert "Trop d’essais" not in main_text(activate(client, f"AAAABBBB{number:04}", ins=cast.JOSETTE.ins))
    assert "Trop d’essais" in main_text(activate(client, code))
    assert not is_activated(space)


def test_a_person_gets_one_code_at_most_in_thirty_seconds(client: Client, space: UUID) -> None:
    ask(client)
    first = ActivationCode.objects.get(space_id=space).digest
    ask(client)
    assert ActivationCode.objects.get(space_id=space).digest == first


@pytest.mark.parametrize("ins", ["1", "279035121518988", "' OR 1=1", "2" * 41, "²79035121518989", "\x00"])
def test_what_is_no_social_security_number_is_said(client: Client, space: UUID, ins: str) -> None:
    response = ask(client, ins)
    assert 'id="errors"' in response.content.decode()
    assert ActivationCode.objects.count() == 0
