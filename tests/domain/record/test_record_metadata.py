from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.record.queries import author_text
from carnet.domain.record.values import (
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Dtm,
    PatientId,
    ProblemCode,
    SubmissionSet,
    format_dtm,
    is_unique_id,
    parse_dtm,
    parse_ts,
    problems,
    submission_problems,
)
from carnet.domain.record.values.hl7_text import escape, unescape
from carnet.domain.record.values.people import person_from_xcn, read_specialty, write_specialty

INS = PatientId("279035121518989", "1.2.250.1.213.1.4.10")
SAID = Code("x", "1.2.3", "X")
DOCTOR = Author(person_id="801234567897", family="MODÈLE", given="Paule", institution_name="Cabinet")
GOOD = DocumentEntry(
    unique_id="1.2.250.1.213.1.1.9.77.1",
    entry_uuid="urn:uuid:7b2c1c1e-3e63-4d7a-9c4e-0d7c1fb5f001",
    hash="a" * 40,
    size=3,
    language="fr-FR",
    creation_time=datetime(2026, 3, 1, tzinfo=UTC),
    service_start=datetime(2026, 3, 1, tzinfo=UTC),
    authors=(DOCTOR,),
    legal_authenticator=DOCTOR,
    title="Compte rendu",
    class_code=SAID,
    type_code=SAID,
    format_code=SAID,
    facility_type=SAID,
    practice_setting=SAID,
    confidentiality=("N",),
    source_patient_id=INS,
    source_patient_info=(("PID-8", "F"),),
    patient_id=INS,
)


def codes(entry: DocumentEntry) -> set[tuple[ProblemCode, str]]:
    return {(problem.code, problem.attribute) for problem in problems(entry)}


def test_a_complete_entry_has_no_problem():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "code", "attribute"),
    [
        ({"title": ""}, ProblemCode.MISSING, "title"),
        ({"authors": ()}, ProblemCode.MISSING, "author"),
        ({"patient_id": None}, ProblemCode.MISSING, "patientId"),
        ({"unique_id": "1.2." + "3" * 70}, ProblemCode.UNIQUE_ID_FORM, "uniqueId"),
        ({"unique_id": "abc"}, ProblemCode.UNIQUE_ID_FORM, "uniqueId"),
        ({"unique_id": "9ED10155-A2AA-459C-8351-A61AD25FC78D"}, ProblemCode.UNIQUE_ID_UUID, "uniqueId"),
        ({"entry_uuid": "Document01"}, ProblemCode.ENTRY_UUID_FORM, "entryUUID"),
        ({"logical_id": "urn:uuid:1"}, ProblemCode.ENTRY_UUID_FORM, "logicalId"),
        ({"repository_unique_id": "1..2"}, ProblemCode.OID_FORM, "repositoryUniqueId"),
        ({"patient_id": PatientId("1", "here")}, ProblemCode.OID_FORM, "patientId"),
        ({"version": 0}, ProblemCode.VERSION, "version"),
        ({"hash": "a" * 64}, ProblemCode.HASH_FORM, "hash"),
        ({"size": -1}, ProblemCode.SIZE, "size"),
        ({"mime_type": "pdf"}, ProblemCode.MIME_TYPE_FORM, "mimeType"),
        ({"language": "français"}, ProblemCode.LANGUAGE_FORM, "languageCode"),
        ({"title": "x" * 256}, ProblemCode.TOO_LONG, "title"),
        ({"creation_time": datetime(2026, 1, 1)}, ProblemCode.TIME_ZONE, "creationTime"),  # noqa: DTZ001
        ({"service_stop": datetime(2020, 1, 1, tzinfo=UTC)}, ProblemCode.TIME_ORDER, "serviceStopTime"),
        ({"type_code": Code("x", "")}, ProblemCode.CODE_INCOMPLETE, "typeCode"),
        ({"event_codes": (Code("", "1.2"),)}, ProblemCode.CODE_INCOMPLETE, "eventCodeList"),
        ({"confidentiality": ("MASQUE_PS",)}, ProblemCode.CONFIDENTIALITY_LEVEL, "confidentialityCode"),
        ({"confidentiality": ("N", "R")}, ProblemCode.CONFIDENTIALITY_LEVEL, "confidentialityCode"),
        ({"confidentiality": ("N", "N")}, ProblemCode.CONFIDENTIALITY_COUNT, "confidentialityCode"),
        ({"confidentiality": ("N", "SECRET")}, ProblemCode.CONFIDENTIALITY_UNKNOWN, "confidentialityCode"),
        ({"authors": (Author(),)}, ProblemCode.AUTHOR_EMPTY, "author"),
        ({"authors": (replace(DOCTOR, given=""),)}, ProblemCode.AUTHOR_NAME, "author"),
        ({"comments": "a\x00b"}, ProblemCode.CHARACTERS, "comments"),
    ],
)
def test_each_fault_is_told_alone(change: dict, code: ProblemCode, attribute: str):
    assert codes(replace(GOOD, **change)) == {(code, attribute)}


def test_no_sentence_repeats_the_content():
    entry = replace(GOOD, title="SECRET" * 50, unique_id="SECRET", language="SECRET_", hash="SECRET")
    found = problems(entry)
    assert len(found) == 4
    assert not any("SECRET" in problem.sentence for problem in found)


def test_a_submission_set_needs_one_author_and_a_source():
    sent = SubmissionSet(
        "1.2.3", source_id="1.2.4", submission_time=datetime(2026, 1, 1, tzinfo=UTC), patient_id=INS,
        content_type=SAID, authors=(DOCTOR,),
    )  # fmt: skip
    assert submission_problems(sent) == []
    found = {(p.code, p.attribute) for p in submission_problems(replace(sent, authors=(), source_id="here"))}
    assert found == {(ProblemCode.AUTHOR_COUNT, "author"), (ProblemCode.OID_FORM, "sourceId")}


@pytest.mark.parametrize("text", ["1.2.3", "2.25.1^doc-1", "0.9", "1.2.3^" + "x" * 63])
def test_unique_ids_of_both_forms_are_taken(text: str):
    assert is_unique_id(text)


@pytest.mark.parametrize("text", ["", "1", "3.1", "1.02", "1.2.", "1.2.3^", "1.2.3^a^b", "1.2.3^a b", "urn:oid:1.2.3"])
def test_other_unique_ids_are_not(text: str):
    assert not is_unique_id(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", "20260101000000"),
        ("202603", "20260301000000"),
        ("20260301", "20260301000000"),
        ("2026030110", "20260301100000"),
        ("202603011015", "20260301101500"),
        ("20260301101512", "20260301101512"),
        ("20260301101512.25", "20260301101512"),
        ("20260301101512+0100", "20260301091512"),
        ("202603011015-0330", "20260301134500"),
        ("20260301101512Z", "20260301101512"),
        ("20260301101512.123456+02:00", "20260301081512"),
    ],
)
def test_every_precision_of_a_time_is_read(text: str, expected: str):
    assert format_dtm(parse_dtm(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "20", "20261", "20261301", "20260230", "2026030125", "x", "20260301+9900", "2026-03-01", "2026.5", "0000",
     "00010101000000+0100", "２０２６"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(ValueError) as caught:
        parse_dtm(text)
    assert not text or f"'{text}'" not in str(caught.value)


def test_a_document_without_offset_means_the_clock_of_paris():
    assert parse_ts("20260701120000") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parse_ts("20260101120000") == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert Dtm.read("20260301").precision == 8


def test_a_naive_time_is_not_written():
    with pytest.raises(ValueError, match="zone"):
        format_dtm(datetime(2026, 1, 1))  # noqa: DTZ001


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)), st.integers(-720, 720))  # noqa: DTZ001
def test_a_time_written_is_the_time_read(moment: datetime, minutes: int):
    aware = moment.replace(microsecond=0, tzinfo=UTC) + timedelta(minutes=minutes)
    assert parse_dtm(format_dtm(aware)) == aware


@given(st.text())
def test_escapes_give_back_the_text(text: str):
    written = escape(text)
    assert unescape(written) == text
    assert not set("^|~&") & set(written)


PLAIN = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).map(lambda text: " ".join(text.split()))


@given(PLAIN, PLAIN)
def test_a_patient_identifier_survives_its_cx(matricule: str, oid: str):
    read = PatientId.from_cx(PatientId(matricule, oid.removeprefix("urn:oid:")).to_cx())
    assert read == (PatientId(matricule, oid.removeprefix("urn:oid:")) if matricule else None)


def test_an_ins_is_written_as_the_dmp_wants_it():
    assert INS.to_cx() == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert PatientId.from_cx("SELF-5^^^&1.3.6.1.4.1.21367.2005.3.7&ISO") == PatientId(
        "SELF-5", "1.3.6.1.4.1.21367.2005.3.7"
    )


def test_an_author_is_read_from_xcn_and_xon():
    author = (
        Author()
        .with_xcn("801234567897^DUPONT^Antoine^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS")
        .with_xon("Clinique A & B^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750300550")
    )
    assert author.display_name == "Antoine DUPONT"
    assert author.display == "Antoine DUPONT, Clinique A & B"
    assert (author.person_id, author.institution_id) == ("801234567897", "1750300550")
    assert Author().with_xcn(author.to_xcn()).with_xon(author.to_xon()) == author


def test_a_bare_name_is_taken_for_a_name_and_a_bare_number_for_an_identifier():
    assert person_from_xcn("Gerald Smitty").family == "Gerald Smitty"
    assert person_from_xcn("801234567897").person_id == "801234567897"


def test_a_system_shows_its_software():
    system = Author(family=".", given="Assurance Maladie", person_id_type="RI")
    assert system.display_name == "Assurance Maladie"
    assert "^U^" in system.to_xcn()
    assert Author(family="ASSURANCE MALADIE", given=".").display_name == "ASSURANCE MALADIE"


@given(st.builds(Code, PLAIN.filter(bool), PLAIN.filter(lambda s: s and not s.startswith("urn:")), PLAIN))
def test_a_specialty_survives_writing(code: Code):
    assert read_specialty(write_specialty(code)) == code


def test_statuses_are_read_by_urn_or_last_word():
    assert AvailabilityStatus.read("urn:asip:ci-sis:2010:StatusType:Deleted") is AvailabilityStatus.DELETED
    assert AvailabilityStatus.read("Approved") is AvailabilityStatus.APPROVED
    assert AvailabilityStatus.read("Lost") is None


@pytest.mark.parametrize(
    ("practice", "shown"),
    [
        ("Cabinet", "Paule MODÈLE, Cabinet"),
        ("Dr Paule MODÈLE", "Dr Paule MODÈLE"),
        ("Paule MODÈLE", "Paule MODÈLE"),
        ("", "Paule MODÈLE"),
    ],
)
def test_a_practice_that_bears_its_practitioners_name_is_said_once(practice: str, shown: str):
    assert author_text(replace(GOOD, authors=(replace(DOCTOR, institution_name=practice),))) == shown
