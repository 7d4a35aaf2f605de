"""Names that people read: the subject of a mail with documents, the file name of a readable copy."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final

from carnet.domain.record.file_names import safe_file_name

SUBJECT_PREFIX: Final = "XDM/1.0/DDM+"
_MAX_LABEL: Final = 40


def xdm_subject(type_labels: Sequence[str], birth_family: str, first_given: str, birth_date: date | None = None) -> str:
    """`XDM/1.0/DDM+<label> <NAME> <given> [dd/mm/yyyy]` (ANS, Référentiel socle MSSanté #2, ECO.2.1.3).

    `type_labels` holds the label of each document's type: one is cut at 40 characters, several become their count.
    The birth name is in capitals without accents; the birth date is left out when unknown.
    """
    one = len(type_labels) == 1
    label = _one_line(type_labels[0])[:_MAX_LABEL].strip() if one else f"{len(type_labels)} documents"
    names = (label, plain_capitals(birth_family), _one_line(first_given))
    parts = [part for part in names if part]
    if birth_date is not None:
        parts.append(f"[{_day(birth_date)}]")
    return SUBJECT_PREFIX + " ".join(parts)


def pdf_name(document_date: date, type_label: str, birth_family: str, first_given: str, record_number: str = "") -> str:
    """`<yyyymmdd>_<type, 40 characters>_<NAME>_<given>[_<record number>].pdf` (same document, ECO.2.1.6)."""
    day = f"{document_date.year:04d}{document_date:%m%d}"
    label = _one_line(type_label)[:_MAX_LABEL].strip()
    parts = [day, label, plain_capitals(birth_family), _one_line(first_given), record_number]
    # A slash in a label separates words, it does not lead to a folder.
    name = "_".join(part for part in parts if part).replace("/", "-").replace("\\", "-")
    return safe_file_name(f"{name}.pdf", f"{day}.pdf")


def plain_capitals(name: str) -> str:
    """A name in capitals without accents, `Ève Nuñez-Œuvray` → `EVE NUNEZ-OEUVRAY`."""
    # Two letters in one do not decompose: Unicode keeps them whole.
    spelled = name.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    decomposed = unicodedata.normalize("NFD", spelled)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _one_line(bare.upper())


def _day(day: date) -> str:
    return f"{day:%d/%m}/{day.year:04d}"


def _one_line(text: str) -> str:
    """No line break can leave this module: it would end a mail header."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" or c.isspace() else "" for c in text)
    return " ".join(visible.split())
