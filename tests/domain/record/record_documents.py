"""Documents for the tests of the record: small ones made here, and those published by others where they are present."""

import base64
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TEST_INS = "279035121518989"
TEST_OID = "1.2.250.1.213.1.4.10"


def sample_parameters(folder: str, pattern: str) -> list:
    """One test parameter a published file; one skipped parameter, with the reason, when they are not here."""
    found = sorted((SAMPLES / folder).rglob(pattern)) if SAMPLES.is_dir() else []
    if not found:
        reason = f"published samples are not at ../shared/samples/{folder} beside the repository"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    return [pytest.param(path, id=str(path.relative_to(SAMPLES / folder))) for path in found]


def cda_document(
    body: str | None = None,
    ins: str = TEST_INS,
    unique_id: str = "1.2.250.1.213.1.1.9.77.1",
    related: str = "",
    title: str = "Compte rendu d’essai",
    ins_oid: str = TEST_OID,
) -> bytes:
    """A short clinical document; `body` is what its component holds, a PDF by default."""
    pdf = base64.b64encode(PDF).decode()
    default = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{pdf}</text></nonXMLBody>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <id root="{unique_id}"/>
  <code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="Consultation"/>
  <title>{title}</title>
  <effectiveTime value="20260301101500+0100"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/>
  <setId root="1.2.250.1.213.1.1.9.77"/><versionNumber value="1"/>
  <recordTarget><patientRole>
    <id extension="{ins}" root="{ins_oid}"/><id extension="IPP-7" root="1.2.3.4.5"/>
    <patient><name><family qualifier="BR">D’ESSAI</family><given qualifier="BR">ÈVE</given>
      <family qualifier="CL">USAGE</family></name>
      <administrativeGenderCode code="F"/><birthTime value="19790328"/></patient>
  </patientRole></recordTarget>
  <author><functionCode code="ATTPHYS" displayName="Correspondant"/><assignedAuthor>
    <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
    <code code="G15_10/SM26" displayName="Médecin généraliste" codeSystem="1.2.250.1.213.1.1.4.5"/>
    <assignedPerson><name><given>Paule</given><family>Modèle</family></name></assignedPerson>
    <representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
      <name>Cabinet A &amp; B</name></representedOrganization>
  </assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization><name>Cabinet A &amp; B</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <legalAuthenticator><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
    <assignedPerson><name><given>Paule</given><family>Modèle</family></name></assignedPerson>
  </assignedEntity></legalAuthenticator>
  <documentationOf><serviceEvent><code code="QZQM001" codeSystem="1.2.250.1.213.2.5"/>
    <effectiveTime><low value="20260301"/><high value="20260301110000+0100"/></effectiveTime>
    <performer><assignedEntity><representedOrganization><standardIndustryClassCode code="AMBULATOIRE"
      codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization></assignedEntity></performer>
  </serviceEvent></documentationOf>
  {related}
  <componentOf><encompassingEncounter><location><healthCareFacility>
    <code code="SA07" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location>
  </encompassingEncounter></componentOf>
  <component>{body if body is not None else default}</component>
</ClinicalDocument>""".encode()


def narrative_document(text: str, entries: str = "", title: str = "Section") -> bytes:
    """A level 3 document with one section."""
    section = f"<section><title>{title}</title><text>{text}</text>{entries}</section>"
    return cda_document(f"<structuredBody><component>{section}</component></structuredBody>")


def media(name: str, media_type: str, content: bytes) -> str:
    """An entry that embeds a file under a name."""
    encoded = base64.b64encode(content).decode()
    return (
        f'<entry><observationMedia ID="{name}"><value mediaType="{media_type}" representation="B64">{encoded}</value>'
        "</observationMedia></entry>"
    )
