"""Attacks on the desk and on what holders write: doors tried from inside, forged lines of mail, what is left behind."""

import re
from email import message_from_bytes
from typing import Any
from uuid import UUID, uuid4

import pytest
from desk_people import NURSE, SURGEON, sign_in_professional
from django.contrib.messages.storage.cookie import MessageSerializer
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import BadSignature, get_cookie_signer
from django.db import connection
from django.test import Client
from django.urls import reverse
from portal_scene import arrive, assert_harmless, conversation_of, letter, signed_in

from carnet.domain.directory.commands import revoke_delegation
from carnet.domain.directory.models import Mailbox
from carnet.domain.identity.values import Rpps
from carnet.domain.messaging.commands.draft_files import MOST_MESSAGES, Added, add_file
from carnet.domain.messaging.commands.drafts import save_draft
from carnet.domain.messaging.commands.holder_files import NewFile
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.patients import seal_patient
from carnet.domain.messaging.desk.sought import seal_words
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.models import Contact, DeskDraft, DeskSending, Draft, Message
from carnet.domain.pathways.models import Sending
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.bodies import get_body
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
PHARMACIST = "99700219050"


@pytest.fixture
def box(patient: UUID) -> UUID:
    """The orthopaedics team's mailbox; Dr Vasseur has one of her own beside it."""
    cast.surgeon()
    return cast.nurse()


@pytest.fixture
def surgeon(box: UUID) -> Client:
    return sign_in_professional(Client(), SURGEON)


@pytest.fixture
def julie(box: UUID) -> Client:
    return sign_in_professional(Client(), NURSE)


def token(box: UUID) -> str:
    who = cast.DOMINIQUE
    return seal_patient(box, FoundPatient(who.ins, who.oid.value, who.birth_name, who.given_names, verified=True))


def begun(client: Client, box: UUID, **fields: str) -> str:
    answer = client.post(reverse("desk_new", args=[box]), {"patient": token(box), **fields})
    assert answer.status_code == 302
    return str(answer["Location"])


def template_of(client: Client, box: UUID) -> UUID:
    answer = client.post(reverse("desk_template_starter", args=[box, "appointment-reminder"]))
    assert answer.status_code == 302, answer.content.decode()
    return UUID(answer["Location"].split("/")[-2])


def said_by(cookie: str) -> str:
    """What a cookie says to whoever reads it: signed is not sealed."""
    try:
        return str(
            get_cookie_signer(salt="django.contrib.messages").unsign_object(cookie, serializer=MessageSerializer)
        )
    except BadSignature:
        return cookie


def test_a_delegation_that_is_revoked_ends_what_an_open_session_could_do(julie: Client, box: UUID) -> None:
    draft, template = begun(julie, box), template_of(julie, box)
    assert julie.get(draft).status_code == 200
    revoke_delegation(box, Rpps(NURSE), "Dr Vasseur")
    assert julie.get(reverse("desk_inbox", args=[box])).status_code == 404
    for address in (draft, reverse("desk_template", args=[box, template])):
        assert julie.get(address).status_code == 404
        assert julie.post(address, {"text": "x", "subject": "x"}).status_code == 404
    assert julie.post(f"{draft}envoyer/").status_code == 404
    assert not DeskSending.objects.exists()


def test_what_is_of_one_mailbox_opens_in_no_other_not_even_of_the_same_person(
    surgeon: Client, julie: Client, box: UUID
) -> None:
    own = Mailbox.objects.get(address=f"helene.vasseur@{cast.HOSPITAL_DOMAIN}").id
    draft = begun(surgeon, box)
    assert surgeon.get(draft).status_code == 200
    elsewhere = draft.replace(str(box), str(own))
    for client, address in ((surgeon, elsewhere), (julie, draft)):
        for act in ("", "apercu/", "documents/1/"):
            assert client.get(address + act).status_code == 404, act
        assert client.post(address, {"subject": "x", "text": "x"}).status_code == 404
        assert client.post(f"{address}envoyer/").status_code == 404
        client.post(f"{address}abandonner/")
    assert DeskDraft.objects.count() == 1
    refused = surgeon.post(reverse("desk_new", args=[own]), {"patient": token(box)})
    assert refused["Location"] == reverse("desk_find", args=[own])
    assert DeskDraft.objects.count() == 1
    words = seal_words(box, "fracture")
    assert "fracture" in surgeon.get(f"/bureau/{box}/?s={words}").content.decode()
    assert "fracture" not in surgeon.get(f"/bureau/{own}/?s={words}").content.decode()


def test_a_template_of_another_establishment_makes_no_sending(julie: Client, box: UUID) -> None:
    pharmacy = cast.pharmacy()
    pharmacist = sign_in_professional(Client(), PHARMACIST)
    theirs = template_of(pharmacist, pharmacy)
    answer = julie.post(reverse("desk_sending_new", args=[box]), {"template": str(theirs)})
    assert answer.status_code == 422
    assert not Sending.objects.exists()
    ours = template_of(julie, box)
    julie.post(reverse("desk_sending_new", args=[box]), {"template": str(ours)})
    sending = Sending.objects.get()
    for name in ("desk_sending", "desk_sending_lines", "desk_sending_preview", "desk_sending_cancel"):
        assert pharmacist.get(reverse(name, args=[pharmacy, sending.id])).status_code == 404, name
    for kind in ("csv", "xlsx"):
        assert pharmacist.get(reverse("desk_sending_report", args=[pharmacy, sending.id, kind])).status_code == 404
    follows = pharmacist.post(
        reverse("desk_sending_new", args=[pharmacy]), {"template": str(theirs), "suite": str(sending.id)}
    )
    assert follows.status_code == 404


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_no_line_of_header_comes_in_by_a_subject_or_the_name_of_a_file(julie: Client, box: UUID, end: str) -> None:
    draft = begun(julie, box)
    subject = f"Bonjour{end}Bcc: voleur@mal.test{end}X-MSS-MES: FIN{end}{end}corps"
    file = SimpleUploadedFile("a.txt", b"une note")
    file._name = f"a{end}Content-Type: text/html{end}.txt"
    answer = julie.post(draft, {"subject": subject, "text": "Bonjour.", "attached": file})
    assert answer.status_code == 302
    assert_harmless(julie.get(draft))
    answer = julie.post(f"{draft}envoyer/")
    assert answer.status_code == 302, "sent, on one line"
    for row in Message.objects.filter(owner_id=box):
        parsed = message_from_bytes(get_body(box, row.body))
        assert parsed["Bcc"] is None
        assert parsed["X-MSS-MES"] is None
        assert [part.get_content_type() for part in parsed.walk()].count("text/html") <= 1


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x85"])
def test_a_holders_subject_is_one_line_too(patient: UUID, end: str) -> None:
    dominique = signed_in(patient)
    arrive(letter())
    contact = Contact.objects.get(space_id=patient).id
    fields = {"draft": str(uuid4()), "version": "0", "contact": str(contact), "text": "Bonjour.", "do": "send"}
    subject = f"Une question{end}Bcc: voleur@mal.test{end}{end}corps"
    answer = dominique.post("/messages/nouveau/", fields | {"subject": subject})
    assert answer.status_code == 302, "sent"
    own = [message_from_bytes(get_body(patient, one.body)) for one in Message.objects.filter(owner_id=patient)]
    (sent,) = [one for one in own if "question" in str(one["Subject"])]
    assert sent["Bcc"] is None
    assert sent.get_payload() != "corps"


def test_two_holders_may_choose_the_same_identifier_for_their_drafts_and_see_only_their_own(patient: UUID) -> None:
    stranger = signed_in(cast.curious_stranger())
    dominique, chosen = signed_in(patient), uuid4()
    arrive(letter())
    theirs = f"/messages/{conversation_of(patient)}/reponse/"
    fields = {"draft": str(chosen), "text": "Rien que pour mon médecin", "subject": "secret", "do": "keep"}
    assert dominique.post(theirs, fields | {"version": "0"}).status_code == 302
    for address in (f"/messages/brouillons/{chosen}/", f"/messages/brouillons/{chosen}/suppression/", theirs):
        answers = (stranger.get(address), stranger.post(address, {"draft": str(chosen), "text": "x", "do": "send"}))
        assert not any("mon médecin" in one.content.decode() for one in answers)
    stranger.post("/messages/nouveau/", fields | {"text": "le mien", "version": "0"})
    assert Draft.objects.get(space_id=patient).version == 1
    assert "mon médecin" in dominique.get(f"/messages/{conversation_of(patient)}/").content.decode()


def test_seeking_in_a_mailbox_that_never_had_mail_is_no_fault(surgeon: Client) -> None:
    own = Mailbox.objects.get(address=f"helene.vasseur@{cast.HOSPITAL_DOMAIN}").id
    for address in ("", "patients/"):
        assert surgeon.get(f"/bureau/{own}/{address}?s=abcd").status_code == 200
    assert surgeon.post(f"/bureau/{own}/recherche/", {"text": "fracture"}).status_code == 302
    assert surgeon.post(f"/bureau/{own}/patients/chercher/", {"text": "fracture"}).status_code == 302


def test_no_number_name_or_file_of_a_patient_stays_in_sessions_cookies_or_jobs(
    julie: Client, box: UUID, patient: UUID
) -> None:
    draft = begun(julie, box)
    julie.post(draft, {"subject": "Votre fracture", "text": "Soyez à jeun."})
    julie.post(f"{draft}envoyer/")
    julie.post(f"/bureau/{box}/recherche/", {"text": cast.DOMINIQUE.birth_name})
    julie.get(draft)
    dominique = signed_in(patient)
    names = [SimpleUploadedFile(f"test-vih-{uuid4()}-{uuid4()}.exe", b"MZ\x90\x00") for _ in range(20)]
    fields = {"draft": str(uuid4()), "version": "0", "text": "x", "subject": "y", "do": "keep", "attached": names}
    answer = dominique.post("/messages/nouveau/", fields)
    left = [str(one.get_decoded()) for one in Session.objects.all()]
    left += [said_by(morsel.value) for client in (julie, dominique) for morsel in client.cookies.values()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        left += [row[0] for row in cursor.fetchall()]
    assert left
    for secret in (cast.DOMINIQUE.ins, cast.DOMINIQUE.birth_name, "fracture", "test-vih", "jeun"):
        # A whole word: sealed text spells short ones by chance.
        word = re.compile(rf"(?<![\w+/=]){secret}(?![\w+/=])", re.IGNORECASE)
        assert not [one for one in left if word.search(one)], secret
    assert "test-vih-" in dominique.get(answer["Location"]).content.decode(), "and is told all the same"


def test_what_is_given_out_is_kept_by_no_cache(julie: Client, box: UUID) -> None:
    template = template_of(julie, box)
    julie.post(reverse("desk_sending_new", args=[box]), {"template": str(template)})
    sending = Sending.objects.get().id
    for name in ("desk_inbox", "desk_news", "desk_patients", "desk_templates", "desk_sendings", "desk_find"):
        assert julie.get(reverse(name, args=[box]))["Cache-Control"] == "no-store", name
    for kind in ("csv", "xlsx"):
        for name in ("desk_sending_report", "desk_sending_unreached_table"):
            given = julie.get(reverse(name, args=[box, sending, kind]))
            assert given["Cache-Control"] == "no-store"
            assert given["X-Content-Type-Options"] == "nosniff"
            assert given["Content-Disposition"].startswith("attachment; ")
            assert "sandbox" in given["Content-Security-Policy"]


def test_drafts_that_are_never_sent_hold_no_more_files_than_a_few_messages(patient: UUID, settings: Any) -> None:
    settings.CARNET_HOLDER_MESSAGE_BYTES = 100
    who = holder(HealthSpace.objects.get(id=patient))
    told = []
    for _ in range(MOST_MESSAGES + 1):
        draft_id = uuid4()
        save_draft(who, patient, draft_id, DraftContent(text="x"))
        told.append(add_file(who, patient, draft_id, NewFile("note.txt", b"n" * 100)))
    assert [isinstance(one, Added) for one in told] == [True] * MOST_MESSAGES + [False]
