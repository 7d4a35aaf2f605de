"""Finding a patient or a colleague at the desk, and how the chosen patient is carried from page to page."""

import re
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from desk_people import NURSE, sign_in_professional
from django.test import Client, RequestFactory
from django.utils import timezone

from carnet.domain.directory.commands.life import announce_closing, set_absence
from carnet.domain.directory.commands.mailboxes import NewMailbox, create_mailbox
from carnet.domain.directory.models import CodeLabel, Mailbox, MailboxTrace
from carnet.domain.directory.queries.labels import forget_labels
from carnet.domain.directory.queries.mailboxes import mailboxes_by_id
from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.patients import open_patient, seal_patient
from carnet.domain.spaces.models import Account
from carnet.foundation.clock import now
from carnet.interfaces.web.desk.patient import chosen_patient
from carnet.interfaces.web.desk.session import AtDesk
from carnet.interfaces.web.views.desk import finding
from carnet.sandbox import cast
from carnet.sandbox.insi.address import insi_url
from carnet.sandbox.insi.installed import people
from carnet.sandbox.insi.register import write_register
from carnet.sandbox.insi.server import insi_server

DOMINIQUE = FoundPatient(
    cast.DOMINIQUE.ins, cast.DOMINIQUE.oid.value, "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", date(1979, 3, 28), how="insi"
)
BARCODE = (
    f"IS01{'0' * 22}S1{cast.DOMINIQUE.ins}S2{cast.DOMINIQUE.oid.value}\x1dS3DOMINIQUE MARIE-LOUISE\x1dS4PAT-TROIS\x1d"
    "S5FS628-03-1979S751215"
)
TRAITS = {"act": "traits", "birth_name": "pat-trois", "given_name": "Dominique", "birth_date": "1979-03-28", "sex": "F"}


@pytest.fixture(scope="module")
def insi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    register: Path = tmp_path_factory.mktemp("insi") / "register.json"
    write_register(register, people())
    server = insi_server(register, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield insi_url("127.0.0.1", server.server_port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def team(ward: str, settings: Any, insi: str) -> UUID:
    settings.CARNET_INSI_URL = insi
    cast.surgeon()
    return cast.nurse()


@pytest.fixture
def desk(team: UUID, client: Client) -> Client:
    sign_in_professional(client, NURSE)
    client.post("/langue/", {"language": "en"})
    return client


def find(desk: Client, team: UUID, **form: str) -> str:
    answer = desk.post(f"/bureau/{team}/rechercher/", form)
    assert answer.status_code in (200, 422)
    return unescape(answer.content.decode())


def token_in(page: str) -> str:
    found = re.search(r'name="patient" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize(
    ("form", "how"),
    [
        ({"act": "scan", "scan": BARCODE}, "datamatrix"),
        ({"act": "scan", "scan": BARCODE.replace("\x1d", "").lower() + "\r\n"}, "datamatrix"),
        (TRAITS, "insi"),
        (TRAITS | {"act": "number", "ins": cast.DOMINIQUE.ins}, "typed"),
    ],
    ids=["barcode", "barcode by a scanner that drops what it cannot type", "traits", "number and traits"],
)
def test_a_patient_found_is_shown_to_be_checked_and_carried_on_without_their_number_in_an_address(
    desk: Client, team: UUID, form: dict[str, str], how: str
) -> None:
    page = find(desk, team, **form)
    for shown in ("PAT-TROIS", "DOMINIQUE", "28 March 1979", "2 79 03 51 215 189 89"):
        assert shown in page
    assert "national service of identities knows this person" in page
    assert cast.DOMINIQUE.ins not in page
    patient = open_patient(team, token_in(page))
    assert patient is not None
    assert (patient.ins, patient.how, patient.insi_agrees, patient.verified) == (cast.DOMINIQUE.ins, how, True, False)
    assert f'action="/bureau/{team}/ecrire/"' in page
    [trace] = MailboxTrace.objects.filter(act="identity-sought").values_list("mailbox_id", "author", "outcome")
    assert trace == (team, NURSE, "")


def test_a_number_alone_is_taken_when_its_key_is_right_and_said_to_be_nobodys_in_particular(
    desk: Client, team: UUID
) -> None:
    page = find(desk, team, act="number", ins="2 79 03 51 215 189 89")
    assert "Only the number is known" in page
    assert "PAT-TROIS" not in page  # whose it is, the portal does not tell
    patient = open_patient(team, token_in(page))
    assert (patient and patient.name, patient and patient.insi_agrees) == ("", False)
    assert "its key (the last two) does not fit" in find(desk, team, act="number", ins="279035121518988")
    assert "This is not an INS" in find(desk, team, act="number", ins="12345")


@pytest.mark.parametrize(
    ("form", "sentence", "outcome"),
    [
        (TRAITS | {"birth_date": "1979-03-29"}, "Nobody was found", "nobody"),
        (
            {"act": "traits", "birth_name": "Martin", "given_name": "Marie", "birth_date": "1980-05-15", "sex": "F"},
            "Several people have these details",
            "several",
        ),
        (TRAITS | {"act": "number", "ins": cast.RUTH.ins}, "not of the same person", "different"),
        (
            {"act": "scan", "scan": BARCODE.replace("1.4.10", "1.4.8")},
            "a test number, or this portal is a test",
            "other-world",
        ),
    ],
)
def test_what_keeps_a_patient_from_being_found_is_said_in_words_and_traced(
    desk: Client, team: UUID, form: dict[str, str], sentence: str, outcome: str
) -> None:
    page = find(desk, team, **form)
    assert sentence in page
    assert 'name="patient"' not in page
    assert list(MailboxTrace.objects.filter(act="identity-sought").values_list("outcome", flat=True)) == [outcome]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"act": "scan", "scan": "3017620422003"}, "This is another barcode"),
        ({"act": "scan", "scan": BARCODE[:60]}, "read in part only"),
        ({"act": "scan", "scan": ""}, "required"),
        (TRAITS | {"birth_name": "Пат-Труа"}, "Letters, spaces, apostrophes and hyphens only"),
        (TRAITS | {"birth_date": "2979-03-28"}, "Nobody who lives was born on this day"),
        (TRAITS | {"birth_place": "Reims"}, "an INSEE code"),
        ({"act": "<script>"}, "Write: to whom?"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field_and_asks_nobody(
    desk: Client, team: UUID, settings: Any, form: dict[str, str], sentence: str
) -> None:
    settings.CARNET_INSI_URL = "http://127.0.0.1:1/nobody"
    assert sentence in find(desk, team, **form)
    assert not MailboxTrace.objects.filter(act="identity-sought").exists()


def test_while_insi_is_away_a_barcode_still_serves_and_says_that_nobody_confirmed_it(
    desk: Client, team: UUID, settings: Any
) -> None:
    settings.CARNET_INSI_URL = "http://127.0.0.1:1/nobody"
    assert "does not answer at the moment" in find(desk, team, **TRAITS)
    page = find(desk, team, act="scan", scan=BARCODE)
    assert "nobody has compared this number with these details but you" in page
    patient = open_patient(team, token_in(page))
    assert (patient and patient.insi_agrees) is False


def test_one_professional_cannot_go_through_a_town(desk: Client, team: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SEARCHES", 2)
    for _ in range(2):
        find(desk, team, **TRAITS)
    answer = desk.post(f"/bureau/{team}/rechercher/", TRAITS)
    assert (answer.status_code, b"Too many tries" in answer.content) == (429, True)


def test_a_token_opens_in_its_mailbox_for_twelve_hours_and_not_when_changed(team: UUID, patient: UUID) -> None:
    other = Mailbox.objects.get(address__startswith="helene.vasseur").id
    seal_patient(other, DOMINIQUE)  # the other mailbox has a key
    token = seal_patient(team, DOMINIQUE)
    assert open_patient(team, token) == DOMINIQUE
    assert open_patient(other, token) is None
    for wrong in ("", "x", token[:-8], token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "é" * 30, token * 30):
        assert open_patient(team, wrong) is None
    with time_machine.travel(now() + timedelta(hours=11, minutes=59)):
        assert open_patient(team, token) == DOMINIQUE
    with time_machine.travel(now() + timedelta(hours=12, minutes=1)):
        assert open_patient(team, token) is None


def test_a_patient_is_verified_only_when_the_professional_says_so(desk: Client, team: UUID) -> None:
    account = Account.objects.get(professional_id=NURSE)
    who = AtDesk(account, DeskActor(NURSE, "Julie LEMAIRE", mailboxes_by_id([team])[team]))
    token = token_in(find(desk, team, **TRAITS))
    ask = RequestFactory().post
    chosen = [chosen_patient(ask("/", {"patient": token} | more), who) for more in ({}, {"identity_checked": "yes"})]
    assert [one and one.verified for one in chosen] == [False, True]
    assert chosen_patient(ask("/", {"patient": "forged", "identity_checked": "yes"}), who) is None


def test_a_colleague_is_found_by_any_of_their_words_and_told_whether_they_answer(desk: Client, team: UUID) -> None:
    cast.clinic()
    cast.colleague_elsewhere()
    surgeon = Mailbox.objects.get(address__startswith="helene.vasseur")
    today = timezone.localdate()
    set_absence(surgeon.id, today, today + timedelta(days=3), "En congé", by="Dr Vasseur")
    page = find(desk, team, act="colleague", colleague_words="vasseur helene")
    assert "1 mailbox found" in page
    assert "Away: answers by itself" in page
    assert f'name="colleague" value="{surgeon.address}"' in page
    announce_closing(surgeon.id, today + timedelta(days=90), by="exploitation")
    assert "Closes on" in find(desk, team, act="colleague", colleague_words="VASSEUR", kind="person")
    assert "0 mailboxes found" in find(desk, team, act="colleague", colleague_words="vasseur", kind="team")
    page = find(desk, team, act="colleague", colleague_words="cardiologie horizon")
    assert "Clinique Horizon" in page
    # their specialty is told in the words of the national list
    CodeLabel.objects.create(code_list="TRE_R38-SpecialiteOrdinale", code="SM04", label="Chirurgie d’essai")
    forget_labels()
    assert "Chirurgie d’essai" in find(desk, team, act="colleague", colleague_words="vasseur")
    forget_labels()
    # neither one's own mailbox, nor software, nor one that the directory hides
    assert "orthopedie@" not in find(desk, team, act="colleague", colleague_words="saint-aubin")
    cast.hospital_software()
    assert "0 mailboxes found" in find(desk, team, act="colleague", colleague_words="dpi@")
    Mailbox.objects.filter(id=surgeon.id).update(red_list=True)
    assert "0 mailboxes found" in find(desk, team, act="colleague", colleague_words="vasseur")


def test_names_that_others_wrote_stay_text(desk: Client, team: UUID) -> None:
    create_mailbox(
        NewMailbox(
            address=MailboxAddress(f"labo@{cast.HOSPITAL_DOMAIN}"),
            kind=MailboxKind.ORG,
            label='<script>alert(1)</script> "Labo"',
            finess=Finess("519999015"),
            description="Résultats des analyses du Centre hospitalier Saint-Aubin",
            responsible="Dr Hélène Vasseur",
            service="<img src=x onerror=alert(2)>",
        )
    )
    answer = desk.post(f"/bureau/{team}/rechercher/", {"act": "colleague", "colleague_words": "labo@"})
    assert b"&lt;script&gt;" in answer.content
    assert b"<script>alert" not in answer.content
    assert b"<img src=x" not in answer.content
    answer = desk.post(f"/bureau/{team}/rechercher/", {"act": "number", "ins": '"><script>alert(3)</script>'})
    assert b"<script>alert" not in answer.content


def test_a_form_from_elsewhere_is_not_taken(team: UUID) -> None:
    strict = sign_in_professional(Client(enforce_csrf_checks=True), NURSE)
    assert strict.get(f"/bureau/{team}/rechercher/").status_code in (200, 302)
    assert strict.post(f"/bureau/{team}/rechercher/", TRAITS).status_code == 403
    assert not MailboxTrace.objects.filter(act="identity-sought").exists()
