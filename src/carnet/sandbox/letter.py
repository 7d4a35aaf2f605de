"""A discharge letter of the sandbox's hospital: a PDF, and the clinical document (CDA R2 level 1) that wraps it."""

import base64
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

import typst

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
    pdf = typst.compile(page.encode(), format="pdf")
    return Letter(title, pdf, _cda(patient, title, pdf, admitted, left))


def _cda(patient: Holder, title: str, pdf: bytes, admitted: datetime, left: datetime) -> bytes:
    """The clinical document, with the header that the CI-SIS asks for (Structuration minimale de documents de santé)."""
    unique = f"2.25.{new_id().int}"
    given = "".join(f"<given>{escape(name)}</given>" for name in patient.given_names.split())
    when = f"{left:%Y%m%d%H%M%S}+0000"
    organization = """<representedOrganization>
          <id root="1.2.250.1.71.4.2.2" extension="1519999015"/><name>Centre hospitalier Saint-Aubin</name>
          <standardIndustryClassCode code="ETABLISSEMENT" displayName="Etablissement de santé" codeSystem="1.2.250.1.213.1.1.4.9"/>
        </representedOrganization>"""
    surgeon = f"""<id root="1.2.250.1.71.4.2.1" extension="899700218920"/>
        <code code="G15_10/SM04" displayName="Médecin - Chirurgie orthopédique" codeSystem="1.2.250.1.213.1.1.4.5"/>
        <assignedPerson><name><family>VASSEUR</family><given>Hélène</given><prefix>DR</prefix></name></assignedPerson>
        {organization}"""
    sex = {"F": "Féminin", "M": "Masculin"}[patient.sex]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <id root="{unique}"/>
  <code code="11490-0" displayName="Lettre de liaison à la sortie d'un établissement de soins" codeSystem="2.16.840.1.113883.6.1"/>
  <title>{escape(title)}</title>
  <effectiveTime value="{when}"/>
  <confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/>
  <setId root="{unique}"/>
  <versionNumber value="1"/>
  <recordTarget><patientRole>
    <id root="{patient.oid.value}" extension="{patient.ins}"/>
    <patient>
      <name><family qualifier="BR">{escape(patient.birth_name)}</family>{given}</name>
      <administrativeGenderCode code="{patient.sex}" displayName={quoteattr(sex)} codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="{patient.birth_date.replace("-", "")}"/>
      <birthplace><place><addr><county>{patient.birth_place}</county></addr></place></birthplace>
    </patient>
  </patientRole></recordTarget>
  <author><time value="{when}"/><assignedAuthor>{surgeon}</assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id root="1.2.250.1.71.4.2.2" extension="1519999015"/><name>Centre hospitalier Saint-Aubin</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <legalAuthenticator><time value="{when}"/><signatureCode code="S"/><assignedEntity>{surgeon}</assignedEntity></legalAuthenticator>
  <documentationOf><serviceEvent>
    <code code="NEKA020" displayName="Remplacement de l'articulation de la hanche" codeSystem="1.2.250.1.213.2.5"/>
    <effectiveTime><low value="{admitted:%Y%m%d%H%M%S}+0000"/><high value="{when}"/></effectiveTime>
    <performer typeCode="PRF"><assignedEntity>{surgeon}</assignedEntity></performer>
  </serviceEvent></documentationOf>
  <componentOf><encompassingEncounter>
    <effectiveTime><low value="{admitted:%Y%m%d%H%M%S}+0000"/><high value="{when}"/></effectiveTime>
    <location><healthCareFacility><code code="SA01" displayName="Etablissement public de santé" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location>
  </encompassingEncounter></componentOf>
  <component><nonXMLBody><text mediaType="application/pdf" representation="B64">{base64.b64encode(pdf).decode()}</text></nonXMLBody></component>
</ClinicalDocument>
""".encode()
