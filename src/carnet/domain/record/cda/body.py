"""The files inside a clinical document: the one that a level 1 document wraps, those that a level 3 document embeds."""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet.domain.record.cda.tree import Element, attribute, child, clinical_document, descendants
from carnet.domain.record.media_types import (
    GIF,
    JPEG,
    PDF,
    PNG,
    RTF,
    TEXT,
    TIFF,
    canonical_media_type,
    sniff_media_type,
)

# CI-SIS, Structuration minimale: media types of a non-structured body; png and gif occur as illustrations.
EMBEDDED_TYPES: Final = frozenset({PDF, TEXT, RTF, JPEG, TIFF, PNG, GIF})
# Published prescriptions carry a PNG declared as JPEG: between pictures the content is believed, not the label.
_PICTURES: Final = frozenset({JPEG, TIFF, PNG, GIF})
MAX_EMBEDDED_BYTES: Final = 10_000_000
MAX_EMBEDDED_FILES: Final = 100


class BodyProblem(StrEnum):
    """Why an embedded file was not taken out."""

    BAD_BASE64 = "bad_base64"
    EMPTY = "empty"
    TOO_BIG = "too_big"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MEDIA_TYPE_MISMATCH = "media_type_mismatch"
    COMPRESSED = "compressed"
    EXTERNAL = "external"


_SENTENCES: Final = {
    BodyProblem.BAD_BASE64: "The embedded file is not valid base64.",
    BodyProblem.EMPTY: "The embedded file is empty.",
    BodyProblem.TOO_BIG: "The embedded file is larger than what is accepted.",
    BodyProblem.UNSUPPORTED_MEDIA_TYPE: "The embedded file's type is not one that documents may embed.",
    BodyProblem.MEDIA_TYPE_MISMATCH: "The embedded file is not of the type it declares.",
    BodyProblem.COMPRESSED: "The embedded file is compressed, which is not accepted.",
    BodyProblem.EXTERNAL: "The document points to a file elsewhere instead of holding it.",
}


class BodyRefused(ValueError):
    """The file of a level 1 document that cannot be given out; `problem` says why."""

    def __init__(self, problem: BodyProblem) -> None:
        self.problem = problem
        super().__init__(_SENTENCES[problem])


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """The file that a level 1 document wraps."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file embedded in a level 3 document. `content` is empty when there is a `problem`.

    `name` is the ID by which the narrative refers to it, "" when it has none.
    """

    name: str
    media_type: str
    content: bytes
    problem: BodyProblem | None = None


def embedded_document(data: bytes, max_bytes: int = MAX_EMBEDDED_BYTES) -> EmbeddedDocument | None:
    """The file wrapped by a level 1 document; None when the document is structured.

    `media_type` was checked on the content: it is the one declared, or the true one of a picture. Raises
    XmlRefused, NotCda or BodyRefused.
    """
    document, _ = clinical_document(data)
    text = child(document, "component/nonXMLBody/text")
    if text is None:
        return None
    return EmbeddedDocument(*_content(text, max_bytes))


def embedded_files(data: bytes, max_bytes: int = MAX_EMBEDDED_BYTES) -> tuple[EmbeddedFile, ...]:
    """The files embedded in a level 3 document, in its order, at most MAX_EMBEDDED_FILES, each within `max_bytes`.

    One file's fault is told on that file and does not hide the others. Raises XmlRefused or NotCda.
    """
    document, _ = clinical_document(data)
    return files_of(document, max_bytes)


def files_of(document: Element, max_bytes: int = MAX_EMBEDDED_BYTES) -> tuple[EmbeddedFile, ...]:
    """The same from a ClinicalDocument element."""
    body = child(document, "component/structuredBody")
    if body is None:
        return ()
    found: list[EmbeddedFile] = []
    for holder in descendants(body, "value", "text"):
        if not _is_file(holder):
            continue
        if len(found) == MAX_EMBEDDED_FILES:
            break
        parent = holder.getparent()
        name = attribute(parent, "ID")
        declared = canonical_media_type(attribute(holder, "mediaType"))
        try:
            media_type, content = _content(holder, max_bytes)
        except BodyRefused as refused:
            found.append(EmbeddedFile(name, declared, b"", refused.problem))
        else:
            found.append(EmbeddedFile(name, media_type, content))
    return tuple(found)


def _is_file(holder: Element) -> bool:
    parent = holder.getparent()
    in_media = parent is not None and str(parent.tag).endswith("}observationMedia")
    return attribute(holder, "representation") == "B64" or (in_media and "mediaType" in holder.attrib)


def _content(holder: Element, max_bytes: int) -> tuple[str, bytes]:
    media_type = canonical_media_type(attribute(holder, "mediaType")) or TEXT
    if media_type not in EMBEDDED_TYPES:
        raise BodyRefused(BodyProblem.UNSUPPORTED_MEDIA_TYPE)
    if attribute(holder, "compression"):
        raise BodyRefused(BodyProblem.COMPRESSED)
    raw = "".join(holder.itertext())
    if not raw.strip():
        external = child(holder, "reference") is not None
        raise BodyRefused(BodyProblem.EXTERNAL if external else BodyProblem.EMPTY)
    # TXT is the default representation, and the only place where text may stand as it is.
    if media_type == TEXT and attribute(holder, "representation") != "B64":
        content = raw.encode("utf-8")
    else:
        content = _from_base64(raw, max_bytes)
    if len(content) > max_bytes:
        raise BodyRefused(BodyProblem.TOO_BIG)
    found = sniff_media_type(content)
    if found is None or not (found == media_type or {found, media_type} <= _PICTURES):
        raise BodyRefused(BodyProblem.MEDIA_TYPE_MISMATCH)
    return found, content


def _from_base64(raw: str, max_bytes: int) -> bytes:
    compact = "".join(raw.split())
    if len(compact) // 4 * 3 > max_bytes + 3:
        raise BodyRefused(BodyProblem.TOO_BIG)
    try:
        content = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise BodyRefused(BodyProblem.BAD_BASE64) from None
    if not content:
        raise BodyRefused(BodyProblem.EMPTY)
    return content
