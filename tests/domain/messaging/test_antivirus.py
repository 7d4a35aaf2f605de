"""What the antivirus finds, cannot find, or finds too late: with a real ClamAV daemon."""

import asyncio
import base64
import email
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from clamd_daemon import EICAR, SIGNATURE, STREAM_BYTES, Clamd
from django.conf import settings as django_settings
from django.test import override_settings

from carnet.domain.audit.models import AccessEvent
from carnet.domain.messaging.commands.deliver import deliver, drain_once
from carnet.domain.messaging.commands.quarantine import drop_old
from carnet.domain.messaging.commands.release import release
from carnet.domain.messaging.commands.rescan import rescan_due
from carnet.domain.messaging.commands.save import save_attachment
from carnet.domain.messaging.commands.write import NewFile, answer
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER
from carnet.domain.messaging.delivery.scanning import scan_all
from carnet.domain.messaging.envelopes import EntryContent, SpooledEnvelope, content_name
from carnet.domain.messaging.models import (
    ConversationEntry,
    Dispatch,
    FolderEntry,
    Message,
    QuarantinedMail,
    UnscannedMessage,
)
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import xdm_for_cda
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation import antivirus, database
from carnet.foundation.bodies import get_body
from carnet.foundation.clamd import CLEAN, UNSCANNED, ClamdAway, ClamdSession, Finding, TooLargeForClamd, Verdict
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.models import Body
from carnet.foundation.owner_keys import master_keys, owner_key
from carnet.foundation.spool import Accepted, SpoolReader, SpoolWriter
from carnet.sandbox import cast

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
INFECTED = Finding(Verdict.INFECTED, f"{SIGNATURE}.UNOFFICIAL")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    clamd = Clamd(tmp_path_factory.mktemp("clamd"))
    clamd.start()
    yield clamd
    clamd.stop()


@pytest.fixture
def scanning(daemon: Clamd, settings: object) -> Clamd:
    settings.CARNET_CLAMAV = daemon.address  # type: ignore[attr-defined]
    assert antivirus.answers()
    return daemon


@pytest.fixture
def scene(db: None) -> None:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.patient()


def letter(to: str, *files: tuple[bytes, str, str]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ORTHO, to, "Votre sortie"
    message["Message-ID"] = make_msgid(domain="x.test")
    message.set_content("Bonjour.")
    for content, media_type, name in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def patient_address() -> str:
    return f"{cast.DOMINIQUE.ins}@{django_settings.CARNET_PATIENT_DOMAIN}"


def arrive(message: EmailMessage) -> None:
    """Looked at and delivered, as the drain does with what it takes from the spool."""
    envelope = SpooledEnvelope("submission", ORTHO, (message["To"],), now())
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    incoming = read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))
    scan_all([incoming])
    deliver([incoming])


def shown(entry: ConversationEntry) -> EntryContent:
    sealed = owner_key(entry.space_id).open(content_name(entry.message_id), entry.content)
    return EntryContent.from_json(sealed)


def notices(mailbox_id: object) -> list[str]:
    messages = Message.objects.filter(owner_id=mailbox_id, id__in=FolderEntry.objects.values("message_id"))
    return [get_body(one.owner_id, one.body).decode() for one in messages]


# --- the daemon ----------------------------------------------------------------------------------------------------


def test_the_daemon_tells_what_it_finds_whatever_the_order(daemon: Clamd) -> None:
    with ClamdSession(daemon.address, 10) as session:
        session.ping()
        assert session.scan([b"", b"words"]) == CLEAN
        assert session.scan([b"words", EICAR, b"more"]) == INFECTED
        assert session.scan([b"words"]) == CLEAN


def test_what_is_too_large_for_the_daemon_is_unscanned_and_the_daemon_is_not_away(scanning: Clamd) -> None:
    with ClamdSession(scanning.address, 10) as session, pytest.raises(TooLargeForClamd):
        session.scan([b"x" * (4 * STREAM_BYTES)])
    assert antivirus.look(lambda: [b"x" * (4 * STREAM_BYTES)]) == UNSCANNED
    assert antivirus.look(lambda: [b"words"]) == CLEAN


@pytest.mark.parametrize("address", ["/nowhere/clamd.ctl", "127.0.0.1:1", "no port"])
def test_a_daemon_that_is_not_there_is_told(address: str) -> None:
    with pytest.raises(ClamdAway):
        ClamdSession(address, 1)


# --- delivery ------------------------------------------------------------------------------------------------------


def test_an_infected_letter_reaches_nobody_and_its_sender_is_told(scanning: Clamd, scene: None) -> None:
    ward = cast.orthopaedics()
    arrive(letter(patient_address(), (EICAR, "application/pdf", "courrier.pdf")))
    assert not ConversationEntry.objects.exists()
    assert Dispatch.objects.get().outcome == "withheld-infected"
    kept = QuarantinedMail.objects.get()
    assert (kept.state, kept.signature) == ("kept", INFECTED.signature)
    (report,) = notices(ward)
    assert "541 5.7.1 The antivirus found something" in report
    assert "EICAR" not in report
    event = AccessEvent.objects.latest("sequence")
    assert (event.act, event.reason) == ("withhold-message", "infected")


def test_a_virus_in_a_clinical_document_of_an_archive_is_found(scanning: Clamd, scene: None) -> None:
    cast.orthopaedics()
    wrapped = base64.b64encode(b"%PDF-1.7\n" + EICAR).decode()
    cda = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/><code code="11488-4" '
        'codeSystem="2.16.840.1.113883.6.1"/><effectiveTime value="20260301"/><recordTarget><patientRole>'
        f'<id extension="{cast.DOMINIQUE.ins}" root="{cast.DOMINIQUE.oid.value}"/></patientRole></recordTarget>'
        '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'
        f"{wrapped}</text></nonXMLBody></component></ClinicalDocument>"
    ).encode()
    archive = xdm_for_cda(cda, PatientId(cast.DOMINIQUE.ins, cast.DOMINIQUE.oid.value))
    arrive(letter(patient_address(), (archive, "application/zip", "IHE_XDM.zip")))
    assert not ConversationEntry.objects.exists()
    assert QuarantinedMail.objects.count() == 1


def test_an_infected_message_in_quarantine_is_let_go_once_or_deleted_in_time(scanning: Clamd, scene: None) -> None:
    cast.orthopaedics()
    arrive(letter(patient_address(), (EICAR, "application/pdf", "a.pdf")))
    kept = QuarantinedMail.objects.get()
    assert [release(kept.id), release(kept.id)] == [True, False]
    assert ConversationEntry.objects.count() == 1
    assert shown(ConversationEntry.objects.get()).scan == "clean"
    assert drop_old() == 0
    QuarantinedMail.objects.update(kept_at=now() - timedelta(days=django_settings.CARNET_QUARANTINE_DAYS + 1))
    assert drop_old() == 1
    assert not Body.objects.filter(owner_id=SYSTEM_OWNER, address=kept.body).exists()


def test_a_clean_letter_is_marked_as_looked_at(scanning: Clamd, scene: None) -> None:
    cast.orthopaedics()
    arrive(letter(patient_address(), (b"%PDF-1.7\nx", "application/pdf", "a.pdf")))
    assert shown(ConversationEntry.objects.get()).scan == "clean"
    assert not UnscannedMessage.objects.exists()


def test_mail_that_comes_while_the_daemon_is_away_arrives_marked_and_is_looked_at_later(
    scanning: Clamd, scene: None
) -> None:
    ward = cast.orthopaedics()
    with override_settings(CARNET_CLAMAV="/nowhere/clamd.ctl"):
        arrive(letter(patient_address(), (b"%PDF-1.7\nx", "application/pdf", "a.pdf")))
        arrive(letter(patient_address(), (EICAR, "application/pdf", "b.pdf")))
        arrive(letter(ORTHO, (b"words", "application/pdf", "c.pdf")))
        arrive(letter(ORTHO, (EICAR, "application/pdf", "d.pdf")))
        UnscannedMessage.objects.update(next_try_at=now())
        assert rescan_due() == 0
    entries = list(ConversationEntry.objects.order_by("at"))
    assert [shown(one).scan for one in entries] == ["unscanned", "unscanned"]
    assert [one.flags for one in FolderEntry.objects.filter(mailbox_id=ward)] == [["$Unscanned"], ["$Unscanned"]]
    person = holder(HealthSpace.objects.get(id=entries[0].space_id))
    first, second = entries
    with override_settings(CARNET_CLAMAV="/nowhere/clamd.ctl"):
        refused = save_attachment(person, first.space_id, first.conversation_id, first.message_id, "2")
        assert refused == Decision(False, Refusal.NOT_SCANNED)
    assert antivirus.answers()
    assert rescan_due() == 4
    assert not UnscannedMessage.objects.exists()
    assert [shown(ConversationEntry.objects.get(message_id=one.message_id)).scan for one in (first, second)] == [
        "clean",
        "infected",
    ]
    withdrawn = shown(ConversationEntry.objects.get(message_id=second.message_id))
    assert withdrawn.text == ""
    assert [one.problem for one in withdrawn.attachments] == ["infected"]
    refused = save_attachment(person, second.space_id, second.conversation_id, second.message_id, "2")
    assert refused == Decision(False, Refusal.UNREADABLE)
    told = notices(ward)
    assert sum("été retiré" in base_text(one) for one in told) == 1
    assert sum("541 5.7.1" in one for one in told) == 2
    assert all("$Unscanned" not in one.flags for one in FolderEntry.objects.filter(mailbox_id=ward))


def base_text(raw: str) -> str:
    body = email.message_from_string(raw, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def test_a_holder_sends_no_virus_and_nothing_that_nobody_looked_at(scanning: Clamd, scene: None) -> None:
    cast.orthopaedics()
    arrive(letter(patient_address()))
    entry = ConversationEntry.objects.get()
    person = holder(HealthSpace.objects.get(id=entry.space_id))

    def send(content: bytes) -> object:
        return answer(person, entry.space_id, entry.conversation_id, "Voici.", [NewFile("a.txt", content)])

    assert send(b"note\n" + EICAR) == Decision(False, Refusal.INFECTED)
    with override_settings(CARNET_CLAMAV="/nowhere/clamd.ctl"):
        assert send(b"note") == Decision(False, Refusal.NOT_SCANNED)
    assert antivirus.answers()
    assert not isinstance(send(b"note"), Decision)


def test_without_an_antivirus_mail_arrives_and_is_known_not_to_have_been_looked_at(scene: None) -> None:
    ward = cast.orthopaedics()
    arrive(letter(patient_address(), (b"%PDF-1.7\nx", "application/pdf", "a.pdf")))
    arrive(letter(ORTHO))
    assert shown(ConversationEntry.objects.get()).scan == "unscanned"
    assert FolderEntry.objects.get(mailbox_id=ward).flags == []
    assert not UnscannedMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_drain_has_everything_looked_at(installation: Path, scanning: Clamd) -> None:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.patient()
    cast.orthopaedics()

    async def accept() -> None:
        writer = SpoolWriter(installation / "spool", database.conninfo(), master_keys)
        for content in (EICAR, b"%PDF-1.7\nx"):
            message = letter(patient_address(), (content, "application/pdf", "a.pdf"))
            envelope = SpooledEnvelope("submission", ORTHO, (message["To"],), now())
            await writer.append(envelope.to_json(), message.as_bytes().replace(b"\n", b"\r\n"))
        writer.close()

    asyncio.run(accept())
    assert drain_once(SpoolReader(installation / "spool", master_keys)).delivered == 2
    assert QuarantinedMail.objects.count() == 1
    assert shown(ConversationEntry.objects.get()).scan == "clean"
