"""Who writes for whom: the line under a message that a representative or a carer writes (Mon espace santé)."""

from enum import StrEnum


class WritesAs(StrEnum):
    """What the writer is to the person whose space the message leaves."""

    HOLDER = "holder"
    REPRESENTATIVE = "representative"
    CARER = "carer"


_LINES = {
    (WritesAs.REPRESENTATIVE, "fr"): "Message écrit par {writer}, qui représente {holder}.",
    (WritesAs.CARER, "fr"): "Message écrit par {writer}, qui aide {holder}.",
    (WritesAs.REPRESENTATIVE, "en"): "Message written by {writer}, who represents {holder}.",
    (WritesAs.CARER, "en"): "Message written by {writer}, who helps {holder}.",
}


def signature_line(writes_as: WritesAs, *, writer: str, holder: str, language: str = "fr") -> str:
    """The line that names who writes for whom; empty when the holder writes. French for any language but English."""
    if writes_as is WritesAs.HOLDER:
        return ""
    words = _LINES[writes_as, "en" if language.startswith("en") else "fr"]
    return words.format(writer=_one_line(writer), holder=_one_line(holder))


def signed(text: str, line: str) -> str:
    """The text with its signature line after the usual delimiter, once: a text that ends with it is left alone."""
    if not line or text.rstrip().endswith(f"-- \n{line}"):
        return text
    return f"{text.rstrip()}\n\n-- \n{line}" if text.strip() else f"-- \n{line}"


def _one_line(name: str) -> str:
    """A name as one line: what somebody chose as a name never writes a line of its own."""
    return " ".join(name.split())
