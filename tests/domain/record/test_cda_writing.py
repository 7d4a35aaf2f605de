"""Clinical documents that Carnet writes: read back by its reader, ordered as those that others published."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from carnet.domain.record.cda import (
    Organization,
    PatientTraits,
    embedded_document,
    entry_from_cda,
    read_header,
)
from carnet.domain.record.cda.writing import LevelOne, write_level_one
from carnet.domain.record.values import Author, Code, PatientId, problems
from carnet.domain.record.xdm import build_xdm, read_xdm
from carnet.domain.record.xdm.building import submission_set_for

SAMPLES = Path(__file__).parents[3].parent / "shared/samples/cda"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\ntrailer\n%%EOF\n"
LETTER = LevelOne(
    unique_id="2.25.123456789",
    code=Code("11490-0", "2.16.840.1.113883.6.1", "Lettre de liaison à la sortie d'un établissement de soins"),
    title="Lettre de liaison",
    created_at=datetime(2026, 3, 4, 10, 30, tzinfo=UTC),
    service_start=datetime(2026, 3, 1, 8, tzinfo=UTC),
    service_stop=datetime(2026, 3, 4, 9, tzinfo=UTC),
    patient_id=PatientId("279035121518989", "1.2.250.1.213.1.4.10"),
    patient=PatientTraits(
        birth_family="PAT-TROIS",
        birth_given="DOMINIQUE",
        birth_given_names="DOMINIQUE MARIE-LOUISE",
        birth_date="19790328",
        sex="F",
        birth_place_code="51215",
    ),
    author=Author(
        person_id="899700218920",
        family="VASSEUR",
        given="Hélène",
        institution_id="1519999015",
        institution_name="Centre hospitalier Saint-Aubin",
        specialty=Code("G15_10/SM04", "1.2.250.1.213.1.1.4.5", "Médecin - Chirurgie orthopédique"),
    ),
    author_title="Dr",
    custodian=Organization("1519999015", "1.2.250.1.71.4.2.2", "Centre hospitalier Saint-Aubin"),
    practice_setting=Code("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Etablissement de santé"),
    facility_type=Code("SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé"),
)


def test_what_is_written_is_what_is_read_back() -> None:
    cda = write_level_one(LETTER, PDF)
    header = read_header(cda)
    assert (header.unique_id, header.set_id, header.version) == (LETTER.unique_id, LETTER.unique_id, 1)
    assert (header.code, header.title, header.effective_time) == (LETTER.code, LETTER.title, LETTER.created_at)
    assert (header.ins_ids, header.patient) == ((LETTER.patient_id,), LETTER.patient)
    assert header.authors == (LETTER.author,)
    assert header.legal_authenticator == LETTER.author
    assert (header.custodian, header.facility_type) == (LETTER.custodian, LETTER.facility_type)
    event = header.main_event
    assert event is not None
    assert (event.start, event.stop) == (LETTER.service_start, LETTER.service_stop)
    assert event.practice_setting == LETTER.practice_setting
    inside = embedded_document(cda)
    assert inside is not None
    assert (inside.media_type, inside.content) == ("application/pdf", PDF)
    assert cda == write_level_one(LETTER, PDF), "the same values are the same bytes"


def test_its_metadata_break_no_rule_and_it_travels_in_an_archive() -> None:
    cda = write_level_one(LETTER, PDF)
    known = Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu")
    entry = entry_from_cda(cda, lambda code: known)
    assert [
        one.code for one in problems(replace(entry, entry_uuid="urn:uuid:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12))
    ] == []
    package = read_xdm(build_xdm([(entry, cda)], submission_set_for([entry])))
    assert package.problems == frozenset()
    assert [one.content for one in package.documents] == [cda]


def test_a_corrected_letter_names_the_one_that_it_replaces_in_the_same_set() -> None:
    corrected = replace(LETTER, unique_id="2.25.99", set_id=LETTER.unique_id, version=2, replaces=LETTER.unique_id)
    header = read_header(write_level_one(corrected, PDF))
    assert (header.set_id, header.version, header.replaces) == (LETTER.unique_id, 2, (LETTER.unique_id,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"unique_id": ""},
        {"unique_id": "not an oid"},
        {"set_id": "1.2.3 4"},
        {"replaces": "urn:uuid:1"},
        {"version": 0},
        {"created_at": datetime(2026, 3, 4)},  # noqa: DTZ001 - the fault that is tried
    ],
)
def test_a_header_that_would_mislead_is_not_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"identifier|version|zone"):
        write_level_one(replace(LETTER, **wrong), PDF)
    with pytest.raises(ValueError, match="wraps a file"):
        write_level_one(LETTER, b"")


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_people_are_called_stays_inside_its_element(name: str, title: str) -> None:
    author = replace(LETTER.author, family=name, institution_name=name)
    traits = replace(LETTER.patient, birth_family=name, birth_given=name)
    cda = write_level_one(replace(LETTER, title=title, author=author, patient=traits), PDF)
    header = read_header(cda)
    assert (header.ins_ids, header.code, header.unique_id) == ((LETTER.patient_id,), LETTER.code, LETTER.unique_id)


def _children_in_order(document: etree._Element) -> dict[str, set[tuple[str, str]]]:
    """For each kind of element, which of its children stand before which."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for element in document.iter("{urn:hl7-org:v3}*"):
        names = [etree.QName(child).localname for child in element if isinstance(child.tag, str)]
        runs = list(dict.fromkeys(names))
        found[etree.QName(element).localname] |= {
            (one, other) for rank, one in enumerate(runs) for other in runs[rank + 1 :]
        }
    return found


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="published samples are not here")
def test_its_elements_stand_in_the_order_of_published_documents() -> None:
    """CDA is a sequence: an element at another place breaks its schema. The samples validate against that."""
    published: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for path in SAMPLES.glob("*.xml"):
        root = etree.parse(path).getroot()
        if etree.QName(root).localname == "ClinicalDocument":
            for name, pairs in _children_in_order(root).items():
                published[name] |= pairs
    corrected = replace(LETTER, set_id="2.25.1", version=2, replaces="2.25.1", act=Code("NEKA020", "1.2.250.1.213.2.5"))
    written = _children_in_order(etree.fromstring(write_level_one(corrected, PDF)))
    names = {"family", "given", "prefix", "suffix"}  # the parts of a name come in any order
    wrong = {
        (kind, one, other)
        for kind, pairs in written.items()
        for one, other in pairs
        if (other, one) in published[kind] and not {one, other} <= names
    }
    assert wrong == set()
    unknown = {
        (kind, one, other)
        for kind, pairs in written.items()
        for one, other in pairs
        if (one, other) not in published[kind] and not {one, other} <= names
    }
    assert unknown == set(), "every pair of neighbours is met in a published document"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="published samples are not here")
def test_it_says_what_a_published_level_1_document_says() -> None:
    """The header's own elements and templates, those of one hospital's laboratory left out."""
    sample = SAMPLES / "v3-BIO-CR-BIO_2021.01_CDA-R2-Niveau-1.xml"
    theirs, ours = read_header(sample.read_bytes()), read_header(write_level_one(LETTER, PDF))
    assert ours.template_ids == theirs.template_ids
    assert (ours.level, ours.media_type, ours.language) == (theirs.level, theirs.media_type, theirs.language)
    for field in ("code", "confidentiality", "custodian", "legal_authenticator", "facility_type", "main_event"):
        assert bool(getattr(ours, field)) == bool(getattr(theirs, field)), field
    top = {etree.QName(one).localname for one in etree.fromstring(sample.read_bytes()) if isinstance(one.tag, str)}
    written = {etree.QName(one).localname for one in etree.fromstring(write_level_one(LETTER, PDF))}
    assert top - written <= {"informant", "authenticator", "participant", "inFulfillmentOf"}
