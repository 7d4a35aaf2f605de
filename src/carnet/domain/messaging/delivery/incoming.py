"""An accepted message, read once for all its recipients: the mail, its archives, the patients they name."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.values import InvalidAddress, MailboxAddress
from carnet.domain.messaging.envelopes import EntryContent, KeptAttachment, SpooledEnvelope
from carnet.domain.messaging.mime.html import clean_html
from carnet.domain.messaging.mime.limits import DEFAULT_LIMITS, MalformedCode, MalformedMessage, MimeLimits
from carnet.domain.messaging.mime.message import ParsedMessage, Part
from carnet.domain.messaging.mime.read import part_content, read_scanned, scan_message
from carnet.domain.messaging.mime.scan import Entity
from carnet.domain.messaging.mime.structure import message_structure
from carnet.domain.nomenclature.queries import document_type
from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document, read_header
from carnet.domain.record.harmful_files import Harm, harm_of
from carnet.domain.record.media_types import STYLED_XML, XML, ZIP, sniff_media_type
from carnet.domain.record.queries import author_text
from carnet.domain.record.values import DocumentEntry
from carnet.domain.record.xdm import XdmDocument, XdmLimits, XdmPackage, XdmProblem, patient_ids, read_xdm
from carnet.domain.record.xml_safety import XmlRefused
from carnet.foundation.clamd import UNSCANNED, Finding
from carnet.foundation.spool import Accepted

XDM_NAME = "IHE_XDM.ZIP"
_START_BYTES = 1024
# Return-Path and Received: addresses and names of at most some hundred octets each.
_TRACING_BYTES = 64 * 1024
# Messages attached to messages: mail software that forwards as an attachment makes one level each time.
_ATTACHED_MESSAGES = 8
# Byte order marks of UTF-8 and UTF-16, and space: what may stand before the first mark-up.
_BEFORE_MARKUP = b"\xef\xbb\xbf\xff\xfe \t\r\n"


@dataclass
class Incoming:
    """One accepted message. ``problem`` is set, and ``parsed`` empty, when it cannot be read as mail.

    ``harms`` says what its files could do, by the path of their parts; ``scanned`` what the antivirus found. ``own`` is
    the sender's own copy of a message that Carnet hands over itself, for the sender to learn what became of it.
    """

    accepted: Accepted
    envelope: SpooledEnvelope
    raw: bytes
    parsed: ParsedMessage
    problem: MalformedMessage | None = None
    root: Entity | None = None
    packages: dict[str, XdmPackage] = field(default_factory=dict)
    loose_patients: frozenset[str] = frozenset()
    harms: dict[str, Harm] = field(default_factory=dict)
    scanned: Finding = UNSCANNED
    own: UUID | None = None

    @cached_property
    def author(self) -> str:
        """The author's address in its one writing, else that of the envelope's sender."""
        for address in [*(one.address for one in self.parsed.from_), self.envelope.sender]:
            try:
                return MailboxAddress.parse(address).key
            except InvalidAddress:
                continue
        return ""

    @cached_property
    def patients(self) -> frozenset[str]:
        """Every INS that the documents of the message name."""
        named = {found.matricule for package in self.packages.values() for found in patient_ids(package)}
        return frozenset(named | self.loose_patients)

    @property
    def own_hops(self) -> int:
        """How often this very installation took the message in, by the fields that its doors write."""
        mark = f" by {settings.CARNET_HOSTNAME} with ".encode()
        fields = self.root.all("received") if self.root is not None else []
        return sum(mark in field.replace(b"\t", b" ") for field in fields)

    @cached_property
    def structure(self) -> bytes:
        return message_structure(self.raw, root=self.root).to_json()

    @property
    def carries_documents(self) -> bool:
        return any(package.documents for package in self.packages.values())

    @cached_property
    def unique_ids(self) -> tuple[str, ...]:
        return tuple(d.entry.unique_id for package in self.packages.values() for d in package.documents)

    def content(self, *, author_name: str, author_domain: str, verified: bool) -> EntryContent:
        """What a conversation will show of it."""
        html = self._html
        return EntryContent(
            author_name=author_name,
            author_domain=author_domain,
            verified=verified,
            text="" if html else self.parsed.text,
            html=html,
            attachments=self._attachments,
            findings=tuple(
                sorted({problem.value for package in self.packages.values() for problem in package.problems})
            ),
            scan=self.scanned.verdict.value,
        )

    @cached_property
    def _html(self) -> str:
        """Cleaned once for all recipients: with a hundred of them, hostile HTML would hold up the drain for minutes."""
        return clean_html(self.parsed.html) if self.parsed.html else ""

    @cached_property
    def _attachments(self) -> tuple[KeptAttachment, ...]:
        """The documents of the archives first, then the files; a PDF that a document wraps is named as its copy."""
        kept: list[KeptAttachment] = []
        wrapped: dict[bytes, str] = {}
        for path, package in self.packages.items():
            for rank, document in enumerate(package.documents):
                kept.append(_document(f"{path}#{rank}", document.entry))
                inner = wrapped_file(document.content)
                if inner:
                    wrapped[inner] = document.entry.unique_id
        for part in self.parsed.attachments:
            archive = self.packages.get(part.path)
            refused = _not_given(part, archive) if archive else ()
            if not refused and self.harms.get(part.path) in settings.CARNET_WITHHELD_CONTENT:
                refused = (self.harms[part.path].value,)
            if archive and archive.documents and not refused:
                continue
            is_pdf = bool(wrapped) and part.media_type == "application/pdf"
            copy_of = wrapped.get(part_content(self.raw, part.path, root=self.root), "") if is_pdf else ""
            kept.append(
                KeptAttachment(
                    part.path, part.file_name, part.media_type, part.size, copy_of=copy_of, problem=" ".join(refused)
                )
            )
        return tuple(kept)


def read_incoming(accepted: Accepted) -> Incoming:
    """Read an accepted message; what is wrong with it is kept as a value, for the sender to be told."""
    envelope = SpooledEnvelope.from_json(accepted.envelope)
    raw = envelope.tracing.encode("utf-8") + accepted.content
    try:
        limits = reading_limits()
        root = scan_message(raw, limits)
        parsed = read_scanned(raw, root, limits)
        found = _read_attachments(raw, root, parsed, _Room())
    except MalformedMessage as problem:
        return Incoming(accepted, envelope, raw, ParsedMessage(), problem)
    return Incoming(accepted, envelope, raw, parsed, None, root, found.packages, frozenset(found.patients), found.harms)


def reading_limits() -> MimeLimits:
    """The reader's bounds, never below the largest message that the doors take and what they add in front of it."""
    return replace(DEFAULT_LIMITS, total=max(DEFAULT_LIMITS.total, settings.CARNET_MAX_MESSAGE_BYTES + _TRACING_BYTES))


@dataclass
class _Found:
    """What the files of a message are: archives by their path, patients that other files name, what files could do."""

    packages: dict[str, XdmPackage] = field(default_factory=dict)
    patients: set[str] = field(default_factory=set)
    harms: dict[str, Harm] = field(default_factory=dict)


class _Room:
    """What the archives of one message may still unpack to: many of them may ask for no more than one."""

    def __init__(self) -> None:
        self.left = XdmLimits().max_total

    def read(self, content: bytes) -> XdmPackage:
        if self.left <= 0:
            raise MalformedMessage(
                MalformedCode.ARCHIVES_TOO_LARGE, "the archives together hold more than what is read"
            )
        package = read_xdm(content)
        self.left -= package.effort
        return package


def _read_attachments(raw: bytes, root: Entity, parsed: ParsedMessage, room: _Room, depth: int = 0) -> _Found:
    """What the files of a message are, those of the messages attached to it among them.

    Raises ``MalformedMessage``.
    """
    found = _Found()
    for part in parsed.attachments:
        # What a part says that it is does not hide whom it is about.
        content = part_content(raw, part.path, root=root)
        if _says_archive(part):
            found.packages[part.path] = room.read(content)
        elif content.startswith(b"PK\x03\x04"):  # an office document is a zip too
            package = room.read(content)
            if package.documents:
                found.packages[part.path] = package
            found.patients |= {one.matricule for one in patient_ids(package)}
        elif content[:_START_BYTES].replace(b"\x00", b"").lstrip(_BEFORE_MARKUP).startswith(b"<"):
            if sniff_media_type(content) in (XML, STYLED_XML):
                found.patients |= _patients_of_cda(content)
        elif _says_message(part):
            _read_attached_message(content, part.path, found, room, depth + 1)
        harm = harm_of(content, part.file_name)
        if harm is not None:
            found.harms[part.path] = harm
    return found


def _read_attached_message(content: bytes, path: str, found: _Found, room: _Room, depth: int) -> None:
    """A message that another carries: a forwarded letter about somebody else is about them still."""
    if depth > _ATTACHED_MESSAGES:
        raise MalformedMessage(
            MalformedCode.TOO_DEEP, f"messages are attached to each other deeper than {_ATTACHED_MESSAGES}"
        )
    if not content or content.isspace():
        return
    limits = reading_limits()
    root = scan_message(content, limits)
    inside = _read_attachments(content, root, read_scanned(content, root, limits), room, depth)
    for package in inside.packages.values():
        found.patients |= {one.matricule for one in patient_ids(package)}
    found.patients |= inside.patients
    harm = next((one for one in Harm if one in inside.harms.values()), None)
    if harm is not None:
        found.harms[path] = harm


def _says_message(part: Part) -> bool:
    return part.media_type == "message/rfc822" or part.file_name.lower().endswith(".eml")


def _says_archive(part: Part) -> bool:
    return (
        part.file_name.upper() == XDM_NAME
        or part.media_type in (ZIP, "application/x-zip-compressed")
        or part.file_name.lower().endswith(".zip")
    )


def _not_given(part: Part, archive: XdmPackage) -> tuple[str, ...]:
    """Why an archive, or something of it, is not given to its reader; empty when nothing is kept back.

    An archive that means to hold clinical documents and gives none says so; any other zip is a file like another,
    unless it could harm.
    """
    problems = archive.problems
    meant = bool(archive.documents) or XdmProblem.NO_METADATA not in problems or part.file_name.upper() == XDM_NAME
    kept_back = {one for one in problems if one.fatal or (meant and one.withholds)}
    if meant and not archive.documents and not kept_back:
        kept_back = {XdmProblem.NO_DOCUMENT}
    return tuple(sorted(one.value for one in kept_back))


def _patients_of_cda(content: bytes) -> set[str]:
    """The INS that a clinical document attached by itself names; nothing for any other XML."""
    try:
        return {found.matricule for found in read_header(content).ins_ids}
    except (XmlRefused, NotCda):
        return set()


def wrapped_file(cda: bytes) -> bytes:
    """The file that a level 1 document wraps, to know its copy beside it by."""
    try:
        inner = embedded_document(cda)
    except (XmlRefused, NotCda, BodyRefused):
        return b""
    return inner.content if inner else b""


def _document(path: str, entry: DocumentEntry) -> KeptAttachment:
    code = entry.type_code.code if entry.type_code else ""
    known = document_type(code)
    date = entry.service_start or entry.creation_time
    return KeptAttachment(
        path=path,
        name=f"{known.label_fr if known else entry.title or 'document'}.xml",
        media_type=entry.mime_type,
        size=entry.size or 0,
        unique_id=entry.unique_id,
        title=entry.title or (known.label_fr if known else ""),
        type_code=code,
        type_label=known.label_fr if known else (entry.type_code.label if entry.type_code else ""),
        author=author_text(entry),
        date=date.isoformat() if date else "",
    )


def archive_document(raw: bytes, path: str) -> XdmDocument | None:
    """The document of an archive by its attachment path (``2#0``): read again from the message, checked as then."""
    part, _, rank = path.partition("#")
    documents = read_xdm(part_content(raw, part)).documents
    if not rank.isdigit() or int(rank) >= len(documents):
        return None
    return documents[int(rank)]
