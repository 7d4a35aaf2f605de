"""A discharge letter of the sandbox's hospital: a PDF, and the clinical document (CDA R2 level 1) that wraps it."""

from dataclasses import dataclass
from datetime import datetime

import typst

from carnet.domain.nomenclature import oids
from carnet.domain.record.cda import Organization, PatientTraits
from carnet.domain.record.cda.writing import LevelOne, write_level_one
from carnet.domain.record.values import Author, Code, PatientId
from carnet.foundation.ids import new_id
from carnet.sandbox.cast import Holder

_PAGE = """
#set document(title: "{title}")
#set page(paper: "a4", margin: 25mm)
#set text(lang: "fr", size: 11pt)
#set par(justify: true, leading: 0.75em)
#text(size: 9pt, fill: rgb("#555555"))[Centre hospitalier Saint-Aubin · Chirurgie orthopédique \\ Document de démonstration : personne et établissement inventés]
#v(8mm)
= {title}
#v(4mm)
*Patiente :* {patient}, née le {birth_date} \\
*Hospitalisation :* du {admitted} au {left}
#v(4mm)
Madame,

Vous avez été opérée de la hanche droite le {admitted}. L'intervention et ses suites ont été simples. Vous marchez avec
deux cannes et montez un étage.

*À la maison.* Marchez chaque jour, un peu plus longtemps chaque fois. Gardez le pansement au sec ; l'infirmière passe tous
les deux jours. Prenez les médicaments de l'ordonnance jointe.

*Appelez-nous* ou écrivez-nous depuis votre espace de santé si la cicatrice coule, si la douleur augmente ou si vous avez
de la fièvre. En cas d'urgence, composez le 15 ou le 112.

*Rendez-vous de contrôle* dans six semaines, avec une radiographie.

#v(8mm)
#align(right)[Dr Hélène Vasseur \\ Chirurgie orthopédique]
"""


@dataclass(frozen=True)
class Letter:
    """A letter ready to be sent: its title, its PDF, its CDA, and the LOINC code of its type."""

    title: str
    pdf: bytes
    cda: bytes
    code: str = "11490-0"


def discharge_letter(patient: Holder, admitted: datetime, left: datetime) -> Letter:
    """The letter that the patient gets when she leaves the orthopaedics ward."""
    title = "Lettre de liaison à la sortie de l’hôpital"
    born = ".".join(reversed(patient.birth_date.split("-")))
    name = f"{patient.given_names.split()[0].title()} {patient.birth_name}"
    page = _PAGE.format(
        title=title, patient=name, birth_date=born, admitted=f"{admitted:%d.%m.%Y}", left=f"{left:%d.%m.%Y}"
    )
    pdf = typst.compile(page.encode(), format="pdf", pdf_standards="a-1b")
    return Letter(title, pdf, _cda(patient, title, pdf, admitted, left))


def _cda(patient: Holder, title: str, pdf: bytes, admitted: datetime, left: datetime) -> bytes:
    """The clinical document, signed by the surgeon for her hospital."""
    hospital = Organization("1519999015", oids.STRUCTURE, "Centre hospitalier Saint-Aubin")
    header = LevelOne(
        unique_id=f"2.25.{new_id().int}",
        code=Code("11490-0", oids.LOINC, "Lettre de liaison à la sortie d'un établissement de soins"),
        title=title,
        created_at=left,
        service_start=admitted,
        service_stop=left,
        act=Code("NEKA020", oids.CCAM, "Remplacement de l'articulation de la hanche"),
        patient_id=PatientId(patient.ins, patient.oid.value),
        patient=PatientTraits(
            birth_family=patient.birth_name,
            birth_given=patient.given_names.split()[0],
            birth_given_names=patient.given_names,
            birth_date=patient.birth_date.replace("-", ""),
            sex=patient.sex,
            birth_place_code=patient.birth_place,
        ),
        author=Author(
            person_id="899700218920",
            family="VASSEUR",
            given="Hélène",
            institution_id=hospital.identifier,
            institution_name=hospital.name,
            specialty=Code("G15_10/SM04", oids.TRE_G15_PROFESSION, "Médecin - Chirurgie orthopédique"),
        ),
        author_title="DR",
        custodian=hospital,
        practice_setting=Code("ETABLISSEMENT", oids.TRE_A01_PRACTICE_SETTING, "Etablissement de santé"),
        facility_type=Code("SA01", oids.TRE_R02_SECTOR, "Etablissement public de santé"),
    )
    return write_level_one(header, pdf)
