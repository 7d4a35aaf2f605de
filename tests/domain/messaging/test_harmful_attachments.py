"""What becomes of mail whose files could act, or are about somebody else, however deep they lie."""

import base64
from email.message import EmailMessage
from email.utils import make_msgid

import pytest
from django.conf import settings as django_settings

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.envelopes import EntryContent, SpooledEnvelope, content_name
from carnet.domain.messaging.mime.limits import MalformedCode
from carnet.domain.messaging.models import ConversationEntry, Dispatch, FolderEntry, Message
from carnet.domain.record.harmful_files import Harm
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import xdm_for_cda
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 60
DOCM = b"words"


def mail(*files: tuple[bytes, str, str], text: str = "Bonjour.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ORTHO, address(), "Votre sortie"
    message["Message-ID"] = make_msgid(domain="x.test")
    message.set_content(text)
    for content, media_type, name in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def address() -> str:
    return f"{cast.DOMINIQUE.ins}@{django_settings.CARNET_PATIENT_DOMAIN}"


def read(raw: bytes, to: str = "") -> Incoming:
    envelope = SpooledEnvelope("submission", ORTHO, (to or address(),), now())
    return read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))


def cda(ins: str) -> bytes:
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/><code code="11488-4"/><recordTarget><patientRole>'
        f'<id extension="{ins}" root="{cast.DOMINIQUE.oid.value}"/></patientRole></recordTarget></ClinicalDocument>'
    ).encode()


def forwarded(inner: bytes, encoding: str = "8bit", media_type: str = "message/rfc822") -> bytes:
    if encoding == "base64":
        inner = base64.encodebytes(inner)
    mark = f"=_{len(inner)}"
    head = f"From: {ORTHO}\r\nTo: {address()}\r\nSubject: TR\r\nMessage-ID: <f@x.test>\r\n"
    head += f'Content-Type: multipart/mixed; boundary="{mark}"\r\n\r\n--{mark}\r\n\r\nVoir ci-joint.\r\n--{mark}\r\n'
    head += f'Content-Type: {media_type}; name="lettre.eml"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + inner + f"\r\n--{mark}--\r\n".encode()


@pytest.fixture
def ward(db: None) -> object:
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.patient()
    return cast.orthopaedics()


@pytest.mark.parametrize("name", ["resultats.pdf", "resultats.exe"])
def test_a_program_makes_the_whole_message_be_refused_and_its_sender_be_told(ward: object, name: str) -> None:
    deliver([read(mail((PROGRAM, "application/pdf", name)).as_bytes())])
    assert not ConversationEntry.objects.exists()
    assert Dispatch.objects.get().outcome == "refused-content"
    (entry,) = FolderEntry.objects.filter(mailbox_id=ward)
    told = Message.objects.get(owner_id=ward, id=entry.message_id)
    assert b"541 5.7.1 A file of the message is of a kind that is not accepted here." in get_body(ward, told.body)  # type: ignore[arg-type]


def test_what_is_refused_is_a_setting(ward: object, settings: object) -> None:
    settings.CARNET_REFUSED_CONTENT = frozenset({"macro"})  # type: ignore[attr-defined]
    deliver([read(mail((DOCM, "application/msword", "modele.docm")).as_bytes())])
    assert not ConversationEntry.objects.exists()
    deliver([read(mail((PROGRAM, "application/pdf", "a.pdf")).as_bytes())])
    assert ConversationEntry.objects.count() == 1


def test_a_document_with_macros_arrives_and_is_not_given_out(ward: object) -> None:
    deliver(
        [read(mail((DOCM, "application/msword", "modele.docm"), (b"%PDF-1.7", "application/pdf", "a.pdf")).as_bytes())]
    )
    entry = ConversationEntry.objects.get()
    content = EntryContent.from_json(owner_key(entry.space_id).open(content_name(entry.message_id), entry.content))
    assert [(one.name, one.problem) for one in content.attachments] == [("modele.docm", "macro"), ("a.pdf", "")]


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
@pytest.mark.parametrize("media_type", ["message/rfc822", "application/octet-stream"])
@pytest.mark.parametrize("levels", [1, 3])
def test_a_forwarded_letter_is_about_whom_its_documents_name(encoding: str, media_type: str, levels: int) -> None:
    stranger = cast.STEPHANE
    archive = xdm_for_cda(cda(stranger.ins), PatientId(stranger.ins, stranger.oid.value))
    inner = mail((archive, "application/zip", "IHE_XDM.zip"), (cda(cast.DOMINIQUE.ins), "text/xml", "a.xml")).as_bytes()
    inner = inner.replace(b"\n", b"\r\n")
    for _ in range(levels):
        inner = forwarded(inner, encoding, media_type)
    assert read(inner).patients == {stranger.ins, cast.DOMINIQUE.ins}


def test_a_program_in_a_forwarded_letter_is_found() -> None:
    inner = mail((PROGRAM, "application/pdf", "a.pdf")).as_bytes()
    assert read(forwarded(inner)).harms == {"2": Harm.EXECUTABLE}


def test_letters_within_letters_end_somewhere() -> None:
    inner = mail().as_bytes()
    for _ in range(9):
        inner = forwarded(inner)
    problem = read(inner).problem
    assert problem is not None
    assert problem.code is MalformedCode.TOO_DEEP


def test_a_message_as_large_as_the_doors_take_is_read_whatever_the_setting(settings: object) -> None:
    settings.CARNET_MAX_MESSAGE_BYTES = 40_000_000  # type: ignore[attr-defined]
    raw = mail().as_bytes() + b"x" * 35_000_000
    assert read(raw).problem is None


def test_a_message_that_this_installation_took_in_four_times_goes_round(ward: object) -> None:
    hop = f"Received: from x ([127.0.0.1])\n\tby {django_settings.CARNET_HOSTNAME} with ESMTPS id 1;\n\tnow\n".encode()
    elsewhere = b"Received: from x by other.example with ESMTPS id 1; now\n"
    deliver([read(hop * 3 + elsewhere * 20 + mail().as_bytes())])
    assert ConversationEntry.objects.count() == 1
    deliver([read(hop * 4 + mail().as_bytes())])
    assert ConversationEntry.objects.count() == 1
    assert list(Dispatch.objects.order_by("id").values_list("outcome", flat=True)) == ["delivered", "refused-loop"]
