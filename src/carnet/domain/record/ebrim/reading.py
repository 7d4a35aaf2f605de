"""Reading a submission: lenient on order, wrappers and versions, silent on nothing that it leaves out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from carnet.domain.record.ebrim import schemes
from carnet.domain.record.ebrim.objects import (
    Element,
    children,
    classifications,
    code_of,
    identifiers,
    localized,
    nodes,
    slots,
    tags,
)
from carnet.domain.record.ebrim.schemes import AssociationType
from carnet.domain.record.ebrim.submission import (
    Association,
    NotASubmission,
    Submission,
    SubmissionProblem,
    SubmissionProblemCode,
)
from carnet.domain.record.values import (
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    PatientId,
    SubmissionSet,
    parse_dtm,
)
from carnet.domain.record.values.people import person_from_xcn, read_specialty
from carnet.domain.record.xml_safety import parse_xml

MAX_OBJECTS: Final = 2_000

_AUTHORS: Final = {schemes.ENTRY_AUTHOR, schemes.SET_AUTHOR}


class _Notes:
    """Problems met while reading, and the entry being read."""

    def __init__(self) -> None:
        self.found: list[SubmissionProblem] = []
        self.entry: int | None = None

    def note(self, code: SubmissionProblemCode, attribute: str) -> None:
        self.found.append(SubmissionProblem(code, attribute, self.entry))


def read_submission(data: bytes) -> Submission:
    """Read a METADATA.XML or any ebXML message that holds a RegistryObjectList.

    Raises XmlRefused for XML that is not safe or not well-formed, NotASubmission when there is no such list.
    """
    return submission_from_element(parse_xml(data))


def submission_from_element(root: Element) -> Submission:
    """Read the first RegistryObjectList in `root` (the element itself, or a SubmitObjectsRequest in a wrapper)."""
    lists = (*tags("RegistryObjectList"), *tags("LeafRegistryObjectList"))
    objects = root if root.tag in lists else next(root.iter(*lists), None)
    if objects is None:
        raise NotASubmission
    notes = _Notes()
    if len(objects) > MAX_OBJECTS:
        notes.note(SubmissionProblemCode.TOO_MANY_OBJECTS, "RegistryObjectList")
        return Submission(None, problems=tuple(notes.found))
    submission_set = _submission_set(objects, notes)
    entries = []
    for number, element in enumerate(children(objects, "ExtrinsicObject")):
        notes.entry = number
        entries.append(_entry(element, notes))
    notes.entry = None
    associations = tuple(_association(element) for element in children(objects, "Association"))
    return Submission(submission_set, tuple(entries), associations, tuple(notes.found))


def _submission_set(objects: Element, notes: _Notes) -> SubmissionSet | None:
    # The kind of a package may be told inside it, or beside it by a classification of its id.
    told = {
        (element.get("classifiedObject") or "").strip(): (element.get("classificationNode") or "").strip()
        for element in children(objects, "Classification")
    }
    found: list[Element] = []
    for package in children(objects, "RegistryPackage"):
        kinds = nodes(package) | {told.get((package.get("id") or "").strip(), "")}
        if schemes.FOLDER_NODE in kinds:
            notes.note(SubmissionProblemCode.FOLDER_LEFT_OUT, "RegistryPackage")
        elif schemes.SUBMISSION_SET_NODE in kinds or schemes.SET_UNIQUE_ID in identifiers(package):
            found.append(package)
    if not found:
        notes.note(SubmissionProblemCode.NO_SUBMISSION_SET, "RegistryPackage")
        return None
    if len(found) > 1:
        notes.note(SubmissionProblemCode.SEVERAL_SUBMISSION_SETS, "RegistryPackage")
    package = found[0]
    ids, values = identifiers(package), slots(package)
    coded = [code_of(e) for scheme, e in classifications(package) if scheme == schemes.SET_CONTENT_TYPE]
    return SubmissionSet(
        unique_id=ids.get(schemes.SET_UNIQUE_ID, ""),
        entry_uuid=(package.get("id") or "").strip(),
        source_id=ids.get(schemes.SET_SOURCE_ID, "").removeprefix("urn:oid:"),
        submission_time=_time(values, "submissionTime", notes),
        patient_id=PatientId.from_cx(ids.get(schemes.SET_PATIENT_ID, "")),
        content_type=coded[0] if coded else None,
        authors=_authors(package),
        status=_status(package, notes),
        title=localized(package, "Name"),
        comments=localized(package, "Description"),
        intended_recipients=tuple(values.get("intendedRecipient", ())),
    )


def _entry(element: Element, notes: _Notes) -> DocumentEntry:
    kind = (element.get("objectType") or "").strip().lower()
    if kind not in (schemes.STABLE_DOCUMENT, schemes.ON_DEMAND_DOCUMENT, ""):
        notes.note(SubmissionProblemCode.NOT_A_STABLE_DOCUMENT, "objectType")
    values, ids = slots(element), identifiers(element)
    for name in sorted(set(values) - schemes.ENTRY_SLOTS):
        notes.note(SubmissionProblemCode.EXTRA_METADATA, name[:256])
    coded: dict[str, list[Code]] = {}
    for scheme, classification in classifications(element):
        if scheme not in _AUTHORS:
            coded.setdefault(scheme, []).append(code_of(classification))
    single = {field: _first(coded.get(scheme, ())) for field, scheme in schemes.ENTRY_CODES}
    authenticators = values.get("legalAuthenticator", [])
    entry_uuid = (element.get("id") or "").strip()
    return DocumentEntry(
        unique_id=ids.get(schemes.ENTRY_UNIQUE_ID, ""),
        entry_uuid=entry_uuid,
        logical_id=(element.get("lid") or "").strip(),
        version=_version(element),
        mime_type=(element.get("mimeType") or "").strip(),
        status=_status(element, notes),
        hash=_slot(values, "hash").lower(),
        size=_number(values, "size", notes),
        language=_slot(values, "languageCode"),
        creation_time=_time(values, "creationTime", notes),
        service_start=_time(values, "serviceStartTime", notes),
        service_stop=_time(values, "serviceStopTime", notes),
        authors=_authors(element),
        legal_authenticator=person_from_xcn(authenticators[0]) if authenticators else None,
        title=localized(element, "Name"),
        comments=localized(element, "Description"),
        confidentiality=tuple(found.code for found in coded.get(schemes.ENTRY_CONFIDENTIALITY, ())),
        event_codes=tuple(coded.get(schemes.ENTRY_EVENT, ())),
        source_patient_id=PatientId.from_cx(_slot(values, "sourcePatientId")),
        source_patient_info=_patient_info(values.get("sourcePatientInfo", ())),
        patient_id=PatientId.from_cx(ids.get(schemes.ENTRY_PATIENT_ID, "")),
        repository_unique_id=_slot(values, "repositoryUniqueId").removeprefix("urn:oid:"),
        reference_ids=tuple(values.get(schemes.REFERENCE_IDS, ())),
        uri=_uri(values.get("URI", [])),
        class_code=single["class_code"],
        type_code=single["type_code"],
        format_code=single["format_code"],
        facility_type=single["facility_type"],
        practice_setting=single["practice_setting"],
    )


def _association(element: Element) -> Association:
    return Association(
        kind=AssociationType.read((element.get("associationType") or "").strip()),
        source=(element.get("sourceObject") or "").strip(),
        target=(element.get("targetObject") or "").strip(),
        entry_uuid=(element.get("id") or "").strip(),
        slots=tuple((name, tuple(found)) for name, found in slots(element).items()),
    )


def _authors(element: Element) -> tuple[Author, ...]:
    found = []
    for scheme, classification in classifications(element):
        if scheme in _AUTHORS:
            found.append(_author(slots(classification)))
    return tuple(found)


def _author(values: dict[str, list[str]]) -> Author:
    # "authorSpeciality" is how one published sample, and so some senders, spell it.
    specialties = values.pop("authorSpeciality", [])
    values.setdefault("authorSpecialty", specialties)
    persons, institutions = values.get("authorPerson", []), values.get("authorInstitution", [])
    roles, specialties = values.get("authorRole", []), values.get("authorSpecialty", [])
    others = [(name, text) for name in schemes.AUTHOR_SLOTS[:4] for text in values.get(name, [])[1:]]
    others += [(schemes.AUTHOR_SLOTS[4], text) for text in values.get(schemes.AUTHOR_SLOTS[4], [])]
    author = Author(
        role=roles[0] if roles else "",
        specialty=read_specialty(specialties[0]) if specialties else None,
        others=tuple(others),
    )
    if persons:
        author = author.with_xcn(persons[0])
    return author.with_xon(institutions[0]) if institutions else author


def _first(codes: Iterable[Code]) -> Code | None:
    return next(iter(codes), None)


def _slot(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name)
    return found[0] if found else ""


def _time(values: dict[str, list[str]], name: str, notes: _Notes) -> datetime | None:
    text = _slot(values, name)
    if not text:
        return None
    try:
        return parse_dtm(text)
    except ValueError:
        notes.note(SubmissionProblemCode.BAD_TIME, name)
        return None


def _number(values: dict[str, list[str]], name: str, notes: _Notes) -> int | None:
    text = _slot(values, name)
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    notes.note(SubmissionProblemCode.BAD_NUMBER, name)
    return None


def _version(element: Element) -> int:
    """The whole part of VersionInfo; ebRIM's own default is "1.1", which means nothing more than the first."""
    for info in children(element, "VersionInfo"):
        whole = (info.get("versionName") or "").strip().partition(".")[0]
        if whole.isascii() and whole.isdigit() and len(whole) < 10:
            return max(int(whole), 1)
    return 1


def _status(element: Element, notes: _Notes) -> AvailabilityStatus:
    text = (element.get("status") or "").strip()
    status = AvailabilityStatus.read(text) if text else AvailabilityStatus.APPROVED
    if status is None:
        # "Submitted" is what ebXML gives an object before it is approved.
        if not text.endswith("Submitted"):
            notes.note(SubmissionProblemCode.UNKNOWN_STATUS, "availabilityStatus")
        return AvailabilityStatus.APPROVED
    return status


def _patient_info(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    pairs = (value.partition("|") for value in values)
    return tuple((field.strip(), text.strip()) for field, mark, text in pairs if mark)


def _uri(values: list[str]) -> str:
    """A URI; one longer than a slot was allowed to be is written in numbered parts, `1|first`, `2|second`."""
    if len(values) < 2:
        return values[0] if values else ""
    parts = [value.partition("|") for value in values]
    if not all(number.isascii() and number.isdigit() and len(number) < 4 for number, _, _ in parts):
        return values[0]
    return "".join(text for _, _, text in sorted(parts, key=lambda part: int(part[0])))
