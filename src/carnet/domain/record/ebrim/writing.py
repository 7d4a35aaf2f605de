"""Writing a submission as ebRIM 3.0, in the order that its schema wants."""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from carnet.domain.record.ebrim import schemes
from carnet.domain.record.ebrim.schemes import LCM, RIM, AssociationType
from carnet.domain.record.ebrim.submission import Association
from carnet.domain.record.values import (
    Author,
    Code,
    DocumentEntry,
    SubmissionSet,
    confidentiality_code,
    format_dtm,
)
from carnet.domain.record.values.people import write_specialty

Element = etree._Element

_OBJECT_TYPE: Final = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# Names of external identifiers and of their owners, as the standard spells them.
_ENTRY: Final = "XDSDocumentEntry"
_SET: Final = "XDSSubmissionSet"

Slots = Iterable[tuple[str, Iterable[str]]]


def write_submission(
    submission_set: SubmissionSet,
    entries: Sequence[DocumentEntry],
    associations: Sequence[Association] = (),
) -> bytes:
    """A SubmitObjectsRequest as UTF-8, the same bytes for the same values.

    An object without an entryUUID gets a name that holds inside this message. Every entry is made a member of the
    set; `associations` are added as they are (HasMember ones are not repeated). Characters that XML cannot carry are
    left out.
    """
    request = etree.Element(f"{{{LCM}}}SubmitObjectsRequest", nsmap={"lcm": LCM, "rim": RIM})
    objects = _element("RegistryObjectList", request)
    objects.extend(registry_objects(submission_set, entries, associations))
    etree.cleanup_namespaces(request, keep_ns_prefixes=["lcm", "rim"])
    return etree.tostring(request, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def registry_objects(
    submission_set: SubmissionSet | None,
    entries: Sequence[DocumentEntry],
    associations: Sequence[Association] = (),
) -> Iterator[Element]:
    """The rim elements of these objects, for a submission or for the answer to a query."""
    names = [entry.entry_uuid or f"Document{number:02d}" for number, entry in enumerate(entries, 1)]
    for name, entry in zip(names, entries, strict=True):
        yield _entry(name, entry)
    if submission_set is not None:
        set_name = submission_set.entry_uuid or "SubmissionSet01"
        yield _submission_set(set_name, submission_set)
        original = (("SubmissionSetStatus", ("Original",)),)
        for name in names:
            yield _association(Association(AssociationType.HAS_MEMBER, set_name, name, slots=original))
        members = {(set_name, name) for name in names}
        associations = [a for a in associations if (a.source, a.target) not in members]
    for association in associations:
        yield _association(association)


def _entry(name: str, entry: DocumentEntry) -> Element:
    element = _element("ExtrinsicObject", id=name, mimeType=entry.mime_type)
    element.set("objectType", schemes.STABLE_DOCUMENT)
    element.set("status", entry.status.value)
    if entry.logical_id:
        element.set("lid", _clean(entry.logical_id))
    authenticator = entry.legal_authenticator.to_xcn() if entry.legal_authenticator else ""
    _slots(
        element,
        (
            ("creationTime", _time(entry.creation_time)),
            ("languageCode", (entry.language,)),
            ("serviceStartTime", _time(entry.service_start)),
            ("serviceStopTime", _time(entry.service_stop)),
            ("sourcePatientId", (entry.source_patient_id.to_cx() if entry.source_patient_id else "",)),
            ("sourcePatientInfo", (f"{field}|{text}" for field, text in entry.source_patient_info)),
            ("legalAuthenticator", (authenticator,)),
            ("hash", (entry.hash,)),
            ("size", ("" if entry.size is None else str(entry.size),)),
            ("URI", (entry.uri,)),
            ("repositoryUniqueId", (entry.repository_unique_id,)),
            (schemes.REFERENCE_IDS, entry.reference_ids),
        ),
    )
    _names(element, entry.title, entry.comments)
    _element("VersionInfo", element, versionName=str(entry.version))
    for author in entry.authors:
        _author(element, schemes.ENTRY_AUTHOR, name, author)
    for field, scheme in schemes.ENTRY_CODES:
        code: Code | None = getattr(entry, field)
        if code is not None:
            _classification(element, scheme, name, code)
    for text in entry.confidentiality:
        _classification(element, schemes.ENTRY_CONFIDENTIALITY, name, confidentiality_code(text))
    for code in entry.event_codes:
        _classification(element, schemes.ENTRY_EVENT, name, code)
    patient = entry.patient_id.to_cx() if entry.patient_id else ""
    _identifier(element, schemes.ENTRY_PATIENT_ID, name, patient, f"{_ENTRY}.patientId")
    _identifier(element, schemes.ENTRY_UNIQUE_ID, name, entry.unique_id, f"{_ENTRY}.uniqueId")
    return element


def _submission_set(name: str, submission: SubmissionSet) -> Element:
    element = _element("RegistryPackage", id=name)
    element.set("objectType", f"{_OBJECT_TYPE}RegistryPackage")
    element.set("status", submission.status.value)
    _slots(
        element,
        (
            ("submissionTime", _time(submission.submission_time)),
            ("intendedRecipient", submission.intended_recipients),
        ),
    )
    _names(element, submission.title, submission.comments)
    kind = _element("Classification", element, id=_name(name, "kind"), classifiedObject=name)
    kind.set("classificationNode", schemes.SUBMISSION_SET_NODE)
    kind.set("objectType", f"{_OBJECT_TYPE}Classification")
    for author in submission.authors:
        _author(element, schemes.SET_AUTHOR, name, author)
    if submission.content_type is not None:
        _classification(element, schemes.SET_CONTENT_TYPE, name, submission.content_type)
    patient = submission.patient_id.to_cx() if submission.patient_id else ""
    _identifier(element, schemes.SET_PATIENT_ID, name, patient, f"{_SET}.patientId")
    _identifier(element, schemes.SET_SOURCE_ID, name, submission.source_id, f"{_SET}.sourceId")
    _identifier(element, schemes.SET_UNIQUE_ID, name, submission.unique_id, f"{_SET}.uniqueId")
    return element


def _association(association: Association) -> Element:
    name = association.entry_uuid or _name(association.source, f"{association.kind} {association.target}")
    element = _element("Association", id=name, associationType=association.kind)
    element.set("sourceObject", _clean(association.source))
    element.set("targetObject", _clean(association.target))
    element.set("objectType", f"{_OBJECT_TYPE}Association")
    _slots(element, association.slots)
    return element


def _author(parent: Element, scheme: str, owner: str, author: Author) -> None:
    written = (author.to_xcn(), author.to_xon(), author.role)
    specialty = write_specialty(author.specialty) if author.specialty else ""
    values: dict[str, list[str]] = {
        slot: [text] if text else [] for slot, text in zip(schemes.AUTHOR_SLOTS, (*written, specialty, ""), strict=True)
    }
    for slot, text in author.others:
        values.setdefault(slot, []).append(text)
    element = _classified(parent, scheme, owner, "")
    _slots(element, values.items())


def _classification(parent: Element, scheme: str, owner: str, code: Code) -> None:
    element = _classified(parent, scheme, owner, code.code)
    _slots(element, (("codingScheme", (code.system,)),))
    _localized(_element("Name", element), code.label)


def _classified(parent: Element, scheme: str, owner: str, node: str) -> Element:
    name = _name(owner, f"{scheme} {len(parent)}")
    element = _element("Classification", parent, id=name, classifiedObject=owner, nodeRepresentation=node)
    element.set("classificationScheme", scheme)
    element.set("objectType", f"{_OBJECT_TYPE}Classification")
    return element


def _identifier(parent: Element, scheme: str, owner: str, value: str, label: str) -> None:
    if not value:
        return
    element = _element("ExternalIdentifier", parent, id=_name(owner, scheme), registryObject=owner, value=value)
    element.set("identificationScheme", scheme)
    element.set("objectType", f"{_OBJECT_TYPE}ExternalIdentifier")
    _localized(_element("Name", element), label)


def _slots(parent: Element, values: Slots) -> None:
    for name, texts in values:
        kept = [text for text in texts if text]
        if kept:
            value_list = _element("ValueList", _element("Slot", parent, name=name))
            for text in kept:
                _element("Value", value_list).text = _clean(text)


def _names(parent: Element, title: str, comments: str) -> None:
    for tag, text in (("Name", title), ("Description", comments)):
        if text:
            _localized(_element(tag, parent), text)


def _localized(parent: Element, text: str) -> None:
    string = _element("LocalizedString", parent, value=text)
    string.set(_XML_LANG, "fr-FR")
    string.set("charset", "UTF-8")


def _element(tag: str, parent: Element | None = None, **attributes: str) -> Element:
    qualified = f"{{{RIM}}}{tag}"
    cleaned = {name: _clean(value) for name, value in attributes.items()}
    if parent is None:
        return etree.Element(qualified, cleaned, nsmap={"rim": RIM})
    return etree.SubElement(parent, qualified, cleaned)


def _time(moment: datetime | None) -> tuple[str, ...]:
    return (format_dtm(moment),) if moment is not None else ()


def _name(owner: str, part: str) -> str:
    """An id for a part of an object: made from what it names, so that the same values give the same bytes."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{owner} {part}").urn


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
