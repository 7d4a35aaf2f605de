"""Every address of the desk, for those whom it is not for: nothing is there, and nothing happens."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from desk_people import NURSE, PRACTITIONER, SURGEON, sign_in_professional
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from carnet.domain.directory.models import MailboxTrace
from carnet.domain.spaces.models import Account
from carnet.interfaces.web.desk import urls as desk_urls
from carnet.sandbox import cast

BEFORE_A_MAILBOX = {"desk", "desk_sign_in", "desk_sign_in_back"}
NAMES = sorted({one.name for one in desk_urls.urlpatterns} - BEFORE_A_MAILBOX)
_SAMPLES = {"uuid": uuid4(), "int": 1, "str": "2", "slug": "x"}


@pytest.fixture
def team(ward: str) -> UUID:
    cast.surgeon()
    cast.general_practitioner()
    return cast.nurse()


def address(name: str, box: UUID) -> str:
    pattern = next(one for one in desk_urls.urlpatterns if one.name == name)
    assert "box" in pattern.pattern.converters, f"{name}: the address names no mailbox"
    values: dict[str, Any] = {
        key: _SAMPLES[re.sub(r"converter$", "", type(converter).__name__.lower()).replace("string", "str")]
        for key, converter in pattern.pattern.converters.items()
    }
    return reverse(name, kwargs=values | {"box": box})


def asked(client: Client, name: str, box: UUID) -> HttpResponse:
    """The answer to a page, or to a form where there is no page."""
    where = address(name, box)
    answer = client.get(where)
    return client.post(where, {"text": "forged", "patient": "x"}) if answer.status_code == 405 else answer


def rows_of_the_desk() -> dict[str, int]:
    """How many rows the tables of conversations, notes, drafts, documents, templates and sendings hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND (relname LIKE 'messaging_%' OR relname LIKE 'pathways_%')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


def _without_chance(response: HttpResponse) -> str:
    """A page without what differs each time: its own address and the proof of origin."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    return re.sub(r'name="next" value="[^"]*"', "", text)


def test_signed_out_every_address_of_the_desk_leads_to_its_sign_in(team: UUID, client: Client) -> None:
    assert NAMES
    for name in NAMES:
        answer = asked(client, name, team)
        if answer.status_code == 403:  # a form stops there, with what was typed and the way to sign in
            assert 'href="/connexion/professionnel/"' in answer.content.decode(), name
            answer = client.get(answer.request["PATH_INFO"], follow=False)
            assert answer.status_code in (302, 405), name
        else:
            assert (answer.status_code, answer.get("Location")) == (302, "/connexion/professionnel/"), name


def test_for_holders_and_administrators_the_desk_does_not_exist(team: UUID, patient: UUID) -> None:
    cast.administrator()
    for account in Account.objects.filter(role__in=["holder", "administrator"]):
        other = Client()
        other.force_login(account)
        assert {name: asked(other, name, team).status_code for name in NAMES} == dict.fromkeys(NAMES, 404)
    assert not MailboxTrace.objects.filter(door="desk").exists()


def test_another_teams_mailbox_is_not_found_at_any_address_and_nothing_happens_there(team: UUID) -> None:
    stranger = sign_in_professional(Client(), PRACTITIONER)
    before = rows_of_the_desk()
    for name in NAMES:
        theirs, nobodys = asked(stranger, name, team), asked(stranger, name, uuid4())
        assert (theirs.status_code, nobodys.status_code) == (404, 404), name
        assert _without_chance(theirs) == _without_chance(nobodys), name
    assert rows_of_the_desk() == before
    traces = MailboxTrace.objects.filter(mailbox_id=team, door="desk").values_list("act", "author", "outcome")
    assert list(traces) == [("sign-in", PRACTITIONER, "not-entitled")]


def test_in_ones_own_mailbox_what_does_not_exist_is_never_a_fault(team: UUID) -> None:
    for rpps in (NURSE, SURGEON):
        own = sign_in_professional(Client(), rpps)
        for name in NAMES:
            assert asked(own, name, team).status_code < 500, name


def test_forms_of_the_desk_without_proof_of_origin_do_nothing(team: UUID) -> None:
    strict = sign_in_professional(Client(enforce_csrf_checks=True), NURSE)
    before = rows_of_the_desk()
    for name in NAMES:
        assert strict.post(address(name, team), {"text": "forged"}).status_code in (403, 405), name
        for method in (strict.put, strict.delete, strict.patch):
            assert method(address(name, team)).status_code in (403, 405), name
    assert rows_of_the_desk() == before
