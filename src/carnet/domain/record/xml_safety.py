"""One way in for XML that a stranger wrote.

No DOCTYPE at all (so no entity, internal or external: OWASP XML External Entity Prevention), no network, no huge tree,
and bounds on bytes, markup and depth, all checked before anything reads the content. The errors name a reason and a
line, never what the document says: they may be logged.
"""

import io
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Final, TypedDict

from lxml import etree

MAX_BYTES: Final = 20_000_000
MAX_DEPTH: Final = 100
# A node costs libxml2 far more memory than the four bytes that can ask for one.
MAX_MARKUP: Final = 400_000

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ASCII_COMPATIBLE: Final = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252"}
)
_SPACE: Final = b" \t\r\n"


class _ParserOptions(TypedDict):
    resolve_entities: bool
    no_network: bool
    load_dtd: bool
    dtd_validation: bool
    huge_tree: bool
    remove_comments: bool
    remove_pis: bool


_SAFELY: Final[_ParserOptions] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class XmlReason(StrEnum):
    """Why a document was not read."""

    TOO_BIG = "too_big"
    TOO_MUCH_MARKUP = "too_much_markup"
    TOO_DEEP = "too_deep"
    DOCTYPE = "doctype"
    ENCODING = "encoding"
    EMPTY = "empty"
    SYNTAX = "syntax"


_SENTENCES: Final = {
    XmlReason.TOO_BIG: "The XML document, or one text in it, is larger than what is accepted.",
    XmlReason.TOO_MUCH_MARKUP: "The XML document holds more elements or attributes than what is accepted.",
    XmlReason.TOO_DEEP: "The XML document is nested deeper than what is accepted.",
    XmlReason.DOCTYPE: "The XML document carries a DOCTYPE or an entity, which is refused.",
    XmlReason.ENCODING: "The XML document's character encoding is not accepted or is not respected.",
    XmlReason.EMPTY: "The XML document is empty.",
    XmlReason.SYNTAX: "The XML document is not well-formed.",
}


class XmlRefused(ValueError):
    """An XML document that was not read; `reason` says why, `line` where (0 when unknown)."""

    def __init__(self, reason: XmlReason, line: int = 0) -> None:
        self.reason = reason
        self.line = line
        where = f" (line {line})" if line else ""
        super().__init__(_SENTENCES[reason] + where)


class UnsafeXml(XmlRefused):
    """XML that asks for more than reading: entities, or more room than is given."""


class MalformedXml(XmlRefused):
    """XML that breaks the rules of XML or of its encoding."""


def parse_xml(
    data: bytes, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_markup: int = MAX_MARKUP
) -> etree._Element:
    """The root element of `data`, comments and processing instructions left out.

    `max_bytes` bounds the input, `max_depth` the nesting of elements, `max_markup` the count of tags and of
    attributes. Raises UnsafeXml or MalformedXml.
    """
    data = _judged(data, max_bytes, max_markup)
    try:
        root = etree.fromstring(data, etree.XMLParser(**_SAFELY))
    except etree.XMLSyntaxError as error:
        raise _refusal_of(error) from None
    except (ValueError, LookupError):
        raise MalformedXml(XmlReason.ENCODING) from None
    # The scan above is ours, this one is libxml2's own opinion: both must agree that there is no DTD.
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnsafeXml(XmlReason.DOCTYPE)
    if _deeper_than(max_depth)(root.getroottree()):
        raise UnsafeXml(XmlReason.TOO_DEEP)
    return root


def each_element(
    data: bytes, name: str, max_bytes: int = MAX_BYTES, max_markup: int = MAX_MARKUP
) -> Iterator[etree._Element]:
    """The elements with this local name, in their order, each emptied when the next one is asked for.

    For tables of many lines, whose tree would take much memory. The same refusals as `parse_xml`; depth is bounded by
    libxml2 alone. Raises UnsafeXml or MalformedXml, when called for or while reading.
    """
    data = _judged(data, max_bytes, max_markup)
    try:
        for _, element in etree.iterparse(io.BytesIO(data), events=("end",), tag=f"{{*}}{name}", **_SAFELY):
            if element.getroottree().docinfo.internalDTD is not None:
                raise UnsafeXml(XmlReason.DOCTYPE)
            yield element
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise _refusal_of(error) from None
    except (ValueError, LookupError) as error:
        raise error if isinstance(error, XmlRefused) else MalformedXml(XmlReason.ENCODING) from None


def _judged(data: bytes, max_bytes: int, max_markup: int) -> bytes:
    """The document in an encoding that shows its markup, once nothing in it asks for more than reading."""
    if len(data) > max_bytes:
        raise UnsafeXml(XmlReason.TOO_BIG)
    if not data.strip():
        raise MalformedXml(XmlReason.EMPTY)
    if data.count(b"<") > max_markup or data.count(b"=") > 4 * max_markup:
        raise UnsafeXml(XmlReason.TOO_MUCH_MARKUP)
    data = _ascii_compatible(data)
    if _starts_with_doctype(data):
        raise UnsafeXml(XmlReason.DOCTYPE)
    return data


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(/*" + "/*" * depth + ")")


def root_name(data: bytes) -> str | None:
    """The local name of the root element, found without parsing; None when no element starts in the first 256 KiB.

    Only a hint, to tell one kind of file from another before the real parser is asked.
    """
    try:
        head = _ascii_compatible(data[:262_144])
    except MalformedXml:
        return None
    start = _after_prolog(head)
    if start is None or head[start : start + 2] == b"<!":
        return None
    end = start + 1
    while end < len(head) and head[end] not in b" \t\r\n/>":
        end += 1
    name = head[start + 1 : end].rpartition(b":")[2]
    return name.decode("utf-8", "replace") if name else None


def _ascii_compatible(data: bytes) -> bytes:
    """The same document in an encoding where the bytes `<!DOCTYPE` mean what they say."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            if encoding == "utf-8-sig":
                return data[len(bom) :]
            if encoding != "utf-16":
                raise MalformedXml(XmlReason.ENCODING, 1)
            try:
                text = data.decode("utf-16", "strict" if len(data) % 2 == 0 else "ignore")
            except UnicodeDecodeError:
                raise MalformedXml(XmlReason.ENCODING) from None
            return _without_declaration(text).encode("utf-8")
    if b"\x00" in data[:4]:
        raise MalformedXml(XmlReason.ENCODING, 1)
    declared = _declared_encoding(data)
    if declared is not None and declared.lower() not in _ASCII_COMPATIBLE:
        raise MalformedXml(XmlReason.ENCODING, 1)
    return data


def _without_declaration(text: str) -> str:
    if text.startswith("<?xml") and text[5:6].isspace():
        return text.partition("?>")[2]
    return text


def _declared_encoding(data: bytes) -> str | None:
    if not data.startswith(b"<?xml") or data[5:6] not in (b" ", b"\t", b"\r", b"\n"):
        return None
    declaration = data[: data.find(b"?>", 0, 1024) + 1]
    _, found, after = declaration.partition(b"encoding")
    if not found:
        return None
    value = after.lstrip(_SPACE).removeprefix(b"=").lstrip(_SPACE)
    quote = value[:1]
    if quote not in (b'"', b"'"):
        return ""
    return value[1:].partition(quote)[0].decode("ascii", "replace")


def _after_prolog(data: bytes) -> int | None:
    """Where the first markup that is neither a comment nor a processing instruction starts."""
    position = 0
    while position < len(data):
        if data[position] in _SPACE:
            position += 1
        elif data.startswith(b"<!--", position):
            end = data.find(b"-->", position + 4)
            if end < 0:
                return None
            position = end + 3
        elif data.startswith(b"<?", position):
            end = data.find(b"?>", position + 2)
            if end < 0:
                return None
            position = end + 2
        elif data[position] == 0x3C:
            return position
        else:
            return None
    return None


def _starts_with_doctype(data: bytes) -> bool:
    start = _after_prolog(data)
    return start is not None and data.startswith(b"<!", start)


def _refusal_of(error: etree.XMLSyntaxError) -> XmlRefused:
    line = error.lineno or 0
    words = (error.msg or "").lower()
    if "depth" in words:
        return UnsafeXml(XmlReason.TOO_DEEP, line)
    if "huge" in words or "too long" in words or "too big" in words:
        return UnsafeXml(XmlReason.TOO_BIG, line)
    if "entit" in words and "amplification" in words:
        return UnsafeXml(XmlReason.DOCTYPE, line)
    if "encoding" in words or "utf-8" in words:
        return MalformedXml(XmlReason.ENCODING, line)
    return MalformedXml(XmlReason.SYNTAX, line)
