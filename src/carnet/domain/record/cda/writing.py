"""Writing a clinical document of level 1: the header that the CI-SIS asks for, and a file that it wraps.

Sources: CI-SIS, volet Structuration minimale des documents de santé (header), IHE ITI XDS-SD (non-structured body). The
same values give the same bytes.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lxml import etree

from carnet.domain.nomenclature.oids import HL7_CONFIDENTIALITY, LOINC
from carnet.domain.record.cda.header import Organization, PatientTraits
from carnet.domain.record.media_types import PDF
from carnet.domain.record.values import Author, Code, PatientId, is_unique_id
from carnet.domain.record.values.people import INSTITUTION_OID
from carnet.domain.record.values.times import PARIS

Element = etree._Element

_HL7: Final = "urn:hl7-org:v3"
_TYPE: Final = ("2.16.840.1.113883.1.3", "POCD_HD000040")
# HL7 France, CI-SIS Structuration minimale, IHE XDS-SD (a body that is not structured).
_TEMPLATES: Final = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20")
_GENDER: Final = "2.16.840.1.113883.5.1"
_GENDERS: Final = {"M": "Masculin", "F": "Féminin"}
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class LevelOne:
    """What the header of a level 1 document says. Times are aware.

    `author` signs as legal authenticator too, for `author.institution_id`; `custodian` keeps the document. `act` is
    the coded act that it is about, if there is one. `set_id` stays from one version to the next (by default the first
    version's own `unique_id`), `replaces` is the unique id of the version before.
    """

    unique_id: str
    code: Code
    title: str
    created_at: datetime
    service_start: datetime
    patient_id: PatientId
    patient: PatientTraits
    author: Author
    custodian: Organization
    practice_setting: Code
    facility_type: Code
    service_stop: datetime | None = None
    author_title: str = ""
    act: Code | None = None
    set_id: str = ""
    version: int = 1
    replaces: str = ""
    confidentiality: Code = field(default_factory=lambda: Code("N", HL7_CONFIDENTIALITY, "Normal"))
    language: str = "fr-FR"


def write_level_one(header: LevelOne, content: bytes, media_type: str = PDF) -> bytes:
    """A ClinicalDocument in UTF-8 around `content`.

    Characters that XML cannot carry are left out. Raises ValueError without content, for an identifier that is no OID
    (with or without an extension), for a naive time, and for a version below 1.
    """
    if not content:
        raise ValueError("A clinical document of level 1 wraps a file that is not empty.")
    identifiers = [header.unique_id, *filter(None, (header.set_id, header.replaces))]
    if not all(map(is_unique_id, identifiers)):
        raise ValueError("An identifier of a clinical document is an OID, with or without an extension.")
    if header.version < 1:
        raise ValueError("The first version of a document is 1.")
    root = etree.Element(f"{{{_HL7}}}ClinicalDocument", nsmap={None: _HL7})
    _document(root, header)
    _patient(root, header)
    _author(root, header)
    organization = _add(_add(_add(root, "custodian"), "assignedCustodian"), "representedCustodianOrganization")
    _organization(organization, header.custodian)
    _authenticator(root, header)
    _service(root, header)
    if header.replaces:
        parent = _add(_add(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
        _identifier(parent, header.replaces)
    _encounter(root, header)
    body = _add(_add(root, "component"), "nonXMLBody")
    text = _add(body, "text", mediaType=media_type, representation="B64")
    text.text = base64.b64encode(content).decode("ascii")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _document(root: Element, header: LevelOne) -> None:
    _add(root, "realmCode", code="FR")
    _add(root, "typeId", root=_TYPE[0], extension=_TYPE[1])
    for template in _TEMPLATES:
        _add(root, "templateId", root=template)
    _identifier(root, header.unique_id)
    _code(root, "code", header.code)
    _add(root, "title").text = _clean(header.title)
    _add(root, "effectiveTime", value=_time(header.created_at))
    _code(root, "confidentialityCode", header.confidentiality)
    _add(root, "languageCode", code=header.language)
    _identifier(root, header.set_id or header.unique_id, "setId")
    _add(root, "versionNumber", value=str(header.version))


def _patient(root: Element, header: LevelOne) -> None:
    traits = header.patient
    role = _add(_add(root, "recordTarget"), "patientRole")
    _add(role, "id", root=header.patient_id.oid, extension=header.patient_id.matricule)
    _whereabouts(role)
    patient = _add(role, "patient", classCode="PSN")
    name = _add(patient, "name")
    for tag, qualifier, text in (
        ("family", "BR", traits.birth_family),
        ("given", "", traits.birth_given_names),
        ("given", "BR", traits.birth_given),
        ("family", "CL", traits.used_family),
        ("given", "CL", traits.used_given),
    ):
        if text:
            part = _add(name, tag, **({"qualifier": qualifier} if qualifier else {}))
            part.text = _clean(text)
    if traits.sex in _GENDERS:
        _code(patient, "administrativeGenderCode", Code(traits.sex, _GENDER, _GENDERS[traits.sex]))
    else:
        _add(patient, "administrativeGenderCode", nullFlavor="UNK")
    _add(patient, "birthTime", **({"value": traits.birth_date} if traits.birth_date else {"nullFlavor": "UNK"}))
    if traits.birth_place_code:
        address = _add(_add(_add(patient, "birthplace"), "place"), "addr")
        _add(address, "county").text = _clean(traits.birth_place_code)


def _author(root: Element, header: LevelOne) -> None:
    author = _add(root, "author")
    _add(author, "time", value=_time(header.created_at))
    _person(_add(author, "assignedAuthor"), header)


def _authenticator(root: Element, header: LevelOne) -> None:
    authenticator = _add(root, "legalAuthenticator")
    _add(authenticator, "time", value=_time(header.created_at))
    _add(authenticator, "signatureCode", code="S")
    _person(_add(authenticator, "assignedEntity"), header)


def _service(root: Element, header: LevelOne) -> None:
    event = _add(_add(root, "documentationOf"), "serviceEvent")
    if header.act is not None:
        _code(event, "code", header.act)
    _period(event, header)
    _person(_add(_add(event, "performer", typeCode="PRF"), "assignedEntity"), header)


def _encounter(root: Element, header: LevelOne) -> None:
    encounter = _add(_add(root, "componentOf"), "encompassingEncounter")
    _period(encounter, header)
    facility = _add(_add(encounter, "location"), "healthCareFacility")
    _code(facility, "code", header.facility_type)


def _person(entity: Element, header: LevelOne) -> None:
    """The author as assignedAuthor or assignedEntity, with the organization that they write for."""
    author = header.author
    _add(entity, "id", root=author.person_id_system, extension=author.person_id)
    if author.specialty is not None:
        _code(entity, "code", author.specialty)
    _whereabouts(entity)
    name = _add(_add(entity, "assignedPerson"), "name")
    for tag, text in (("given", author.given), ("family", author.family), ("suffix", header.author_title)):
        if text:
            _add(name, tag).text = _clean(text)
    institution = Organization(author.institution_id, author.institution_id_system, author.institution_name)
    organization = _add(entity, "representedOrganization")
    _organization(organization, institution)
    _code(organization, "standardIndustryClassCode", header.practice_setting)


def _organization(element: Element, known: Organization) -> None:
    if known.identifier:
        _add(element, "id", root=known.system or INSTITUTION_OID, extension=known.identifier)
    else:
        _add(element, "id", nullFlavor="UNK")
    _add(element, "name").text = _clean(known.name)
    # The organization of HL7 says its telecom before its address, a person the other way round.
    _add(element, "telecom", nullFlavor="UNK")
    _add(element, "addr", nullFlavor="UNK")


def _whereabouts(element: Element) -> None:
    """Address and telephone, which the header must say even when nobody told them."""
    _add(element, "addr", nullFlavor="UNK")
    _add(element, "telecom", nullFlavor="UNK")


def _period(element: Element, header: LevelOne) -> None:
    period = _add(element, "effectiveTime")
    _add(period, "low", value=_time(header.service_start))
    if header.service_stop is not None:
        _add(period, "high", value=_time(header.service_stop))


def _identifier(element: Element, unique_id: str, tag: str = "id") -> None:
    root, mark, extension = unique_id.partition("^")
    _add(element, tag, root=root, **({"extension": extension} if mark else {}))


def _code(element: Element, tag: str, code: Code) -> None:
    written = _add(element, tag, code=code.code)
    if code.label:
        written.set("displayName", _clean(code.label))
    written.set("codeSystem", _clean(code.system))
    if code.system == LOINC:
        written.set("codeSystemName", "LOINC")


def _time(moment: datetime) -> str:
    """A TS to the second, on the clock of Paris with its offset."""
    if moment.tzinfo is None:
        raise ValueError("A time of a clinical document must know its zone.")
    local = moment.astimezone(PARIS)
    return f"{local.year:04d}{local:%m%d%H%M%S%z}"


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    cleaned = {name: _clean(value) for name, value in attributes.items()}
    return etree.SubElement(parent, f"{{{_HL7}}}{tag}", cleaned)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
