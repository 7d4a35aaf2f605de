import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_documents import TEST_INS, TEST_OID, cda_document, sample_parameters

from carnet.domain.record.cda import entry_from_cda
from carnet.domain.record.values import Code, PatientId, submission_problems
from carnet.domain.record.xdm import (
    XdmProblem,
    build_xdm,
    document_patient_ids,
    patient_ids,
    pdf_name,
    read_xdm,
    xdm_for_cda,
)
from carnet.domain.record.xdm.building import submission_set_for
from carnet.domain.record.xdm.naming import plain_capitals

INS = PatientId(TEST_INS, TEST_OID)
OTHER = PatientId("160012B042054", "1.2.250.1.213.1.4.11")
METADATA = "IHE_XDM/SUBSET01/METADATA.XML"


def rezip(data: bytes, change: dict[str, bytes | None]) -> bytes:
    """The same archive with files replaced, added, or left out (None)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files | change).items():
            if content is not None:
                archive.writestr(name, content)
    return buffer.getvalue()


def edited(data: bytes, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        metadata = archive.read(METADATA)
    assert old in metadata
    return rezip(data, {METADATA: metadata.replace(old, new)})


@pytest.mark.parametrize("path", sample_parameters("cda", "*.xml"))
def test_a_published_document_goes_through_an_archive_unchanged(path: Path):
    cda = path.read_bytes()
    entry = entry_from_cda(cda, class_of=lambda code: Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"))
    sent = submission_set_for([entry])
    package = read_xdm(build_xdm([(entry, cda)], sent))
    assert package.findings == ()
    (document,) = package.documents
    assert document.content == cda
    filed = replace(entry, uri="DOC0001.XML", entry_uuid=document.entry.entry_uuid)
    # Labels of confidentiality and roles go through too; a blank the author left at the end of a value does not.
    assert document.entry == filed
    assert replace(package.submission_sets[0], entry_uuid="") == sent
    assert submission_problems(package.submission_sets[0]) == []
    assert patient_ids(package) == {entry.patient_id}


def test_two_published_documents_share_an_archive():
    first, second = cda_document(), cda_document(unique_id="1.2.250.1.213.1.1.9.77.2")
    entries = [entry_from_cda(first), entry_from_cda(second)]
    data = build_xdm(zip(entries, (first, second), strict=True), submission_set_for(entries))
    package = read_xdm(data)
    assert [document.content for document in package.documents] == [first, second]
    assert [document.entry.uri for document in package.documents] == ["DOC0001.XML", "DOC0002.XML"]
    assert package.findings == ()


def test_the_tree_of_an_archive_is_the_one_of_the_profile_and_always_the_same():
    data = xdm_for_cda(cda_document(title="A &lt;b&gt;"))
    assert xdm_for_cda(cda_document(title="A &lt;b&gt;")) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["README.TXT", "INDEX.HTM", METADATA, "IHE_XDM/SUBSET01/DOC0001.XML"]
        index = archive.read("INDEX.HTM").decode()
    assert "A &lt;b&gt;" in index
    assert 'href="IHE_XDM/SUBSET01/DOC0001.XML"' in index


def test_an_archive_without_document_is_not_made():
    with pytest.raises(ValueError, match="1 to 9999"):
        build_xdm([], submission_set_for([entry_from_cda(cda_document())]))


def test_a_patient_can_be_written_that_the_document_does_not_name():
    package = read_xdm(xdm_for_cda(cda_document(), patient=OTHER))
    assert patient_ids(package) == {INS, OTHER}
    assert document_patient_ids(package) == (frozenset({INS, OTHER}),)


def test_the_patient_of_the_document_alone_counts_too():
    data = xdm_for_cda(cda_document(ins=OTHER.matricule, ins_oid=OTHER.oid), patient=INS)
    assert patient_ids(read_xdm(data)) == {INS, OTHER}


def test_a_document_without_ins_names_nobody():
    package = read_xdm(xdm_for_cda(cda_document(ins_oid="1.2.3.4.6")))
    assert patient_ids(package) == frozenset()


def test_a_wrong_hash_or_size_is_told_and_corrected():
    cda = cda_document()
    digest = hashlib.sha1(cda).hexdigest()
    data = edited(xdm_for_cda(cda), digest.encode(), b"0" * 40)
    package = read_xdm(data)
    assert package.problems == {XdmProblem.HASH_MISMATCH}
    assert package.findings[0].document == 0
    assert package.documents[0].entry.hash == digest
    size = f"<rim:Value>{len(cda)}</rim:Value>".encode()
    package = read_xdm(edited(xdm_for_cda(cda), size, b"<rim:Value>11</rim:Value>"))
    assert package.problems == {XdmProblem.SIZE_MISMATCH}
    assert package.documents[0].entry.size == len(cda)


def test_a_hash_in_capitals_is_the_same_hash():
    cda = cda_document()
    digest = hashlib.sha1(cda).hexdigest().encode()
    assert read_xdm(edited(xdm_for_cda(cda), digest, digest.upper())).findings == ()


def test_a_wrong_identifier_is_told():
    data = edited(xdm_for_cda(cda_document()), b'value="1.2.250.1.213.1.1.9.77.1"', b'value="1.2.9"')
    package = read_xdm(data)
    assert package.problems == {XdmProblem.UNIQUE_ID_MISMATCH}
    assert len(package.documents) == 1


@pytest.mark.parametrize(
    "uri", [b"DOC0009.XML", b"../../INDEX.HTM", b"/etc/passwd", b"http://sante.example/doc.xml", b"%2e%2e/x"]
)
def test_a_document_that_is_elsewhere_is_missing(uri: bytes):
    package = read_xdm(edited(xdm_for_cda(cda_document()), b"DOC0001.XML", uri))
    assert package.documents == ()
    assert {XdmProblem.DOCUMENT_MISSING, XdmProblem.NO_DOCUMENT} <= package.problems
    assert XdmProblem.DOCUMENT_NOT_DESCRIBED in package.problems


def test_names_are_found_without_case():
    data = edited(xdm_for_cda(cda_document()), b"DOC0001.XML", b"./doc0001.xml")
    assert read_xdm(data).findings == ()


def test_a_document_without_uri_is_found_by_its_hash():
    data = xdm_for_cda(cda_document())
    slot = b'<rim:Slot name="URI">'
    package = read_xdm(edited(data, slot, b'<rim:Slot name="documentAvailability">'))
    assert len(package.documents) == 1
    assert package.findings == ()


def test_without_metadata_the_documents_speak_for_themselves():
    package = read_xdm(rezip(xdm_for_cda(cda_document()), {METADATA: None}))
    assert package.problems == {XdmProblem.NO_METADATA}
    assert package.submission_sets == ()
    assert package.documents[0].entry.unique_id == "1.2.250.1.213.1.1.9.77.1"
    assert patient_ids(package) == {INS}


@pytest.mark.parametrize(
    "metadata",
    [b"<a/>", b"not xml", b"", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ids=["other xml", "text", "empty", "entity"],
)
def test_with_unreadable_metadata_too(metadata: bytes):
    package = read_xdm(rezip(xdm_for_cda(cda_document()), {METADATA: metadata}))
    assert package.problems == {XdmProblem.METADATA_UNREADABLE}
    assert len(package.documents) == 1


def test_several_subsets_are_read():
    first, second = xdm_for_cda(cda_document()), xdm_for_cda(cda_document(unique_id="1.2.7"))
    with zipfile.ZipFile(io.BytesIO(second)) as archive:
        added = {
            name.replace("SUBSET01", "SUBSET02"): archive.read(name) for name in archive.namelist() if "SUBSET" in name
        }
    package = read_xdm(rezip(first, added))
    assert [document.entry.unique_id for document in package.documents] == ["1.2.250.1.213.1.1.9.77.1", "1.2.7"]
    assert len(package.submission_sets) == 2
    assert package.findings == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<a/>", XdmProblem.DOCUMENT_NOT_CDA),
        (b"%PDF-1.7", XdmProblem.DOCUMENT_UNREADABLE),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', XdmProblem.DOCUMENT_UNREADABLE),
        (b"<a>" * 5000, XdmProblem.DOCUMENT_UNREADABLE),
    ],
)
def test_a_document_that_cannot_be_read_is_left_out(content: bytes, problem: XdmProblem):
    package = read_xdm(rezip(xdm_for_cda(cda_document()), {"IHE_XDM/SUBSET01/DOC0001.XML": content}))
    assert package.documents == ()
    assert problem in package.problems
    assert not package.refused


def test_other_files_of_the_archive_are_left_alone():
    data = xdm_for_cda(cda_document())
    extra = {
        "IHE_XDM/SUBSET01/STYLE.XSL": b"<x/>",
        "Compte\u00a0rendu : été.pdf": b"%PDF-1.4",
        "IHE_XDM/SUBSET01/NESTED.ZIP": data,
        "A.PDF": b"%PDF-1.4",
    }
    package = read_xdm(rezip(data, extra))
    assert package.findings == ()
    assert len(package.documents) == 1


def test_a_replacement_is_read_from_the_document():
    related = '<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.3"/></parentDocument></relatedDocument>'
    package = read_xdm(xdm_for_cda(cda_document(related=related)))
    assert package.documents[0].entry.replaces_unique_id == "1.2.3"


def test_the_pdf_name_follows_the_rule():
    name = pdf_name(date(2022, 5, 31), "CR d'imagerie médicale", "CORSE", "FIGATELLIX")
    assert name == "20220531_CR d'imagerie médicale_CORSE_FIGATELLIX.pdf"
    assert pdf_name(date(2022, 5, 31), "CR", "A", "B", "12/34") == "20220531_CR_A_B_12-34.pdf"


@given(st.text(), st.text(), st.text())
def test_names_never_break_a_line_or_a_path(label: str, family: str, given_name: str):
    name = pdf_name(date(2020, 1, 1), label, family, given_name)
    assert "/" not in name
    assert name.endswith(".pdf")
    assert len(name) <= 120


@given(st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F)))
def test_latin_names_lose_their_accents(name: str):
    assert not set(plain_capitals(name)) & set("ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸÑ")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True))
def test_any_number_of_documents_comes_back_in_order(numbers: list[int]):
    cdas = [cda_document(unique_id=f"1.2.{number}") for number in numbers]
    entries = [entry_from_cda(cda) for cda in cdas]
    package = read_xdm(build_xdm(zip(entries, cdas, strict=True), submission_set_for(entries)))
    assert [document.content for document in package.documents] == cdas


def test_whoever_an_archive_names_counts_though_the_document_was_left_out():
    built = xdm_for_cda(cda_document())
    hers = cda_document(ins=OTHER.matricule, ins_oid=OTHER.oid, unique_id="1.2.250.1.213.1.1.9.77.2")
    beside = read_xdm(rezip(built, {"IHE_XDM/SUBSET01/DOC0002.XML": hers}))
    assert len(beside.documents) == 1
    assert patient_ids(beside) == {INS, OTHER}
    missing = read_xdm(rezip(xdm_for_cda(cda_document(), OTHER), {"IHE_XDM/SUBSET01/DOC0001.XML": None}))
    assert missing.documents == ()
    assert OTHER in patient_ids(missing)
