"""The patient whom a professional has chosen to write to or about."""

from dataclasses import dataclass
from datetime import date

from carnet.domain.identity.values import Ins


@dataclass(frozen=True, repr=False)
class FoundPatient:
    """Whom a professional found, and how: ``insi`` (by traits), ``typed``, ``datamatrix`` or ``thread``.

    ``oid`` is the authority of the INS; names are those of the register, empty when only the INS was typed;
    ``birth_place`` a code of five characters or empty. ``insi_agrees``: the INSi service gave this identity or
    confirmed it. ``verified``: the professional said that they checked it on an identity document, so that a first
    message may be written (ANS, Référentiel socle MSSanté #2, ECO.2.2.6: only with a qualified INS).
    """

    ins: str
    oid: str
    birth_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: str = ""
    birth_place: str = ""
    how: str = "typed"
    verified: bool = False
    insi_agrees: bool = False

    def __repr__(self) -> str:
        """Without the identity: a repr ends in logs and traces."""
        return "FoundPatient(…)"

    @property
    def first_given_name(self) -> str:
        return self.given_names.partition(" ")[0]

    @property
    def name(self) -> str:
        """« Dominique PAT-TROIS »; empty when only the INS is known."""
        first = "-".join(part.capitalize() for part in self.first_given_name.split("-"))
        return f"{first} {self.birth_name}".strip()

    @property
    def may_be_named(self) -> bool:
        """Whether a document can name them: it needs their name, given names and date of birth."""
        return bool(self.birth_name and self.given_names and self.birth_date)

    @property
    def ins_display(self) -> str:
        """The INS in groups, as people read it: ``2 79 03 51 215 189 89``."""
        return Ins(self.ins, check_key=False).display
