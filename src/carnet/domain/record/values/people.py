"""Authors and legal authenticators, as XDS writes them: XCN for a person, XON for an institution."""

from dataclasses import dataclass, replace
from typing import Final

from carnet.domain.record.values import hl7_text
from carnet.domain.record.values.codes import Code
from carnet.domain.record.values.identifiers import INS_OIDS

# CI-SIS, Annexe "Identification": OIDs of PS_IdNat and Struct_IdNat.
PERSON_OID: Final = "1.2.250.1.71.4.2.1"
INSTITUTION_OID: Final = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote or answers for a document: a professional, a patient, or a system.

    `person_id_type` is IDNPS for a professional (EI for an internal number), RI for a system, NH for a patient.
    For a system, `family` holds the model and `given` the software. `others` keeps what a sender says more than
    once, as (slot name, text): a second institution, a second role.
    """

    person_id: str = ""
    family: str = ""
    given: str = ""
    institution_id: str = ""
    institution_name: str = ""
    role: str = ""
    specialty: Code | None = None
    person_id_system: str = PERSON_OID
    person_id_type: str = "IDNPS"
    institution_id_system: str = INSTITUTION_OID
    institution_id_type: str = "IDNST"
    others: tuple[tuple[str, str], ...] = ()

    @property
    def has_person(self) -> bool:
        """Whether a person or a system is named or numbered."""
        return bool(self.person_id or self.family or self.given)

    @property
    def has_institution(self) -> bool:
        """Whether an institution is named or numbered."""
        return bool(self.institution_id or self.institution_name)

    @property
    def is_system(self) -> bool:
        """Whether the author is a system rather than a person."""
        return self.person_id_type == "RI"

    @property
    def is_patient(self) -> bool:
        """Whether the author is identified by an INS."""
        return self.person_id_system in INS_OIDS

    @property
    def display_name(self) -> str:
        """`Prénom NOM`, the software of a system, or the institution when nobody is named."""
        if self.is_system and self.given:
            return self.given
        # A system that must fill both names writes a dot in the one it has no use for.
        name = " ".join(part for part in (self.given, self.family.upper()) if part.strip(".- "))
        return name or self.institution_name

    @property
    def display(self) -> str:
        """`Prénom NOM, institution`."""
        parts = [self.display_name, self.institution_name]
        return ", ".join(dict.fromkeys(part for part in parts if part))

    def with_xcn(self, text: str) -> "Author":
        """The same author with the person that an XCN names."""
        if "^" not in text:
            # A bare text is an identifier by the letter of the standard; senders who write only that mean a name.
            bare = hl7_text.unescape(text).strip()
            if any(character.isalpha() for character in bare) and not any(c.isdigit() for c in bare):
                return replace(self, person_id="", family=bare, given="", person_id_system="", person_id_type="")
        return replace(
            self,
            person_id=hl7_text.component(text, 1),
            family=hl7_text.component(text, 2),
            given=hl7_text.component(text, 3),
            person_id_system=hl7_text.authority_oid(hl7_text.raw_component(text, 9)),
            person_id_type=hl7_text.component(text, 13),
        )

    def with_xon(self, text: str) -> "Author":
        """The same author with the institution that an XON names."""
        identifier = hl7_text.component(text, 10) or hl7_text.component(text, 3)
        return replace(
            self,
            institution_id=identifier,
            institution_name=hl7_text.component(text, 1),
            institution_id_system=hl7_text.authority_oid(hl7_text.raw_component(text, 6)),
            institution_id_type=hl7_text.component(text, 7),
        )

    def to_xcn(self) -> str:
        """`id^family^given^^^^^^&oid&ISO^D^^^type`; "" when there is nobody. U replaces D for a system."""
        if not self.has_person:
            return ""
        name_type = "U" if self.is_system else "D"
        return hl7_text.join(
            {
                1: hl7_text.escape(self.person_id),
                2: hl7_text.escape(self.family),
                3: hl7_text.escape(self.given),
                9: hl7_text.authority(self.person_id_system),
                10: name_type,
                13: hl7_text.escape(self.person_id_type),
            }
        )

    def to_xon(self) -> str:
        """`name^^^^^&oid&ISO^type^^^id`; "" when there is no institution."""
        if not self.has_institution:
            return ""
        return hl7_text.join(
            {
                1: hl7_text.escape(self.institution_name),
                6: hl7_text.authority(self.institution_id_system),
                7: hl7_text.escape(self.institution_id_type),
                10: hl7_text.escape(self.institution_id),
            }
        )


def person_from_xcn(text: str) -> Author:
    """An author known by an XCN alone, such as a legal authenticator."""
    return Author(institution_id_system="", institution_id_type="").with_xcn(text)


def read_specialty(text: str) -> Code | None:
    """A specialty, `code^label^oid`, or a bare label; None when empty."""
    code, label = hl7_text.component(text, 1), hl7_text.component(text, 2)
    system = hl7_text.component(text, 3).removeprefix("urn:oid:")
    if "^" not in text:
        code, label = "", code
    return Code(code, system, label) if code or label else None


def write_specialty(specialty: Code) -> str:
    """`code^label^oid`, or the bare label when there is no code."""
    if not specialty.code and not specialty.system:
        return hl7_text.escape(specialty.label)
    parts = (specialty.code, specialty.label, specialty.system)
    return "^".join(hl7_text.escape(part) for part in parts)
