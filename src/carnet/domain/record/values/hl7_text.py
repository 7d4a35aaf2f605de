"""HL7 v2 components as XDS metadata carry them (IHE ITI TF-3 §4.2.3.1.7: CX, XCN, XON, with HL7 v2.5 §2.7 escapes)."""

from typing import Final

_ESCAPES: Final = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_UNESCAPES: Final = {escape: character for character, escape in _ESCAPES.items()}


def escape(text: str) -> str:
    """`text` with the HL7 delimiters written as escape sequences."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def unescape(text: str) -> str:
    """`text` with the five delimiter escapes read; any other backslash is left as it came."""
    if "\\" not in text:
        return text
    parts: list[str] = []
    position = 0
    while position < len(text):
        character = _UNESCAPES.get(text[position : position + 3])
        if character is None:
            parts.append(text[position])
            position += 1
        else:
            parts.append(character)
            position += 3
    return "".join(parts)


def component(text: str, number: int) -> str:
    """Component `number` (counted from 1) of `text`, unescaped and trimmed; "" when absent."""
    return unescape(raw_component(text, number)).strip()


def raw_component(text: str, number: int) -> str:
    """Component `number` (counted from 1) as written, for those that hold subcomponents."""
    parts = text.split("^")
    return parts[number - 1] if number <= len(parts) else ""


def authority_oid(text: str) -> str:
    """The OID of an assigning authority, `&1.2.3&ISO`, or a bare OID as some senders write it; "" when absent."""
    parts = text.split("&")
    oid = parts[1] if len(parts) > 1 else parts[0]
    return unescape(oid).strip().removeprefix("urn:oid:")


def authority(oid: str) -> str:
    """An assigning authority known by its OID alone."""
    return f"&{escape(oid)}&ISO" if oid else ""


def join(components: dict[int, str]) -> str:
    """A composite from its components by number (from 1), already escaped; trailing empty ones are left out."""
    last = max((number for number, text in components.items() if text), default=0)
    return "^".join(components.get(number, "") for number in range(1, last + 1))
