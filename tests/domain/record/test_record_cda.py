import base64
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from record_documents import PDF, PNG, cda_document, media, narrative_document, sample_parameters

from carnet.domain.record.cda import (
    BodyProblem,
    BodyRefused,
    CdaLevel,
    NotCda,
    embedded_document,
    embedded_files,
    entry_from_cda,
    header_rows,
    read_header,
)
from carnet.domain.record.values import Code, PatientId, ProblemCode, problems
from carnet.domain.record.xml_safety import XmlRefused

SAMPLE = pytest.mark.parametrize("path", sample_parameters("cda", "*.xml"))
PARENT = '<parentDocument><id root="1.2.3" extension="v1"/></parentDocument>'
RPLC = f'<relatedDocument typeCode="RPLC">{PARENT}</relatedDocument>'


def manifest(path: Path) -> dict[str, str]:
    lines = (path.parent / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    rows = (dict(zip(names, line.split("\t"), strict=False)) for line in lines[1:])
    return next(row for row in rows if row["file"] == path.name)


@SAMPLE
def test_the_header_of_a_published_document_says_what_is_known_of_it(path: Path):
    header, known = read_header(path.read_bytes()), manifest(path)
    assert header.unique_id == known["document_id"]
    assert header.code is not None
    assert (header.code.code, header.code.system) == (known["type_code"], known["type_codeSystem"])
    assert header.title == known["title"]
    assert header.level == known["level"]
    assert header.media_type == known["nonXMLBody_mediaType"]
    assert header.confidentiality is not None
    assert header.confidentiality.code == known["confidentialityCode"]
    ids = ";".join(f"{found.oid}|{found.matricule}" for found in header.patient_ids)
    assert ids == known["patient_ids"]
    assert header.replaces == tuple(part.partition(">")[2] for part in [known["relatedDocument"]] if part)
    assert len(header.ins_ids) == 1
    assert header.patient.birth_day is not None
    assert header.effective_time is not None
    assert header.authors


@SAMPLE
def test_a_published_document_gives_complete_metadata(path: Path):
    entry = entry_from_cda(path.read_bytes(), class_of=lambda code: Code("10", "1.2.250.1.213.1.1.4.1"))
    # One document of the older set is identified by a UUID; nothing else is missing anywhere.
    assert {problem.code for problem in problems(entry)} <= {ProblemCode.UNIQUE_ID_UUID}
    assert entry.patient_id is not None
    assert entry.patient_id.is_ins


@SAMPLE
def test_the_files_of_a_published_document_come_out(path: Path):
    data, known = path.read_bytes(), manifest(path)
    wrapped = embedded_document(data)
    if known["level"] == "N1":
        assert wrapped is not None
        assert wrapped.media_type == known["nonXMLBody_mediaType"]
        assert len(wrapped.content) == int(known["nonXML_pdf_check"].partition(":")[0])
        return
    assert wrapped is None
    files = embedded_files(data)
    assert len(files) == len([kind for kind in known["embedded_b64_mediaTypes"].split(",") if kind])
    assert all(found.problem is None and found.content for found in files)


@SAMPLE
def test_the_rows_of_a_published_header_are_readable(path: Path):
    rows = header_rows(read_header(path.read_bytes()))
    labels = [label for label, _ in rows]
    assert {"patient_name", "birth_date", "sex", "ins", "document_type", "date", "author", "custodian"} <= set(labels)
    assert all(isinstance(value, str | date) and value for _, value in rows)


def test_the_header_of_a_made_document_is_read():
    header = read_header(cda_document(related=RPLC))
    assert header.ins_ids == (PatientId("279035121518989", "1.2.250.1.213.1.4.10"),)
    assert header.local_ids == (PatientId("IPP-7", "1.2.3.4.5"),)
    assert header.patient.display_name == "ÈVE USAGE"
    assert header.replaces == ("1.2.3^v1",)
    assert (header.level, header.version, header.set_id) == (CdaLevel.N1, 1, "1.2.250.1.213.1.1.9.77")
    assert header.authors[0].display == "Paule MODÈLE, Cabinet A & B"


def test_names_without_qualifiers_are_taken_as_they_are():
    data = re.sub(rb' qualifier="(BR|CL)"', b"", cda_document())
    patient = read_header(data).patient
    assert (patient.birth_family, patient.birth_given, patient.used_family) == ("D’ESSAI", "ÈVE", "")


def test_the_entry_follows_the_mapping_of_the_header():
    data = cda_document(related=RPLC)
    entry = entry_from_cda(data, class_of=lambda code: Code("10", "1.2", code.code))
    assert entry.class_code == Code("10", "1.2", "11488-4")
    assert entry.format_code is not None
    assert entry.format_code.code == "urn:ihe:iti:xds-sd:pdf:2008"
    assert entry.creation_time == datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
    assert entry.service_start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert entry.facility_type == Code("SA07", "1.2.250.1.71.4.2.4")
    assert entry.practice_setting == Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9")
    assert entry.event_codes == (Code("QZQM001", "1.2.250.1.213.2.5"),)
    assert entry.source_patient_id == PatientId("IPP-7", "1.2.3.4.5")
    assert entry.patient_info("PID-5") == ("D’ESSAI^ÈVE^^^^^L", "USAGE^^^^^^D")
    assert (entry.size, entry.replaces_unique_id, entry.confidentiality) == (len(data), "1.2.3^v1", ("N",))
    assert entry.authors[0].role == "Correspondant"


def test_the_format_of_a_structured_document_comes_from_its_templates():
    data = narrative_document("x")
    asked = []
    entry_from_cda(data, format_of=lambda templates: asked.append(templates))
    assert asked == [("1.2.250.1.213.1.1.1.1",)]
    found = entry_from_cda(data).format_code
    assert found is not None
    assert found.code == "urn:asipSante:modelesHorsProfils:2011"


def test_a_self_presenting_document_is_read_and_its_stylesheet_left_alone():
    inner = cda_document().decode().partition("?>")[2]
    data = (
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
        f'<d:Contenu xmlns:d="urn:asip-sante:ci-sis">{inner}</d:Contenu><xsl:template match="/"/></xsl:stylesheet>'
    ).encode()
    header = read_header(data)
    assert header.self_presenting
    assert header.unique_id == "1.2.250.1.213.1.1.9.77.1"
    assert entry_from_cda(data).mime_type == "application/xslt+xml"
    wrapped = embedded_document(data)
    assert wrapped is not None
    assert wrapped.content == PDF


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        b'<ClinicalDocument xmlns="urn:other"/>',
        b'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>',
    ],
)
def test_other_xml_is_not_a_document(data: bytes):
    with pytest.raises(NotCda):
        read_header(data)


def test_an_empty_document_has_an_empty_header():
    header = read_header(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>')
    assert (header.unique_id, header.patient_ids, header.authors) == ("", (), ())
    assert header_rows(header) == []
    entry = entry_from_cda(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>')
    assert problems(entry)


def test_a_document_with_entities_is_refused():
    data = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + cda_document().partition(b"?>")[2]
    for reader in (read_header, embedded_document, embedded_files, entry_from_cda):
        with pytest.raises(XmlRefused):
            reader(data)


def wrapped(attributes: str, content: str) -> bytes:
    return cda_document(f"<nonXMLBody><text {attributes}>{content}</text></nonXMLBody>")


B64 = 'mediaType="application/pdf" representation="B64"'


@pytest.mark.parametrize(
    ("attributes", "content", "problem"),
    [
        (B64, "not base64!", BodyProblem.BAD_BASE64),
        (B64, "JVBERi0xLjc", BodyProblem.BAD_BASE64),
        (B64, "  ", BodyProblem.EMPTY),
        (B64, '<reference value="file.pdf"/>', BodyProblem.EXTERNAL),
        (B64, base64.b64encode(PNG).decode(), BodyProblem.MEDIA_TYPE_MISMATCH),
        (B64, base64.b64encode(b"\x00\x01\x02").decode(), BodyProblem.MEDIA_TYPE_MISMATCH),
        (f'{B64} compression="GZ"', base64.b64encode(PDF).decode(), BodyProblem.COMPRESSED),
        ('mediaType="text/html" representation="B64"', "PGI+", BodyProblem.UNSUPPORTED_MEDIA_TYPE),
        ('mediaType="text/plain"', "&lt;html&gt;&lt;script&gt;", BodyProblem.MEDIA_TYPE_MISMATCH),
        ('mediaType="image/png" representation="B64"', base64.b64encode(PDF).decode(), BodyProblem.MEDIA_TYPE_MISMATCH),
    ],
)
def test_a_wrapped_file_that_is_not_what_it_says_is_refused(attributes: str, content: str, problem: BodyProblem):
    with pytest.raises(BodyRefused) as caught:
        embedded_document(wrapped(attributes, content))
    assert caught.value.problem is problem


def test_a_wrapped_file_that_is_too_big_is_refused():
    data = wrapped(B64, base64.b64encode(PDF + b" " * 5000).decode())
    assert embedded_document(data) is not None
    with pytest.raises(BodyRefused) as caught:
        embedded_document(data, max_bytes=1000)
    assert caught.value.problem is BodyProblem.TOO_BIG


def test_a_plain_text_may_stand_as_it_is():
    found = embedded_document(wrapped('mediaType="text/plain"', "Bonjour, ça va ?"))
    assert found is not None
    assert (found.media_type, found.content.decode()) == ("text/plain", "Bonjour, ça va ?")


def test_one_bad_file_of_a_structured_document_does_not_hide_the_others():
    entries = media("a", "application/pdf", PNG) + media("b", "image/jpeg", PNG) + media("c", "application/pdf", PDF)
    files = embedded_files(narrative_document("x", entries))
    assert [(found.name, found.media_type, found.problem) for found in files] == [
        ("a", "application/pdf", BodyProblem.MEDIA_TYPE_MISMATCH),
        ("b", "image/png", None),
        ("c", "application/pdf", None),
    ]
    assert files[0].content == b""
