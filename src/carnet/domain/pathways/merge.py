"""Merge fields of templates: ``{{prenom}}`` and the like, from a closed list and the template's own columns.

Substitution is plain and made in one pass: what a value holds is never read as a field, and a message is made from the
values of its own line alone.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum

_FIELD = re.compile(r"\{\{([^{}\n]{0,80})\}\}")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_MAX_COLUMN = 40
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


class Field(StrEnum):
    """The merge fields that every template has. The last two are the mailbox's and the establishment's names."""

    BIRTH_NAME = "nom_naissance"
    GIVEN_NAME = "prenom"
    CIVILITY = "civilite"
    START = "date_entree"
    END = "date_sortie"
    APPOINTMENT = "date_rdv"
    APPOINTMENT_TIME = "heure_rdv"
    SERVICE = "service"
    MAILBOX = "boite"
    ESTABLISHMENT = "etablissement"


FIELDS: tuple[Field, ...] = tuple(Field)

INS = "ins"
OID = "oid"
STAY = "numero_sejour"
CANCELLED = "annule"

KNOWN_COLUMNS: dict[str, tuple[str, ...]] = {
    INS: ("matricule_ins", "matricule", "nir", "ins_matricule", "numero_ins"),
    OID: ("ins_oid", "oid_ins"),
    Field.BIRTH_NAME.value: ("nom_de_naissance", "nom", "birth_name"),
    Field.GIVEN_NAME.value: ("premier_prenom", "prenoms", "prenom_de_naissance", "given_name"),
    Field.CIVILITY.value: ("titre", "title"),
    STAY: ("sejour", "no_sejour", "n_sejour", "num_sejour", "iep", "stay"),
    Field.START.value: ("entree", "debut", "date_debut", "date_d_entree", "stay_start"),
    Field.END.value: ("sortie", "fin", "date_fin", "date_de_sortie", "stay_end"),
    Field.APPOINTMENT.value: ("rdv", "rendez_vous", "date_rendez_vous", "date_du_rendez_vous", "date_du_rdv"),
    Field.APPOINTMENT_TIME.value: ("heure", "heure_rendez_vous", "heure_du_rendez_vous", "heure_du_rdv"),
    Field.SERVICE.value: ("unite", "uf", "libelle_service"),
    CANCELLED: ("annulation", "sejour_annule", "cancelled"),
}
"""The columns that are known, each with other headings that hospital extracts give them (plain: see `column_name`)."""


class MissingValue(ValueError):
    """A field has no value for this line; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no value for {name}")
        self.name = name


def column_name(heading: str) -> str:
    """The plain form of a heading or a field: small letters without accents, digits, `_` between; may be empty."""
    decomposed = unicodedata.normalize("NFKD", heading.casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _NOT_PLAIN.sub("_", letters).strip("_")[:_MAX_COLUMN].strip("_")


def fields_of(text: str) -> tuple[str, ...]:
    """The plain names of the fields of a text, in their order, once each."""
    return tuple(dict.fromkeys(column_name(match[1]) for match in _FIELD.finditer(text)))


def is_broken(text: str) -> bool:
    """Whether a text holds braces that make no field: `{{prenom`, `prenom}}`, `{{}}`."""
    if any(not column_name(match[1]) for match in _FIELD.finditer(text)):
        return True
    rest = _FIELD.sub("", text)
    return "{{" in rest or "}}" in rest


def render(text: str, values: Mapping[str, str]) -> str:
    """The text with the value of each field in its place, in one pass; raises `MissingValue`."""

    def value(match: re.Match[str]) -> str:
        name = column_name(match[1])
        found = values.get(name, "")
        if not found:
            raise MissingValue(name)
        return found

    return _FIELD.sub(value, text)


def day_in_words(day: date) -> str:
    """A day as people say it in French: `lundi 3 mars 2026`.

    >>> day_in_words(date(2026, 5, 1))
    'vendredi 1er mai 2026'
    """
    number = "1er" if day.day == 1 else str(day.day)
    return f"{_DAYS[day.weekday()]} {number} {_MONTHS[day.month - 1]} {day.year}"


def hour_in_words(hour: time | datetime) -> str:
    """A time as people write it in French, with spaces that do not break: `14 h 30`, `9 h`."""
    minutes = f"\u00a0{hour.minute:02d}" if hour.minute else ""
    return f"{hour.hour}\u00a0h{minutes}"
