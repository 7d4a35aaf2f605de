"""Making an IHE_XDM.zip (IHE ITI TF-2 §3.32.4.1.2): the same bytes for the same documents and metadata."""

import hashlib
import io
import uuid
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Final

from carnet.domain.record.cda import ClassOf, FormatOf, entry_from_cda
from carnet.domain.record.ebrim import write_submission
from carnet.domain.record.values import Code, DocumentEntry, PatientId, SubmissionSet, format_dtm

_SUBSET: Final = "IHE_XDM/SUBSET01"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Root of the OIDs that are made from a UUID (ITU-T X.667): nobody has to be asked for one.
_UUID_OID: Final = "2.25"
_OUTPATIENT: Final = Code("07", "1.2.250.1.213.2.2", "Consultation externe")
_README: Final = (
    "This archive follows the IHE XDM profile.\r\n"
    "\r\n"
    "INDEX.HTM lists its documents for a reader.\r\n"
    "IHE_XDM/SUBSET01/METADATA.XML describes them for a program (ebRIM 3.0).\r\n"
    "IHE_XDM/SUBSET01 holds the documents themselves (HL7 CDA R2).\r\n"
    "\r\n"
    "Made by Carnet. The author of each document is named in INDEX.HTM.\r\n"
)


def build_xdm(documents: Iterable[tuple[DocumentEntry, bytes]], submission_set: SubmissionSet) -> bytes:
    """An archive with these documents, DOC0001.XML onwards, in their order.

    URI, hash and size of the entries are set from the bytes given; an entry or a set without entryUUID gets one made
    from its uniqueId. Raises ValueError without a document, or with more than 9999.
    """
    given = list(documents)
    if not 1 <= len(given) <= 9999:
        raise ValueError("An XDM archive holds 1 to 9999 documents.")
    entries = [_filed(entry, content, number) for number, (entry, content) in enumerate(given, 1)]
    named_set = replace(
        submission_set, entry_uuid=submission_set.entry_uuid or _uuid_of("set", submission_set.unique_id)
    )
    metadata = write_submission(named_set, entries)
    files = [
        ("README.TXT", _README.encode("ascii")),
        ("INDEX.HTM", _index(entries).encode("utf-8")),
        (f"{_SUBSET}/METADATA.XML", metadata),
        *((f"{_SUBSET}/{e.uri}", content) for e, (_, content) in zip(entries, given, strict=True)),
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, content, compresslevel=6)
    return buffer.getvalue()


def xdm_for_cda(
    cda: bytes,
    patient: PatientId | None = None,
    class_of: ClassOf | None = None,
    format_of: FormatOf | None = None,
) -> bytes:
    """An archive around one clinical document, its metadata taken from its header.

    `patient` is written as the patientId of the metadata in the place of the document's own INS: the document itself
    is not changed, so that a wrong addressee can be sent on purpose. Raises XmlRefused or NotCda.
    """
    entry = entry_from_cda(cda, class_of, format_of)
    if patient is not None:
        entry = replace(entry, patient_id=patient)
    return build_xdm([(entry, cda)], submission_set_for([entry]))


def submission_set_for(entries: Sequence[DocumentEntry]) -> SubmissionSet:
    """A submission set for these entries: the patient and the first author of the first one, its time of creation.

    Its identifiers are made from the entries' uniqueIds, so that the same documents give the same set.
    """
    first = entries[0]
    seed = " ".join(entry.unique_id for entry in entries)
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"carnet submission {seed}").int
    return SubmissionSet(
        unique_id=f"{_UUID_OID}.{number}",
        source_id=f"{_UUID_OID}.{uuid.uuid5(uuid.NAMESPACE_URL, 'carnet source').int}",
        submission_time=first.creation_time or _UNKNOWN_TIME,
        patient_id=first.patient_id,
        content_type=_OUTPATIENT,
        authors=first.authors[:1],
        title=first.title,
    )


def _filed(entry: DocumentEntry, content: bytes, number: int) -> DocumentEntry:
    return replace(
        entry,
        entry_uuid=entry.entry_uuid or _uuid_of("entry", entry.unique_id or str(number)),
        uri=f"DOC{number:04d}.XML",
        hash=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size=len(content),
    )


def _uuid_of(kind: str, name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"carnet {kind} {name}").urn


def _index(entries: Sequence[DocumentEntry]) -> str:
    """INDEX.HTM: a table in XHTML with a link to each document."""
    rows = "".join(
        "<tr>"
        f'<td><a href="{_SUBSET}/{escape(entry.uri)}">{escape(entry.title or entry.uri)}</a></td>'
        f"<td>{escape('; '.join(author.display for author in entry.authors))}</td>"
        f"<td>{format_dtm(entry.creation_time)[:8] if entry.creation_time else ''}</td>"
        "</tr>\n"
        for entry in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr" lang="fr">\n'
        "<head><title>Documents de santé</title></head>\n<body>\n<h1>Documents de santé</h1>\n<table>\n"
        '<thead><tr><th scope="col">Document</th><th scope="col">Auteur</th>'
        '<th scope="col">Date</th></tr></thead>\n'
        f'<tbody>\n{rows}</tbody>\n</table>\n<p><a href="README.TXT">README.TXT</a></p>\n</body>\n</html>\n'
    )
