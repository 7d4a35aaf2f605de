"""The national code lists, and where the holder finds a document."""

import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import Oid
from carnet.domain.nomenclature import oids, queries
from carnet.domain.nomenclature.values import Category, Confidentiality

GENERATOR = Path(__file__).resolve().parents[3] / "tools/generate_document_types.py"
SIGNATURE = "E1762"


def test_list_of_the_dmp_has_its_108_types():
    in_dmp = Counter(kind.system for kind in queries.document_types() if kind.in_dmp)
    assert in_dmp == {oids.TRE_A05_DOCUMENT_TYPE: 31, oids.LOINC: 76, oids.ASTM: 1}
    assert sum(not kind.in_dmp for kind in queries.document_types()) == 6


def test_type_is_found_by_its_code_and_by_its_system():
    biology = queries.document_type("11502-2")
    assert biology is not None
    assert biology.label_fr == "CR d'examens biologiques"
    assert queries.document_type("11502-2", oids.LOINC) == biology
    assert queries.document_type("11502-2", f"urn:oid:{oids.LOINC}") == biology
    assert queries.document_type("11502-2", oids.TRE_A05_DOCUMENT_TYPE) is None


def test_every_type_has_a_class_that_the_dmp_knows_except_the_signature():
    for kind in queries.document_types():
        class_code = queries.class_of_type(kind.code)
        assert class_code
        if kind.code == SIGNATURE:
            assert class_code == oids.SIGNATURE_CLASS
        else:
            assert queries.document_class(class_code) is not None, kind.code


@pytest.mark.parametrize(
    ("code", "class_code", "label"),
    [
        ("11502-2", "10", "Compte rendu"),
        ("18748-4", "31", "Imagerie médicale"),
        ("57833-6", "42", "Prescription"),
        ("28617-9", "10", "Compte rendu"),
        ("60280-5", "11", "Synthèse"),
        ("REMB", "60", "Données de remboursement"),
        ("EXPPAT_3", "90", "Autres documents déposés par le patient"),
        ("89233-1", "10", "Compte rendu"),
        ("PIECE-IDENTITE", "95", "Document de gestion"),
    ],
)
def test_class_follows_from_the_type(code, class_code, label):
    assert queries.class_of_type(code) == class_code
    found = queries.document_class(class_code)
    assert found is not None
    assert found.label_fr == label


@given(st.text(max_size=30))
def test_a_code_that_nobody_knows_gives_nothing_and_never_crashes(code):
    known = {kind.code for kind in queries.document_types()}
    assert (queries.document_type(code) is not None) == (code in known)
    assert (queries.class_of_type(code) is not None) == (code in known)
    assert queries.mes_category(code, code) in Category


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("11502-2", Category.BIOLOGIE),
        ("18748-4", Category.RADIO_SC),
        ("34112-3", Category.CPT_REND),
        ("57833-6", Category.ORD_SOIN),
        ("60591-5", Category.SYNTHESE),
        ("87273-9", Category.CAR_VAC),
        ("CERT_DECL", Category.CERT_MED),
        ("ATTEST-RESID", Category.DOC_ADM),
        ("EXPPAT_1", Category.VDP),
        ("EXPPAT_2", Category.AUTR_DOC),
        ("EXPPAT_3", Category.DIR_ANT),
        ("DOCPAT06", Category.DEPISTAG),
        ("DOCPAT08", Category.SYNTH_PML),
        ("74465-6", Category.QUEST_SANTE),
        ("REMB", Category.REMB),
        ("E1762", Category.AUTR_DOC),
    ],
)
def test_holder_finds_each_document_in_one_category(code, category):
    assert queries.mes_category(code) is category


def test_class_of_the_entry_serves_for_a_type_that_is_not_known():
    assert queries.mes_category("00000-0", "31") is Category.RADIO_SC
    assert queries.mes_category("00000-0") is Category.AUTR_DOC
    assert queries.mes_category("18748-4", "10") is Category.RADIO_SC


def test_no_category_stays_empty():
    assert {queries.mes_category(kind.code) for kind in queries.document_types()} == set(Category)


def test_what_a_holder_deposits_comes_back_to_the_category_they_chose():
    for category in Category:
        kind = queries.patient_deposit_type(category)
        if kind is not None:
            assert kind.in_dmp
            assert queries.mes_category(kind.code) is category
    without = {category for category in Category if queries.patient_deposit_type(category) is None}
    assert without == {Category.CAR_VAC, Category.REMB, Category.QUEST_SANTE}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("N", Confidentiality.NORMAL),
        ("masque_ps", Confidentiality.MASQUE_PS),
        (" INVISIBLE_PATIENT ", Confidentiality.INVISIBLE_PATIENT),
        ("INVISIBLE_REP_LEGAUX", Confidentiality.INVISIBLE_REPRESENTANTS_LEGAUX),
        ("X", None),
        ("", None),
    ],
)
def test_confidentiality_is_read_in_the_writings_of_each_flow(written, code):
    assert Confidentiality.parse(written) is code


def test_confidentiality_levels_and_restrictions_come_from_two_code_systems():
    systems = {code.value: code.system for code in Confidentiality}
    assert {code for code, system in systems.items() if system == oids.HL7_CONFIDENTIALITY} == {"N", "R", "V"}
    assert systems["MASQUE_PS"] == oids.TRE_A07_VISIBILITY
    assert all(code.label_fr for code in Confidentiality)


def test_class_of_a_stay_gives_its_content_type():
    found = {letter: queries.content_type_of_patient_class(letter) for letter in "IOERNX"}
    assert {letter: code and code.code for letter, code in found.items()} == {
        "I": "03", "O": "07", "E": "07", "R": "19", "N": "97", "X": None,
    }  # fmt: skip
    day = queries.content_type("04")
    assert day is not None
    assert day.label_fr == "Hospitalisation de jour"


def test_sectors_are_named():
    practice = queries.facility_type("SA07")
    assert practice is not None
    assert (practice.label_fr, practice.system) == ("Cabinet individuel", oids.TRE_R02_SECTOR)
    assert queries.facility_type("SA99") is None


def test_every_oid_constant_is_an_oid():
    named = {name: value for name, value in vars(oids).items() if name.isupper()}
    exceptions = {"ASTM", "SIGNATURE_CLASS"}
    assert len(set(named.values())) == len(named)
    for name in named.keys() - exceptions:
        assert Oid(named[name])


def test_generator_writes_again_the_table_of_the_package(tmp_path):
    source, target = tmp_path / "source.tsv", tmp_path / "target.tsv"
    rows = [
        "\t".join((kind.code, kind.system, kind.label_fr, kind.class_code or "-", "J66" if kind.in_dmp else "J07", ""))
        for kind in queries.document_types()
    ]
    source.write_text("\n".join(["header", *rows]), encoding="utf-8")
    subprocess.run([sys.executable, GENERATOR, source, "--target", target], check=True, capture_output=True)
    packaged = files("carnet.domain.nomenclature").joinpath("document_types.tsv").read_text(encoding="utf-8")
    assert target.read_text(encoding="utf-8") == packaged


@pytest.mark.parametrize("line", ["A\tB\tC", "\tB\tC\t10\tJ66", "A\tB\tC\t10\tJ66\nA\tB\tD\t10\tJ66"])
def test_generator_refuses_a_source_that_is_wrong_and_names_the_line(tmp_path, line):
    source, target = tmp_path / "source.tsv", tmp_path / "target.tsv"
    source.write_text(f"header\n{line}\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, GENERATOR, source, "--target", target], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "line " in ended.stderr
    assert not target.exists()


def test_generator_strips_the_mark_of_a_class_that_only_cisis_knows(tmp_path):
    source, target = tmp_path / "source.tsv", tmp_path / "target.tsv"
    source.write_text("header\nA\tB\tC\t10*\tJ66\textra\n", encoding="utf-8")
    subprocess.run([sys.executable, GENERATOR, source, "--target", target], check=True, capture_output=True)
    assert target.read_text(encoding="utf-8").splitlines()[1] == "A\tB\tC\t10\t1"
