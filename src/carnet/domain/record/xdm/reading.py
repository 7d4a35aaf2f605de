"""Reading an IHE_XDM.zip (IHE ITI TF-2 §3.32; ANS, Référentiel socle MSSanté #2, ECO.2.1.x): never an exception."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from carnet.domain.record.cda import CdaHeader, NotCda, entry_from_header, read_header
from carnet.domain.record.ebrim import NotASubmission, Submission, read_submission
from carnet.domain.record.media_types import STYLED_XML, XML, sniff_media_type
from carnet.domain.record.values import DocumentEntry, PatientId, SubmissionSet
from carnet.domain.record.xdm.package import XdmDocument, XdmFinding, XdmPackage, XdmProblem, entry_patient_ids
from carnet.domain.record.xdm.safe_zip import SafeZip, XdmLimits, ZipRefused
from carnet.domain.record.xml_safety import XmlRefused

MAX_DOCUMENTS: Final = 200
# An archive, and each file in it, costs as much to read as this many bytes, however small it is.
_FILE_BYTES: Final = 65_536

_METADATA: Final = re.compile(r"(?:.*/)?METADATA\.XML", re.IGNORECASE)
_DOCUMENT: Final = re.compile(r".*\.(?:XML|XSL|CDA)", re.IGNORECASE)
_DEFAULT_LIMITS: Final = XdmLimits()


def read_xdm(data: bytes, limits: XdmLimits = _DEFAULT_LIMITS) -> XdmPackage:
    """The clinical documents of an archive with their metadata, and what was wrong.

    1. the zip is judged and inflated within `limits`; a hostile one is refused as a whole;
    2. each METADATA.XML gives its submission set and entries; without one, the documents' headers do;
    3. each entry's file is found, read as CDA, its hash, size and identifier compared with the metadata.

    A fault of one document leaves out that document, or is only noted when it can still be read: a wrong hash or
    size is corrected in the entry and noted. Never raises.
    """
    archive = None
    try:
        archive = SafeZip(data, limits)
        package = _Reader(archive).package()
    except ZipRefused as refused:
        package = XdmPackage(findings=(XdmFinding(refused.problem),))
    effort = _FILE_BYTES + (archive.total + _FILE_BYTES * archive.opened if archive else 0)
    return replace(package, effort=effort)


@dataclass
class _Reader:
    """One archive being read."""

    archive: SafeZip
    sets: list[SubmissionSet] = field(default_factory=list)
    documents: list[XdmDocument] = field(default_factory=list)
    headers: list[CdaHeader] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    findings: list[XdmFinding] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    named: set[PatientId] = field(default_factory=set)
    entries_seen: int = 0

    def package(self) -> XdmPackage:
        indexes = [name for name in self.archive.files if _METADATA.fullmatch(name)]
        submissions = [(name, found) for name in indexes if (found := self.submission(name)) is not None]
        for name, submission in submissions:
            self.subset(name.rpartition("/")[0], submission)
        described = bool(submissions)
        if not indexes:
            self.note(XdmProblem.NO_METADATA)
        for name in self.candidates():
            self.undescribed(name, described)
        if not self.documents:
            self.note(XdmProblem.NO_DOCUMENT)
        return XdmPackage(
            tuple(self.sets),
            tuple(self.documents),
            tuple(self.headers),
            tuple(self.replaced),
            tuple(self.findings),
            frozenset(self.named),
        )

    def note(self, problem: XdmProblem, document: int | None = None) -> None:
        self.findings.append(XdmFinding(problem, document))

    def content(self, name: str) -> bytes:
        if name not in self.contents:
            self.contents[name] = self.archive.read(name)
        return self.contents[name]

    def digest(self, name: str) -> str:
        if name not in self.digests:
            self.digests[name] = hashlib.sha1(self.content(name), usedforsecurity=False).hexdigest()
        return self.digests[name]

    def submission(self, name: str) -> Submission | None:
        try:
            submission = read_submission(self.content(name))
        except (XmlRefused, NotASubmission):
            self.note(XdmProblem.METADATA_UNREADABLE)
            return None
        if submission.submission_set is not None:
            self.sets.append(submission.submission_set)
        if submission.problems:
            self.note(XdmProblem.METADATA_INCOMPLETE)
        return submission

    def subset(self, folder: str, submission: Submission) -> None:
        replaced = {found.source: found.target for found in submission.replacements}
        for entry in submission.entries:
            number = self.entries_seen
            self.entries_seen += 1
            self.named |= entry_patient_ids(entry)
            if number < MAX_DOCUMENTS:
                self.described(folder, entry, number, replaced.get(entry.entry_uuid, ""))
            elif number == MAX_DOCUMENTS:
                self.note(XdmProblem.TOO_MANY_DOCUMENTS)

    def described(self, folder: str, entry: DocumentEntry, number: int, replaced: str) -> None:
        """Take the document of one entry of the metadata."""
        name = self.file_of(folder, entry)
        if name is None:
            self.note(XdmProblem.DOCUMENT_MISSING, number)
            return
        if name in self.taken:
            self.note(XdmProblem.DOCUMENT_TWICE, number)
            return
        self.taken.add(name)
        content, digest = self.content(name), self.digest(name)
        header = self.header(content, number)
        if header is None:
            return
        if not entry.hash:
            self.note(XdmProblem.HASH_MISSING, number)
        elif entry.hash.lower() != digest:
            self.note(XdmProblem.HASH_MISMATCH, number)
        if entry.size is not None and entry.size != len(content):
            self.note(XdmProblem.SIZE_MISMATCH, number)
        if entry.unique_id != header.unique_id:
            self.note(XdmProblem.UNIQUE_ID_MISMATCH, number)
        parent = header.replaces[0] if header.replaces else ""
        verified = replace(entry, hash=digest, size=len(content), replaces_unique_id=parent)
        self.documents.append(XdmDocument(verified, content))
        self.headers.append(header)
        self.replaced.append(replaced)

    def undescribed(self, name: str, described: bool) -> None:
        """Take a document that no metadata speak of, when there are no metadata; else only say that it is there.

        Whom it names counts either way: a document of another person is no less theirs for being left out.
        """
        content = self.content(name)
        if sniff_media_type(content) not in (XML, STYLED_XML):
            return
        number = self.entries_seen
        if described:
            if found := self.cda_header(content):
                self.note(XdmProblem.DOCUMENT_NOT_DESCRIBED)
                self.named |= set(found.ins_ids)
            return
        if number >= MAX_DOCUMENTS:
            self.note(XdmProblem.TOO_MANY_DOCUMENTS)
            return
        self.entries_seen += 1
        header = self.header(content, number)
        if header is not None:
            entry = replace(entry_from_header(header, content), uri=name.rpartition("/")[2])
            self.documents.append(XdmDocument(entry, content))
            self.headers.append(header)
            self.replaced.append("")

    def header(self, content: bytes, number: int) -> CdaHeader | None:
        try:
            return read_header(content)
        except XmlRefused:
            self.note(XdmProblem.DOCUMENT_UNREADABLE, number)
        except NotCda:
            self.note(XdmProblem.DOCUMENT_NOT_CDA, number)
        return None

    def cda_header(self, content: bytes) -> CdaHeader | None:
        try:
            return read_header(content)
        except (XmlRefused, NotCda):
            return None

    def candidates(self) -> Iterator[str]:
        """Files not taken yet that may be clinical documents, in the order of their names."""
        for name in sorted(self.archive.files):
            if name not in self.taken and _DOCUMENT.fullmatch(name) and not _METADATA.fullmatch(name):
                yield name

    def file_of(self, folder: str, entry: DocumentEntry) -> str | None:
        """The file of an entry: by its URI relative to METADATA.XML, else by its hash."""
        if entry.uri:
            path = unquote(entry.uri).removeprefix("./")
            wanted = (f"{folder}/{path}" if folder else path).casefold()
            return next((name for name in self.archive.files if name.casefold() == wanted), None)
        if not entry.hash:
            return None
        return next((name for name in self.candidates() if self.digest(name) == entry.hash.lower()), None)
