"""The header of a clinical document (CI-SIS, Structuration minimale des documents de santé)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from carnet.domain.record.cda.tree import (
    Element,
    attribute,
    child,
    children,
    clinical_document,
    code_of,
    identifier,
    period_of,
    text_of,
    time_of,
)
from carnet.domain.record.values import Author, Code, PatientId
from carnet.domain.record.values.people import INSTITUTION_OID, PERSON_OID


class CdaLevel(StrEnum):
    """How much of the body is structured: N1 wraps a file, N3 has sections and coded entries."""

    N1 = "N1"
    N3 = "N3"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization by its identifier, the system that gave it, and its name."""

    identifier: str = ""
    system: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PatientTraits:
    """Who the document says its patient is. `birth_date` is as written (YYYYMMDD), whole or not."""

    birth_family: str = ""
    birth_given: str = ""
    birth_given_names: str = ""
    used_family: str = ""
    used_given: str = ""
    birth_date: str = ""
    sex: str = ""
    birth_place_code: str = ""

    @property
    def display_name(self) -> str:
        """`Prénom NOM` as used, else as at birth."""
        given = self.used_given or self.birth_given
        family = self.used_family or self.birth_family
        return " ".join(part for part in (given, family.upper()) if part)

    @property
    def birth_day(self) -> date | None:
        """The birth date when it is a whole date of the calendar."""
        try:
            return date(int(self.birth_date[:4]), int(self.birth_date[4:6]), int(self.birth_date[6:8]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One documented act."""

    code: Code | None
    start: datetime | None
    stop: datetime | None
    practice_setting: Code | None


@dataclass(frozen=True, slots=True)
class CdaHeader:
    """What the header says, times in UTC; what is absent or unreadable is empty."""

    unique_id: str
    code: Code | None
    title: str
    effective_time: datetime | None
    confidentiality: Code | None
    language: str
    set_id: str
    version: int | None
    patient_ids: tuple[PatientId, ...]
    patient: PatientTraits
    authors: tuple[Author, ...]
    custodian: Organization
    legal_authenticator: Author | None
    replaces: tuple[str, ...]
    service_events: tuple[ServiceEvent, ...]
    facility_type: Code | None
    template_ids: tuple[str, ...]
    level: CdaLevel
    media_type: str
    self_presenting: bool

    @property
    def main_event(self) -> ServiceEvent | None:
        """The principal act: the first one whose performer's kind of practice is told, else the first."""
        told = (event for event in self.service_events if event.practice_setting)
        return next(told, next(iter(self.service_events), None))

    @property
    def ins_ids(self) -> tuple[PatientId, ...]:
        """The identifiers of the patient that are INS, by their OID."""
        return tuple(found for found in self.patient_ids if found.is_ins)

    @property
    def local_ids(self) -> tuple[PatientId, ...]:
        """The other identifiers of the patient."""
        return tuple(found for found in self.patient_ids if not found.is_ins)


def read_header(data: bytes) -> CdaHeader:
    """Read the header of a clinical document. Raises XmlRefused or NotCda."""
    document, self_presenting = clinical_document(data)
    return header_of(document, self_presenting)


def header_of(document: Element, self_presenting: bool = False) -> CdaHeader:
    """Read the header of a ClinicalDocument element."""
    role = child(document, "recordTarget/patientRole")
    body = child(document, "component/nonXMLBody")
    return CdaHeader(
        unique_id=_joined(child(document, "id")),
        code=code_of(child(document, "code")),
        title=text_of(child(document, "title")),
        effective_time=time_of(child(document, "effectiveTime")),
        confidentiality=code_of(child(document, "confidentialityCode")),
        language=attribute(child(document, "languageCode"), "code"),
        set_id=_joined(child(document, "setId")),
        version=_version(child(document, "versionNumber")),
        patient_ids=_patient_ids(role),
        patient=_traits(child(role, "patient")),
        authors=tuple(_author(author) for author in children(document, "author")),
        custodian=_organization(child(document, "custodian/assignedCustodian/representedCustodianOrganization")),
        legal_authenticator=_authenticator(child(document, "legalAuthenticator/assignedEntity")),
        replaces=_replaced(document),
        service_events=tuple(_service_event(event) for event in children(document, "documentationOf/serviceEvent")),
        facility_type=code_of(child(document, "componentOf/encompassingEncounter/location/healthCareFacility/code")),
        template_ids=tuple(root for root, _ in map(identifier, children(document, "templateId")) if root),
        level=CdaLevel.N1 if body is not None else CdaLevel.N3,
        media_type=attribute(child(body, "text"), "mediaType"),
        self_presenting=self_presenting,
    )


def _joined(element: Element | None) -> str:
    root, extension = identifier(element)
    return f"{root}^{extension}" if root and extension else root


def _version(element: Element | None) -> int | None:
    value = attribute(element, "value")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _patient_ids(role: Element | None) -> tuple[PatientId, ...]:
    found = (identifier(element) for element in children(role, "id"))
    return tuple(PatientId(extension, root) for root, extension in found if root and extension)


def _traits(patient: Element | None) -> PatientTraits:
    name = child(patient, "name")
    families = [(attribute(e, "qualifier"), text_of(e)) for e in children(name, "family")]
    givens = [(attribute(e, "qualifier"), text_of(e)) for e in children(name, "given")]
    return PatientTraits(
        birth_family=_by_qualifier(families, "BR", ""),
        birth_given=_by_qualifier(givens, "BR", ""),
        birth_given_names=" ".join(text for qualifier, text in givens if not qualifier and text),
        used_family=_by_qualifier(families, "CL", "SP"),
        used_given=_by_qualifier(givens, "CL"),
        birth_date=attribute(child(patient, "birthTime"), "value")[:8],
        sex=attribute(child(patient, "administrativeGenderCode"), "code"),
        birth_place_code=text_of(child(patient, "birthplace/place/addr/county")),
    )


def _by_qualifier(parts: list[tuple[str, str]], *wanted: str) -> str:
    """The first part with a wanted qualifier, in the order wanted; an older document qualifies nothing."""
    for qualifier in wanted:
        for found, text in parts:
            if found == qualifier and text:
                return text
    return ""


def _author(author: Element) -> Author:
    assigned = child(author, "assignedAuthor")
    function = child(author, "functionCode")
    found = replace(_participant(assigned), role=attribute(function, "displayName") or attribute(function, "code"))
    device = child(assigned, "assignedAuthoringDevice")
    if device is None:
        return found
    return replace(
        found,
        family=text_of(child(device, "manufacturerModelName")),
        given=text_of(child(device, "softwareName")),
        person_id_type="RI",
    )


def _authenticator(entity: Element | None) -> Author | None:
    return _participant(entity) if entity is not None else None


def _participant(entity: Element | None) -> Author:
    """The person and the organization of an assignedAuthor or an assignedEntity."""
    system, number = identifier(child(entity, "id"))
    name = child(entity, "assignedPerson/name")
    organization = _organization(child(entity, "representedOrganization"))
    is_patient = bool(number) and PatientId(number, system).is_ins
    # A person whose number is of no national kind is known inside the institution only (identifier type EI).
    kind = "NH" if is_patient else "IDNPS" if system in (PERSON_OID, "") else "EI"
    return Author(
        person_id=number,
        person_id_system=system or PERSON_OID,
        person_id_type=kind,
        family=text_of(child(name, "family")),
        given=text_of(child(name, "given")),
        institution_id=organization.identifier,
        institution_id_system=organization.system or INSTITUTION_OID,
        institution_name=organization.name,
        specialty=code_of(child(entity, "code")),
    )


def _organization(element: Element | None) -> Organization:
    system, number = identifier(child(element, "id"))
    return Organization(number, system, text_of(child(element, "name")))


def _replaced(document: Element) -> tuple[str, ...]:
    related = (e for e in children(document, "relatedDocument") if attribute(e, "typeCode") == "RPLC")
    parents = (_joined(found) for e in related for found in children(e, "parentDocument/id"))
    return tuple(parent for parent in parents if parent)


def _service_event(event: Element) -> ServiceEvent:
    start, stop = period_of(child(event, "effectiveTime"))
    setting = child(event, "performer/assignedEntity/representedOrganization/standardIndustryClassCode")
    return ServiceEvent(code_of(child(event, "code")), start, stop, code_of(setting))
