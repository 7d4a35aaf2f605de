from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from record_documents import sample_parameters

from carnet.domain.record.ebrim import (
    Association,
    AssociationType,
    NotASubmission,
    SubmissionProblemCode,
    read_submission,
    registry_objects,
    write_submission,
)
from carnet.domain.record.values import Author, AvailabilityStatus, Code, DocumentEntry, PatientId, SubmissionSet
from carnet.domain.record.values.people import person_from_xcn
from carnet.domain.record.xml_safety import XmlRefused

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"


def words(minimum: int = 0) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufffe\uffff")
    return st.text(letters, max_size=12).map(lambda text: " ".join(text.split())).filter(lambda t: len(t) >= minimum)


OIDS = st.sampled_from(["1.2.250.1.213.1.4.10", "1.2.3", "2.25.9"])
CODES = st.builds(Code, words(1), OIDS, words())
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
PATIENTS = st.builds(PatientId, words(1), OIDS)
AUTHORS = st.builds(
    Author,
    person_id=words(1),
    family=words(),
    given=words(),
    institution_name=words(1),
    institution_id=words(),
    role=words(),
    specialty=st.none() | CODES,
    others=st.just(()) | st.tuples(st.tuples(st.just("authorTelecommunication"), words(1))),
)
ENTRIES = st.builds(
    DocumentEntry,
    unique_id=words(1),
    entry_uuid=st.uuids().map(lambda value: value.urn),
    logical_id=st.just("") | st.uuids().map(lambda value: value.urn),
    version=st.integers(1, 99),
    mime_type=st.sampled_from(["text/xml", "application/pdf"]),
    status=st.sampled_from(AvailabilityStatus),
    hash=st.sampled_from(["", "0" * 40, "ab" * 20]),
    size=st.none() | st.integers(0, 10**9),
    language=st.sampled_from(["", "fr-FR"]),
    creation_time=st.none() | TIMES,
    service_start=st.none() | TIMES,
    service_stop=st.none() | TIMES,
    authors=st.lists(AUTHORS, max_size=2).map(tuple),
    legal_authenticator=st.none() | words(1).map(lambda name: person_from_xcn(f"1^{name.replace('^', '')}x")),
    title=words(),
    comments=words(),
    class_code=st.none() | CODES,
    type_code=st.none() | CODES,
    format_code=st.none() | CODES,
    facility_type=st.none() | CODES,
    practice_setting=st.none() | CODES,
    confidentiality=st.lists(st.sampled_from(["N", "MASQUE_PS", "INVISIBLE_PATIENT", "ODD"]), unique=True).map(tuple),
    event_codes=st.lists(CODES, max_size=2).map(tuple),
    source_patient_id=st.none() | PATIENTS,
    source_patient_info=st.lists(st.tuples(st.sampled_from(["PID-3", "PID-5"]), words(1)), max_size=3).map(tuple),
    patient_id=st.none() | PATIENTS,
    repository_unique_id=st.just("") | OIDS,
    reference_ids=st.lists(words(1), max_size=2).map(tuple),
    uri=st.sampled_from(["", "DOC0001.XML"]),
)
SETS = st.builds(
    SubmissionSet,
    unique_id=words(1),
    entry_uuid=st.uuids().map(lambda value: value.urn),
    source_id=st.just("") | OIDS,
    submission_time=st.none() | TIMES,
    patient_id=st.none() | PATIENTS,
    content_type=st.none() | CODES,
    authors=st.lists(AUTHORS, max_size=2).map(tuple),
    status=st.sampled_from(AvailabilityStatus),
    title=words(),
    comments=words(),
    intended_recipients=st.lists(words(1), max_size=2).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(SETS, st.lists(ENTRIES, max_size=3, unique_by=lambda entry: entry.entry_uuid))
def test_what_is_written_is_what_is_read(sent: SubmissionSet, entries: list[DocumentEntry]):
    written = write_submission(sent, entries)
    read = read_submission(written)
    assert read.submission_set == sent
    assert list(read.entries) == entries
    assert read.problems == ()
    assert write_submission(sent, entries) == written


@pytest.mark.parametrize("path", sample_parameters("xds/ipf-ebxml30", "SubmitObjectsRequest*.xml"))
def test_a_published_submission_survives_reading_and_writing(path: Path):
    first = read_submission(path.read_bytes())
    assert first.submission_set is not None
    assert first.submission_set.unique_id
    again = read_submission(write_submission(first.submission_set, first.entries, first.associations))
    assert again.submission_set == first.submission_set
    assert again.entries == first.entries
    assert {(a.kind, a.source, a.target) for a in again.associations} >= {
        (a.kind, a.source, a.target) for a in first.associations
    }


@pytest.mark.parametrize("path", sample_parameters("xds/11992", "metadata.xml"))
def test_a_published_test_of_the_older_ebxml_is_read_too(path: Path):
    read = read_submission(path.read_bytes())
    assert len(read.entries) == 1
    entry = read.entries[0]
    assert entry.type_code is not None
    assert entry.authors
    assert entry.creation_time is not None
    assert bool(read.replacements) == (path.parent.name == "rplc")


def wrapper(objects: str) -> bytes:
    listed = f'<rim:RegistryObjectList xmlns:rim="{RIM}">{objects}</rim:RegistryObjectList>'
    return f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}">{listed}</lcm:SubmitObjectsRequest>'.encode()


SENT = SubmissionSet("1.2.3", entry_uuid="urn:uuid:00000000-0000-4000-8000-000000000001")
ENTRY = DocumentEntry("1.2.4", entry_uuid="urn:uuid:00000000-0000-4000-8000-000000000002", title="T")


def test_the_list_is_found_with_any_wrapper_or_none():
    bare = etree.fromstring(write_submission(SENT, [ENTRY]))[0]
    alone = etree.tostring(bare)
    deep = b'<p:Provide xmlns:p="urn:ihe:iti:xds-b:2007">' + write_submission(SENT, [ENTRY]).partition(b"?>")[2]
    for data in (alone, deep + b"<p:Document/></p:Provide>"):
        assert read_submission(data).entries == (ENTRY,)


@pytest.mark.parametrize("data", [b"<a/>", f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}"/>'.encode()])
def test_other_xml_is_no_submission(data: bytes):
    with pytest.raises(NotASubmission):
        read_submission(data)


def test_unsafe_xml_is_refused():
    data = b'<!DOCTYPE a [<!ENTITY x "y">]>' + write_submission(SENT, [ENTRY]).partition(b"?>")[2]
    with pytest.raises(XmlRefused):
        read_submission(data)


def test_a_replacement_travels_as_an_association():
    old = "urn:uuid:00000000-0000-4000-8000-000000000009"
    given_association = Association(AssociationType.REPLACES, ENTRY.entry_uuid, old)
    read = read_submission(write_submission(SENT, [ENTRY], [given_association]))
    assert [(found.source, found.target) for found in read.replacements] == [(ENTRY.entry_uuid, old)]
    assert [found.kind for found in read.associations] == [AssociationType.HAS_MEMBER, AssociationType.REPLACES]


def test_a_status_update_keeps_its_slots():
    before, after = AvailabilityStatus.APPROVED.value, AvailabilityStatus.DELETED.value
    slots = (("OriginalStatus", (before,)), ("NewStatus", (after,)))
    update = Association(AssociationType.UPDATES_STATUS, SENT.entry_uuid, ENTRY.entry_uuid, slots=slots)
    read = read_submission(write_submission(SENT, [], [update]))
    assert read.associations[0].slot("NewStatus") == AvailabilityStatus.DELETED
    assert read.associations[0].slot("Absent") == ""


def problem_codes(data: bytes) -> list[tuple[SubmissionProblemCode, str]]:
    return [(problem.code, problem.attribute) for problem in read_submission(data).problems]


def test_what_cannot_be_kept_is_told():
    entry = (
        '<rim:ExtrinsicObject id="d" objectType="urn:uuid:00000000-0000-0000-0000-000000000000" status="urn:x:Lost">'
        '<rim:Slot name="creationTime"><rim:ValueList><rim:Value>yesterday</rim:Value></rim:ValueList></rim:Slot>'
        '<rim:Slot name="size"><rim:ValueList><rim:Value>-1</rim:Value></rim:ValueList></rim:Slot>'
        '<rim:Slot name="urn:other"><rim:ValueList><rim:Value>x</rim:Value></rim:ValueList></rim:Slot>'
        "</rim:ExtrinsicObject>"
    )
    assert set(problem_codes(wrapper(entry))) == {
        (SubmissionProblemCode.NO_SUBMISSION_SET, "RegistryPackage"),
        (SubmissionProblemCode.NOT_A_STABLE_DOCUMENT, "objectType"),
        (SubmissionProblemCode.EXTRA_METADATA, "urn:other"),
        (SubmissionProblemCode.BAD_TIME, "creationTime"),
        (SubmissionProblemCode.BAD_NUMBER, "size"),
        (SubmissionProblemCode.UNKNOWN_STATUS, "availabilityStatus"),
    }


def test_a_folder_is_not_taken_for_the_submission_set():
    folder = (
        '<rim:RegistryPackage id="f"><rim:Classification classifiedObject="f" '
        'classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"/></rim:RegistryPackage>'
    )
    read = read_submission(wrapper(folder))
    assert read.submission_set is None
    assert SubmissionProblemCode.FOLDER_LEFT_OUT in {problem.code for problem in read.problems}


def test_too_many_objects_are_not_read():
    read = read_submission(wrapper('<rim:ObjectRef id="x"/>' * 2001))
    assert [problem.code for problem in read.problems] == [SubmissionProblemCode.TOO_MANY_OBJECTS]


def test_a_uri_in_numbered_parts_is_put_together():
    values = "<rim:Value>2|/b.xml</rim:Value><rim:Value>1|a</rim:Value>"
    slot = f'<rim:Slot name="URI"><rim:ValueList>{values}</rim:ValueList></rim:Slot>'
    read = read_submission(wrapper(f'<rim:ExtrinsicObject id="d">{slot}</rim:ExtrinsicObject>'))
    assert read.entries[0].uri == "a/b.xml"


def test_characters_that_xml_cannot_carry_are_left_out():
    read = read_submission(write_submission(SENT, [replace(ENTRY, title="a\x00b\ud800c")]))
    assert read.entries[0].title == "abc"


def test_objects_can_be_written_for_the_answer_to_a_query():
    elements = list(registry_objects(None, [ENTRY]))
    assert [element.tag for element in elements] == [f"{{{RIM}}}ExtrinsicObject"]
