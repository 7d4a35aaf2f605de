"""From bytes to the ClinicalDocument element, and small readers of CDA data types."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lxml import etree

from carnet.domain.record.values import Code, parse_ts
from carnet.domain.record.xml_safety import parse_xml

Element = etree._Element

HL7: Final = "{urn:hl7-org:v3}"
_CONTENT: Final = "{urn:asip-sante:ci-sis}Contenu"
_STYLESHEET: Final = "{http://www.w3.org/1999/XSL/Transform}stylesheet"
_ROOT: Final = f"{HL7}ClinicalDocument"


class NotCda(ValueError):
    """Well-formed XML in which no clinical document was found where one belongs."""

    def __init__(self) -> None:
        super().__init__("The XML document is not an HL7 CDA R2 clinical document.")


def clinical_document(data: bytes) -> tuple[Element, bool]:
    """The ClinicalDocument element, and whether the file is self-presenting.

    A self-presenting file (CI-SIS, Structuration minimale, "document auto-présentable") is an XSLT stylesheet that
    carries the document in `Contenu`; the stylesheet itself is never run. Raises XmlRefused or NotCda.
    """
    root = parse_xml(data)
    if root.tag == _ROOT:
        return root, False
    if root.tag == _STYLESHEET:
        inner = root.find(f"{_CONTENT}/{_ROOT}")
        if inner is not None:
            return inner, True
    raise NotCda


def child(element: Element | None, path: str) -> Element | None:
    """The first descendant by a path of local names in the CDA namespace, `a/b/c`."""
    if element is None:
        return None
    return element.find("/".join(HL7 + name for name in path.split("/")))


def children(element: Element | None, path: str) -> list[Element]:
    """All descendants by such a path."""
    if element is None:
        return []
    return element.findall("/".join(HL7 + name for name in path.split("/")))


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element | None) -> str:
    """All the text inside an element, with runs of white space made one space."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def attribute(element: Element | None, name: str) -> str:
    """An attribute trimmed, "" when the element or the attribute is absent."""
    return (element.get(name) or "").strip() if element is not None else ""


def identifier(element: Element | None) -> tuple[str, str]:
    """The (root, extension) of an II; empty when it has a null flavour."""
    return attribute(element, "root"), attribute(element, "extension")


def code_of(element: Element | None) -> Code | None:
    """A coded value, None when it has no code."""
    code = attribute(element, "code")
    if not code:
        return None
    return Code(code, attribute(element, "codeSystem"), attribute(element, "displayName"))


def time_of(element: Element | None) -> datetime | None:
    """The `value` of a TS in UTC; None when absent, null or not a time."""
    value = attribute(element, "value")
    if not value:
        return None
    try:
        return parse_ts(value)
    except ValueError:
        return None


def period_of(element: Element | None) -> tuple[datetime | None, datetime | None]:
    """Start and end of an IVL_TS; a plain value is a start."""
    start = time_of(child(element, "low")) or time_of(element)
    return start, time_of(child(element, "high"))


def descendants(element: Element, *names: str) -> Iterator[Element]:
    """Every descendant with one of these local names in the CDA namespace."""
    yield from element.iter(*(HL7 + name for name in names))
