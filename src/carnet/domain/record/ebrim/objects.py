"""Reading one registry object: slots, names, classifications and external identifiers, whatever their order."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from carnet.domain.record.ebrim.schemes import RIM, RIM_2_1
from carnet.domain.record.values import Code

Element = etree._Element

_NAMESPACES: Final = (RIM, RIM_2_1)


def tags(name: str) -> tuple[str, ...]:
    """The qualified tags of an ebRIM element in the versions that are read."""
    return tuple(f"{{{namespace}}}{name}" for namespace in _NAMESPACES)


def children(element: Element, name: str) -> Iterator[Element]:
    """The children with this ebRIM name."""
    return element.iterchildren(*tags(name))


def slots(element: Element) -> dict[str, list[str]]:
    """Slot values by name, trimmed, empty ones left out; a slot written twice is read as one."""
    found: dict[str, list[str]] = {}
    for slot in children(element, "Slot"):
        values = found.setdefault((slot.get("name") or "").strip(), [])
        for value_list in children(slot, "ValueList"):
            texts = ("".join(value.itertext()).strip() for value in children(value_list, "Value"))
            values += [text for text in texts if text]
    return found


def localized(element: Element, name: str) -> str:
    """The text of a Name or a Description: the first localized string that has one."""
    for holder in children(element, name):
        for string in children(holder, "LocalizedString"):
            value = (string.get("value") or "").strip()
            if value:
                return value
    return ""


def classifications(element: Element) -> Iterator[tuple[str, Element]]:
    """(scheme, classification) pairs."""
    for found in children(element, "Classification"):
        yield scheme(found.get("classificationScheme")), found


def nodes(element: Element) -> set[str]:
    """The classification nodes that say what kind of package this is."""
    return {scheme(found.get("classificationNode")) for found in children(element, "Classification")}


def code_of(classification: Element) -> Code:
    """The coded value of a classification."""
    values = slots(classification).get("codingScheme", [])
    code = (classification.get("nodeRepresentation") or "").strip()
    system = values[0].removeprefix("urn:oid:") if values else ""
    return Code(code, system, localized(classification, "Name"))


def identifiers(element: Element) -> dict[str, str]:
    """External identifiers by scheme; the first one wins."""
    found: dict[str, str] = {}
    for external in children(element, "ExternalIdentifier"):
        value = (external.get("value") or "").strip()
        found.setdefault(scheme(external.get("identificationScheme")), value)
    return found


def scheme(text: str | None) -> str:
    """A scheme's URN in lower case and without the blanks that some published samples have inside."""
    return "".join((text or "").split()).lower()
