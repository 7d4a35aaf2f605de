"""Names that people read: those of persons in plain capitals, the file name of a readable copy."""

import unicodedata
from datetime import date
from typing import Final

from carnet.domain.record.file_names import safe_file_name

MAX_LABEL: Final = 40
"""Characters that a document's label has in a name or a subject (ANS, Référentiel socle MSSanté #2, ECO.2.1.3, .6)."""


def pdf_name(document_date: date, type_label: str, birth_family: str, first_given: str, record_number: str = "") -> str:
    """`<yyyymmdd>_<type, 40 characters>_<NAME>_<given>[_<record number>].pdf` (same document, ECO.2.1.6)."""
    day = f"{document_date.year:04d}{document_date:%m%d}"
    label = on_one_line(type_label)[:MAX_LABEL].strip()
    parts = [day, label, plain_capitals(birth_family), on_one_line(first_given), record_number]
    # A slash in a label separates words, it does not lead to a folder.
    name = "_".join(part for part in parts if part).replace("/", "-").replace("\\", "-")
    return safe_file_name(f"{name}.pdf", f"{day}.pdf")


def plain_capitals(name: str) -> str:
    """A name in capitals without accents, `Ève Nuñez-Œuvray` → `EVE NUNEZ-OEUVRAY`."""
    # Two letters in one do not decompose: Unicode keeps them whole.
    spelled = name.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    decomposed = unicodedata.normalize("NFD", spelled)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return on_one_line(bare.upper())


def on_one_line(text: str) -> str:
    """No line break can leave this module: it would end a mail header."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" or c.isspace() else "" for c in text)
    return " ".join(visible.split())
