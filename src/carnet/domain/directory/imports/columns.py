"""The two public extractions told apart by their header, and their columns found by name.

ANS, Annuaire Santé, « Extractions en libre accès »: UTF-8 text, fields between ``|``, one header line. Columns come and
go, and the writing of their names changes (accents, capitals, « coord. structure »), so a rank or an exact name would
not last.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_COLUMNS = 200

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")


class Extraction(StrEnum):
    """Which extraction a file is."""

    ACTIVITY = "activity"
    """PS_LibreAcces_Personne_activite: professionals, their activities and the structures of these."""
    MAILBOXES = "mailboxes"
    """Extraction_Correspondance_MSSante: the published mailboxes."""


class NotAnExtraction(ValueError):
    """A file that is neither of the two extractions; the message says what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: our name, its folded names in the files, most characters, whether it must be there."""

    name: str
    written: tuple[str, ...]
    longest: int
    required: bool = False
    free_text: bool = False
    """Free text beyond the limit is cut; a code or number beyond it makes the line a bad one."""


def fold(written: str) -> str:
    """The name of a column without accents, capitals, spaces and signs: « Libellé Voie (coord. structure) » becomes
    ``libellevoiecoordstructure``."""
    plain = unicodedata.normalize("NFKD", written.replace("œ", "oe")).encode("ascii", "ignore").decode().lower()
    return _NOT_ALPHANUMERIC.sub("", plain)


def _text(name: str, *written: str, longest: int = 200) -> Column:
    return Column(name, written, longest, free_text=True)


def _code(name: str, *written: str, longest: int = 10, required: bool = False) -> Column:
    return Column(name, written, longest, required)


ACTIVITY_COLUMNS = (
    _code("id_type", "typedidentifiantpp", longest=2),
    _code("id_number", "identifiantpp", longest=64, required=True),
    _code("id_nat", "identificationnationalepp", longest=64),
    _code("title", "codecivilitedexercice", "codeciviliteexercice"),
    _code("civility", "codecivilite"),
    _text("family_name", "nomdexercice", longest=100),
    _text("given_name", "prenomdexercice", longest=100),
    _code("profession", "codeprofession", required=True),
    _code("category", "codecategorieprofessionnelle", longest=5),
    _code("skill_type", "codetypesavoirfaire"),
    _code("skill", "codesavoirfaire", longest=20),
    _code("mode", "codemodeexercice"),
    _code("siret", "numerosiretsite", longest=14),
    _code("siren", "numerosirensite", longest=9),
    _code("finess", "numerofinesssite", longest=9),
    _code("finess_ej", "numerofinessetablissementjuridique", longest=9),
    _code("technical_id", "identifianttechniquedelastructure", longest=64, required=True),
    _code("old_id", "ancienidentifiantdelastructure", longest=64),
    _text("name", "raisonsocialesite"),
    _text("trade_name", "enseignecommercialesite"),
    _text("complement", "complementdestinatairecoordstructure"),
    _text("point", "complementpointgeographiquecoordstructure"),
    _text("number", "numerovoiecoordstructure", longest=20),
    _text("repeat", "indicerepetitionvoiecoordstructure", longest=20),
    _text("street_type", "libelletypedevoiecoordstructure", "codetypedevoiecoordstructure", longest=60),
    _text("street", "libellevoiecoordstructure"),
    _text("mention", "mentiondistributioncoordstructure"),
    _text("routing", "bureaucedexcoordstructure"),
    _text("postal_code", "codepostalcoordstructure", longest=10),
    _code("insee", "codecommunecoordstructure", longest=5),
    _text("city", "libellecommunecoordstructure", longest=100),
    _code("country", "codepayscoordstructure", longest=5),
    _text("phone", "telephonecoordstructure", longest=40),
    _text("phone2", "telephone2coordstructure", longest=40),
    _text("fax", "telecopiecoordstructure", longest=40),
    _text("email", "adresseemailcoordstructure", longest=254),
    _code("department", "codedepartementcoordstructure", "codedepartementstructure", longest=3),
    _code("sector", "codesecteurdactivite"),
    _code("section", "codesectiontableaupharmaciens"),
    _code("function", "codefonction", "coderole", longest=20),
    _code("genre", "codegenredactivite", longest=20),
)
ACTIVITY_LABELS = {
    "TRE_G15-ProfessionSante": ("profession", ("libelleprofession",)),
    "TRE_R38-SpecialiteOrdinale": ("skill", ("libellesavoirfaire",)),
    "TRE_R23-ModeExercice": ("mode", ("libellemodeexercice",)),
    "TRE_R02-SecteurActivite": ("sector", ("libellesecteurdactivite",)),
    "TRE_R21-Fonction": ("function", ("libellefonction",)),
    "TRE_R22-GenreActivite": ("genre", ("libellegenredactivite",)),
}

MAILBOX_COLUMNS = (
    _code("kind", "typedebal", required=True),
    _code("address", "adressebal", longest=1000, required=True),
    _code("id_type", "typeidentifiantpp", longest=30),
    _code("id_number", "identifiantpp", longest=64, required=True),
    _code("id_nat", "identificationnationalepp", longest=64),
    _code("structure_type", "typeidentifiantstructure", longest=60),
    _code("structure_id", "identificationstructure", longest=64, required=True),
    _text("service", "servicederattachement"),
    _text("title", "civilitedexercice", longest=20),
    _text("family_name", "nomdexercice", longest=100),
    _text("given_name", "prenomdexercice", longest=100),
    _code("category", "categorieprofession", longest=5),
    _code("profession", "codeprofession"),
    _code("skill", "codesavoirfaire", longest=20),
    _code("paperless", "dematerialisation", longest=10),
    _text("name", "raisonsocialestructurebal"),
    _text("trade_name", "enseignecommercialestructurebal"),
    _text("complement", "l2complementlocalisationstructurebal", "l2complementlocalisation"),
    _text("point", "l3complementdistributionstructurebal", "l3complementdistribution"),
    _text("number", "l4numerovoiestructurebal", "l4numerovoie", longest=20),
    _text("repeat", "l4complementnumerovoiestructurebal", "l4complementnumerovoie", longest=20),
    _text("street_type", "nl4typevoiestructurebal", "l4typevoiestructurebal", "nl4typevoie", longest=60),
    _text("street", "l4libellevoiestructurebal", "l4libellevoie"),
    _text("mention", "l5lieuditmentionstructurebal", "l5lieuditmention"),
    _text("routing", "l6ligneacheminementstructurebal", "l6ligneacheminement"),
    _text("postal_code", "codepostalstructurebal", "codepostal", longest=10),
    _text("department", "departementstructurebal", "departement", longest=60),
    _text("country", "paysstructurebal", "pays", longest=60),
)
MAILBOX_LABELS = {
    "TRE_G15-ProfessionSante": ("profession", ("libelleprofession",)),
    "TRE_R38-SpecialiteOrdinale": ("skill", ("libellesavoirfaire",)),
}
_COLUMNS = {Extraction.ACTIVITY: ACTIVITY_COLUMNS, Extraction.MAILBOXES: MAILBOX_COLUMNS}
_LABELS = {Extraction.ACTIVITY: ACTIVITY_LABELS, Extraction.MAILBOXES: MAILBOX_LABELS}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of one file are: ``places`` by our name (absent: the file has no such column), ``labels`` as
    ``(list, our name of its code, place of its label)``, ``width`` columns in all."""

    extraction: Extraction
    places: dict[str, int]
    labels: tuple[tuple[str, str, int], ...]
    width: int


def read_header(header: Sequence[str]) -> Layout:
    """The layout that a header line announces; raises ``NotAnExtraction``."""
    while header and not header[-1].strip():
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        raise NotAnExtraction(f"the first line has {len(header)} columns: more than any extraction")
    places: dict[str, int] = {}
    for rank, written in enumerate(header):
        places.setdefault(fold(written), rank)
    by_kind = {
        extraction: [column for column in columns if column.required and _place(column.written, places) is None]
        for extraction, columns in _COLUMNS.items()
    }
    extraction, missing = min(by_kind.items(), key=lambda item: len(item[1]))
    if missing:
        raise NotAnExtraction(
            f"the first line names neither extraction: as {extraction} it lacks "
            + ", ".join(f"« {column.written[0]} »" for column in missing)
        )
    found = {column.name: _place(column.written, places) for column in _COLUMNS[extraction]}
    labels = [
        (code_list, name, place)
        for code_list, (name, written) in _LABELS[extraction].items()
        if (place := _place(written, places)) is not None and found[name] is not None
    ]
    return Layout(
        extraction,
        {name: place for name, place in found.items() if place is not None},
        tuple(labels),
        len(header),
    )


def columns_of(extraction: Extraction) -> tuple[Column, ...]:
    """The columns that are read of an extraction, in the order in which ``lines`` gives their values."""
    return _COLUMNS[extraction]


def _place(written: tuple[str, ...], places: dict[str, int]) -> int | None:
    return next((places[name] for name in written if name in places), None)
