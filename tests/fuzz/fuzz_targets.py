"""What must hold for each reader of strangers' bytes, whatever the bytes: one function a reader, no framework in it.

Hypothesis and a coverage-guided fuzzer call the same functions. Each raises AssertionError when a promise is broken,
and lets any exception through that the reader is not allowed to raise.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import orjson
from fuzz_seeds import sheet_around

from carnet.domain.directory.queries import TrustSpace
from carnet.domain.directory.subjects import InvalidSubject, fingerprint, subject_of
from carnet.domain.directory.trust_list import BadTrustList, read_trust_list
from carnet.domain.identity.insi import messages
from carnet.domain.identity.values import InvalidDataMatrix, parse_datamatrix
from carnet.domain.messaging.compose import FailedRecipient, compose_dsn
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.desk.document_values import (
    DocumentHead,
    KnownDocument,
    Side,
    document_head,
    replacements,
)
from carnet.domain.messaging.desk.stored import SNIPPET, StoredMessage, plain_text, read_stored, snippet_of
from carnet.domain.messaging.envelopes import MessageHead, SpooledEnvelope
from carnet.domain.messaging.mime.html import clean_html, split_quoted, text_to_html
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import part_content, read_scanned, scan_message
from carnet.domain.messaging.mime.scan import Entity
from carnet.domain.messaging.mime.structure import MessageStructure, header_fields, message_structure
from carnet.domain.messaging.values import SmtpError
from carnet.domain.pathways.spreadsheet import BadFile, SheetFile, read_sheet_file
from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document, read_header, render_narrative
from carnet.domain.record.media_types import sniff_media_type
from carnet.domain.record.pdf import PdfRefused, claims_pdf_a1
from carnet.domain.record.pdf.claims import check_pdf
from carnet.domain.record.photo_places import BrokenPhoto, without_place
from carnet.domain.record.xdm import XdmPackage, document_patient_ids, patient_ids, read_xdm
from carnet.domain.record.xml_safety import XmlRefused, parse_xml, root_name
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.interfaces.fhir import fhirpath_patch, organization, practitioner, practitioner_role
from carnet.interfaces.fhir.outcomes import Refused
from carnet.interfaces.fhir.parameters import read_pairs, read_query
from carnet.interfaces.imap.grammar import BadCommand, parse_command
from carnet.interfaces.imap.wire import CommandReader, Continue, RawCommand, WireLimits
from carnet.interfaces.imap.wire import Refused as RefusedCommand
from carnet.interfaces.sasl import MECHANISMS, SaslError, SaslExchange
from carnet.interfaces.smtp.events import Event, Message, Rcpt
from carnet.interfaces.smtp.options import SmtpConfig
from carnet.interfaces.smtp.protocol import SmtpProtocol
from carnet.interfaces.smtp.reply import Reply

SECONDS = 3.0
"""Longer than any input of some thousand bytes may take, on a machine that does other things."""

ACTIVE = ("<script", "<style", "<iframe", "<object", "<embed", "<form", "<input", "<svg", "<math", "<meta", "<base",
          "<link", "<img", "<video", "<details", "<dialog", "<button", "style=", "srcset", "target=")  # fmt: skip


def timed(work: Callable[[], object]) -> object:
    """What `work` gives, in bounded time."""
    began = time.perf_counter()
    found = work()
    assert time.perf_counter() - began < SECONDS
    return found


def mail(raw: bytes) -> None:
    """Any bytes are a message or `MalformedMessage`; twice the same; parts, structure and contents agree."""
    structure = timed(lambda: message_structure(raw))
    assert isinstance(structure, MessageStructure)
    assert MessageStructure.from_json(structure.to_json()) == structure
    _check_structure(raw, structure)
    try:
        root = scan_message(raw)
    except MalformedMessage:
        return
    _check_tree(root, 0, len(raw))
    parsed = timed(lambda: read_scanned(raw, root))
    assert parsed == read_scanned(raw, scan_message(raw))
    message = read_scanned(raw, root)
    for text in (message.subject, message.text, message.html, *(one.file_name for one in message.attachments)):
        assert "\0" not in text
        text.encode("utf-8")
    assert "\n" not in message.subject
    for part in message.attachments:
        content = part_content(raw, part.path, root=root)
        assert len(content) == part.size
        assert structure.section(part.path) is not None
        sniff_media_type(content)
    page(message.html)
    new, quoted = split_quoted(message.text)
    assert new + quoted == message.text


def _entities(entity: Entity) -> Iterator[Entity]:
    yield entity
    for child in entity.children:
        yield from _entities(child)


def _check_tree(entity: Entity, start: int, end: int) -> None:
    """A part lies inside the part that holds it, and after the part before it."""
    assert start <= entity.header_start <= entity.body_start <= entity.body_end <= end
    at = entity.body_start
    for child in entity.children:
        assert child.header_start >= at
        _check_tree(child, at, entity.body_end)
        at = child.body_end


def _check_structure(raw: bytes, structure: MessageStructure) -> None:
    assert structure.size == len(raw)
    for answer in (structure.envelope, structure.body, structure.body_structure):
        _check_answer(answer)
    paths = [span.path for span in structure.parts]
    assert len(set(paths)) == len(paths)
    for span in (*structure.parts, *structure.messages):
        assert 0 <= span.header <= span.body <= span.end <= len(raw)
    for span in structure.messages:
        header_fields(raw[span.header : span.body], ["Subject", "x"])
        header_fields(raw[span.header : span.body], ["Subject"], excluded=True)


def _check_answer(answer: bytes) -> None:
    """A list of IMAP: balanced outside strings, no line end but the one before a literal, no NUL."""
    depth = at = 0
    assert b"\0" not in answer
    while at < len(answer):
        byte = answer[at : at + 1]
        if byte == b'"':
            at += 1
            while answer[at : at + 1] != b'"':
                assert at < len(answer)
                assert answer[at : at + 1] not in (b"\r", b"\n")
                at += 2 if answer[at : at + 1] == b"\\" else 1
        elif byte == b"{":
            end = answer.index(b"}\r\n", at)
            at = end + 2 + int(answer[at + 1 : end])
        else:
            assert byte not in (b"\r", b"\n")
            depth += (byte == b"(") - (byte == b")")
            assert depth >= 0
        at += 1
    assert depth == 0
    assert at == len(answer)


def page(html: str) -> None:
    """Cleaned HTML holds nothing active, and cleaning it again changes no tag."""
    shown = timed(lambda: clean_html(html))
    assert isinstance(shown, str)
    for tag in shown.lower().split("<")[1:]:
        inside = "<" + tag.partition(">")[0]
        assert not any(word in inside.partition('href="')[0] for word in ACTIVE), inside
        assert " on" not in inside.partition('href="')[0].replace(" onl", "")
    text_to_html(html)


def letter(raw: bytes, received_at: datetime = datetime(2026, 3, 2, tzinfo=UTC)) -> None:
    """The drain's reading of an accepted message: a value, whatever it holds."""
    envelope = SpooledEnvelope("operators", "a@b.fr", ("c@d.fr",), received_at)
    accepted = Accepted(new_id(), 0, envelope.to_json(), raw)
    incoming = read_incoming(accepted)
    if incoming.problem is None:
        content = incoming.content(author_name="", author_domain="", verified=False)
        assert content.from_json(content.to_json()) == content
        assert incoming.patients == read_incoming(accepted).patients
    stored = StoredMessage(new_id(), raw, MessageHead(return_path="a@b.fr"), received_at)
    at_desk = read_stored(stored, "c@d.fr", TrustSpace(frozenset(), frozenset()))
    content = at_desk.incoming.content(author_name="", author_domain="", verified=False)
    snippet = snippet_of(plain_text(content))
    assert len(snippet) <= SNIPPET
    assert "\n" not in snippet


def report(raw: bytes) -> None:
    """A report about any message is mail: no line end but CR LF, no line too long, nothing of the original's body."""
    sent = compose_dsn(
        reporting_domain="carnet.test",
        return_path="a@b.fr",
        failures=[FailedRecipient("c@d.fr", "5.7.1", SmtpError.FILTERED, raw[:200].decode("latin-1"))],
        original=raw,
        message_id="<1@carnet.test>",
        date=datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", sent.content)
    assert max(map(len, sent.content.split(b"\r\n"))) <= 998
    mail(sent.content)


def archive(raw: bytes) -> None:
    """Any bytes are an archive with its findings; twice the same."""
    package = timed(lambda: read_xdm(raw))
    again = read_xdm(raw)
    assert package == again
    patient_ids(again)
    for document in again.documents:
        clinical(document.content)
    known = [_known(again, number) for number in range(len(again.documents))]
    assert all(DocumentHead.from_json(one.head.to_json()) == one.head for one in known)
    replacements(known)


def _known(package: XdmPackage, number: int) -> KnownDocument:
    head = document_head(
        package.documents[number].entry,
        package.headers[number],
        document_patient_ids(package)[number],
        author="",
        type_label="",
        replaced_entry=package.replaced[number],
        side=Side("someone@example.test"),
    )
    return KnownDocument(UUID(int=number), datetime(2026, 3, 2, tzinfo=UTC), head)


def pdf(raw: bytes) -> None:
    """Any bytes are taken as a PDF or refused by their named error."""
    with suppress(PdfRefused):
        timed(lambda: check_pdf(raw))
    timed(lambda: claims_pdf_a1(raw))


def photo(raw: bytes) -> None:
    """A picture is refused by its named error, or written anew, no larger than it can be, and then left as it is."""
    kind = sniff_media_type(raw) or ""
    with suppress(BrokenPhoto):
        cleaned = timed(lambda: without_place(raw, kind))
        assert isinstance(cleaned, bytes)
        assert len(cleaned) <= 2 * len(raw) + 2_048
        assert without_place(cleaned, kind) == cleaned


def clinical(raw: bytes) -> None:
    """XML and CDA are read or refused by their named errors."""
    root_name(raw)
    with suppress(XmlRefused):
        parse_xml(raw)
    for read in (read_header, embedded_document, render_narrative):
        with suppress(XmlRefused, NotCda, BodyRefused):
            timed(lambda read=read: read(raw))  # type: ignore[misc]


def spreadsheet(raw: bytes) -> None:
    """Any bytes are a table, the same twice, with every cell under its column, or `BadFile`; so is any sheet in a
    workbook."""
    for content in (raw, sheet_around(raw)):
        with suppress(BadFile):
            found = timed(lambda content=content: read_sheet_file(content))  # type: ignore[misc]
            assert found == read_sheet_file(content)
            assert isinstance(found, SheetFile)
            names = {one.name for one in found.columns}
            assert len(names) == len(found.columns)
            assert all(row.cells.keys() == names for row in found.rows)


# --- the doors ---------------------------------------------------------------------------------------------------

SMTP_RULES = SmtpConfig(hostname="mx.carnet.example", max_size=200, max_recipients=3, max_bad_commands=8)


def _decide(event: Event) -> Reply | None:
    return Reply(550, "5.1.1", "No such mailbox") if event == Rcpt("no@d") else None


def smtp_said(pieces: list[bytes], rules: SmtpConfig = SMTP_RULES) -> tuple[bytes, list[Event]]:
    """The answers and the events of one session that says `pieces`."""
    machine = SmtpProtocol(rules)
    out: list[bytes] = []
    events: list[Event] = []

    def settle(event: Event | None) -> None:
        while event is not None:
            events.append(event)
            machine.reply(_decide(event))
            event = machine.next_event()
        out.append(machine.data_to_send())

    settle(machine.next_event())
    for piece in pieces:
        settle(machine.receive_data(piece))
    return b"".join(out), events


def smtp(stream: bytes, cuts: list[int]) -> None:
    """However a stream is cut, the same answers and messages; a message is exactly what its end says that it is."""
    answers, events = smtp_said([stream])
    bounds = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    assert smtp_said([stream[a:b] for a, b in pairwise(bounds)]) == (answers, events)
    at = 0
    for event in events:
        if not isinstance(event, Message):
            continue
        content = event.content
        assert not set(content.replace(b"\r\n", b"")) & {10, 13}
        assert content == b"" or content.endswith(b"\r\n")
        assert len(content) <= SMTP_RULES.max_size
        assert 1 <= len(event.envelope.rcpts) <= SMTP_RULES.max_recipients
        at = _after_content(stream, at, content)
    for line in answers.split(b"\r\n")[:-1]:
        assert line[:3].isdigit()
        assert not set(line) & {0, 10, 13}


def _after_content(stream: bytes, at: int, content: bytes) -> int:
    """Where the content ends on the wire: it stands between a DATA line and the first CR LF . CR LF after that.

    An independent reading, line by line.
    """
    for data in re.finditer(rb"(?i)(?:\A|\n)data *(?=\r\n)", stream[at:]):
        start = at + data.end()
        end = stream.find(b"\r\n.\r\n", start)
        lines = stream[start + 2 : max(end + 2, start + 2)].split(b"\r\n")
        if end >= 0 and b"\r\n".join(line.removeprefix(b".") for line in lines) == content:
            return end + 3
    raise AssertionError("a message that the wire does not hold")


def imap_said(pieces: list[bytes]) -> list[object]:
    """What the reader of commands makes of `pieces`: commands as they were understood, refusals, continuations."""
    reader = CommandReader(WireLimits(400, 100, 300))
    found: list[object] = []
    for piece in pieces:
        reader.feed(piece)
        while (taken := reader.take_command()) is not None:
            if isinstance(taken, RawCommand):
                found.append(_understood(taken))
            else:
                found.append(taken)
            if isinstance(taken, RefusedCommand) and taken.fatal:
                return found
            assert isinstance(taken, RawCommand | Continue | RefusedCommand)
    return found


def _understood(raw: RawCommand) -> object:
    try:
        return parse_command(raw)
    except BadCommand as problem:
        answer = f"{problem.tag} {problem.status} {problem.text}"
    assert answer.isprintable()
    return answer


def imap(stream: bytes, cuts: list[int]) -> None:
    """However a stream is cut, the same commands; what is no command is said to be none, in one line."""
    bounds = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    assert imap_said([stream[a:b] for a, b in pairwise(bounds)]) == imap_said([stream])


# --- what operators and their software send ------------------------------------------------------------------------


def sasl(lines: list[bytes]) -> None:
    """Any answers of a client are a challenge, a claim or `SaslError`; no claim shows its secret."""
    for mechanism in MECHANISMS:
        exchange = SaslExchange(mechanism)
        with suppress(SaslError):
            for line in lines:
                found = exchange.respond(line)
                if not isinstance(found, bytes):
                    assert "secret" not in repr(found)
                    break


def trust_list(raw: bytes) -> None:
    """Any bytes are a trust list or `BadTrustList`; any bytes are a certificate with a subject or are not."""
    with suppress(BadTrustList):
        found = timed(lambda: read_trust_list(raw))
        assert found == read_trust_list(raw)
    with suppress(InvalidSubject):
        assert fingerprint(subject_of(raw))


def fhir(query: str) -> None:
    """Any query of the directory is understood or refused by a sentence that may be shown."""
    for resource in (practitioner, practitioner_role, organization):
        try:
            for given in read_query(read_pairs(query), resource.PARAMETERS, 200).given:
                for value in given.values:
                    resource.PARAMETERS[given.name].criterion(value, given.modifier)
        except Refused as problem:
            check_refusal(problem)


def fhir_patch(raw: bytes) -> None:
    """Any JSON is a patch of mailboxes or refused by a sentence that may be shown."""
    try:
        document = orjson.loads(raw)
    except ValueError:
        return
    for kind in ("Practitioner", "PractitionerRole", "Organization"):
        try:
            fhirpath_patch.read(document, kind)
        except Refused as problem:
            check_refusal(problem)


def check_refusal(problem: Refused) -> None:
    text = str(problem)
    assert len(text) < 2_000
    assert not set(text) & {"\0", "\r", "\n"}


def insi(raw: bytes) -> None:
    """Any bytes are an answer of INSi, a question to it, or refused by an error that says nothing of them."""
    for read in (messages.read_answer, messages.read_verified, messages.read_question):
        with suppress(messages.BadInsiMessage, messages.InsiFault):
            assert timed(lambda read=read: read(raw)) is not None  # type: ignore[misc]


def barcode(text: str) -> None:
    """Any text is an identity, the same twice, or refused by a reason."""
    with suppress(InvalidDataMatrix):
        found = timed(lambda: parse_datamatrix(text))
        assert found == parse_datamatrix(text)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mail": mail,
    "letter": letter,
    "report": report,
    "archive": archive,
    "clinical": clinical,
    "pdf": pdf,
    "photo": photo,
    "spreadsheet": spreadsheet,
    "page": lambda raw: page(raw.decode("utf-8", "replace")),
    "sasl": lambda raw: sasl(raw.split(b"\n")),
    "trust_list": trust_list,
    "fhir": lambda raw: fhir(raw.decode("utf-8", "replace")),
    "fhir_patch": fhir_patch,
    "insi": insi,
    "barcode": lambda raw: barcode(raw.decode("utf-8", "replace")),
    "smtp": lambda raw: smtp(raw[1:], list(range(0, len(raw), 1 + (raw[0] if raw else 0) % 40))),
    "imap": lambda raw: imap(raw[1:], list(range(0, len(raw), 1 + (raw[0] if raw else 0) % 40))),
}
