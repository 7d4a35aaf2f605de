import io
import stat
import struct
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_documents import cda_document

from carnet.domain.record.xdm import XdmLimits, XdmPackage, XdmProblem, read_xdm, xdm_for_cda

GOOD = xdm_for_cda(cda_document())


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def refusal(data: bytes, limits: XdmLimits | None = None) -> XdmProblem:
    package = read_xdm(data, limits) if limits else read_xdm(data)
    assert package.refused
    assert package.documents == ()
    (finding,) = package.findings
    assert finding.problem.sentence
    return finding.problem


@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-1.7", b"<xml/>", b"\x00" * 1000])
def test_what_is_no_zip_is_told(data: bytes):
    assert refusal(data) is XdmProblem.NOT_A_ZIP


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_damaged(kept: float):
    assert refusal(GOOD[: int(len(GOOD) * kept)]) is XdmProblem.DAMAGED


@pytest.mark.parametrize(
    "name",
    [
        "../evil.xml",
        "IHE_XDM/../../evil.xml",
        "/etc/passwd",
        "IHE_XDM\\SUBSET01\\METADATA.XML",
        "..\\evil.xml",
        "C:/evil.xml",
        "IHE_XDM//METADATA.XML",
        "./a",
        "a\nb",
        "a\u202eb",
    ],
)
def test_a_name_that_leads_outside_is_refused(name: str):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    assert refusal(zipped((info, b"x"))) is XdmProblem.UNSAFE_PATH


def test_a_name_cut_by_a_null_is_refused():
    data = zipped(("DOC.XML?.TXT", b"x")).replace(b"DOC.XML?.TXT", b"DOC.XML\x00.TXT")
    assert refusal(data) is XdmProblem.UNSAFE_PATH


def test_a_symbolic_link_is_refused():
    info = zipfile.ZipInfo("IHE_XDM/SUBSET01/DOC0001.XML")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refusal(zipped((info, b"/etc/passwd"))) is XdmProblem.SYMLINK


def test_an_encrypted_archive_is_refused():
    data = bytearray(zipped(("a.xml", b"x")))
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert refusal(bytes(data)) is XdmProblem.ENCRYPTED


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused_whatever_their_case():
    assert refusal(zipped(("a.xml", b"x"), ("a.xml", b"y"))) is XdmProblem.DUPLICATE_NAME
    assert refusal(zipped(("a.xml", b"x"), ("A.XML", b"y"))) is XdmProblem.DUPLICATE_NAME


def test_other_compressions_are_refused():
    assert refusal(zipped(("a.xml", b"x" * 100), method=zipfile.ZIP_BZIP2)) is XdmProblem.UNSUPPORTED
    assert refusal(zipped(("a.xml", b"x" * 100), method=zipfile.ZIP_LZMA)) is XdmProblem.UNSUPPORTED


def test_too_many_files_are_refused():
    many = zipped(*((f"{number}.xml", b"") for number in range(600)))
    assert refusal(many) is XdmProblem.TOO_MANY_FILES
    # The same when the end record lies about their number.
    end = many.rindex(b"PK\x05\x06")
    lying = many[: end + 8] + struct.pack("<HH", 1, 1) + many[end + 12 :]
    assert refusal(lying) is XdmProblem.TOO_MANY_FILES


def test_a_large_index_is_refused_before_it_is_read():
    limits = XdmLimits(max_index=100)
    assert refusal(GOOD, limits) is XdmProblem.TOO_MANY_FILES


def test_sizes_are_bounded_one_by_one_and_together():
    content = b"<a>" + b"x" * 5000 + b"</a>"
    data = zipped(*((f"{number}.xml", content) for number in range(4)))
    assert refusal(data, XdmLimits(max_archive=100)) is XdmProblem.TOO_BIG
    assert refusal(data, XdmLimits(max_file=1000)) is XdmProblem.TOO_BIG
    assert refusal(data, XdmLimits(max_total=15_000)) is XdmProblem.TOO_BIG
    assert not read_xdm(data, XdmLimits(max_file=6000, max_total=21_000)).refused


def test_a_bomb_is_refused_by_its_ratio():
    bomb = zipped(("IHE_XDM/SUBSET01/METADATA.XML", b" " * 15_000_000))
    assert len(bomb) < 20_000
    assert refusal(bomb) is XdmProblem.BOMB


def test_a_bomb_that_lies_about_its_size_is_refused():
    bomb = bytearray(zipped(("IHE_XDM/SUBSET01/METADATA.XML", b" " * 15_000_000)))
    local, central = bomb.index(b"PK\x03\x04"), bomb.index(b"PK\x01\x02")
    bomb[local + 22 : local + 26] = struct.pack("<I", 100)
    bomb[central + 24 : central + 28] = struct.pack("<I", 100)
    assert refusal(bytes(bomb)) is XdmProblem.DAMAGED


def test_a_bomb_that_lies_about_what_it_takes_is_refused():
    bomb = bytearray(zipped(("IHE_XDM/SUBSET01/METADATA.XML", b" " * 15_000_000)))
    central = bomb.index(b"PK\x01\x02")
    bomb[central + 20 : central + 24] = struct.pack("<I", 14_000_000)
    assert refusal(bytes(bomb), XdmLimits(max_file=16_000_000)) in (XdmProblem.DAMAGED, XdmProblem.BOMB)


def test_a_damaged_file_is_told():
    data = bytearray(GOOD)
    name = b"IHE_XDM/SUBSET01/DOC0001.XML"
    start = data.index(name) + len(name)
    data[start + 20 : start + 40] = b"\xff" * 20
    assert refusal(bytes(data)) is XdmProblem.DAMAGED


def test_an_archive_in_an_archive_is_not_opened():
    bomb = zipped(("x", b" " * 15_000_000))
    package = read_xdm(zipped(("IHE_XDM/SUBSET01/INNER.ZIP", bomb), method=zipfile.ZIP_STORED))
    assert package.problems == {XdmProblem.NO_METADATA, XdmProblem.NO_DOCUMENT}


def test_a_zip64_archive_is_refused():
    data = zipped(("a.xml", b"x"))
    end = data.rindex(b"PK\x05\x06")
    assert refusal(data[:end] + b"PK\x06\x07" + b"\x00" * 16 + data[end:]) is XdmProblem.UNSUPPORTED


def test_every_problem_has_a_sentence():
    assert all(problem.sentence.endswith(".") for problem in XdmProblem)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
@example(b"PK\x05\x06" + b"\x00" * 18)
def test_any_bytes_give_a_package(data: bytes):
    for candidate in (data, b"PK\x03\x04" + data, data + GOOD[-22:], GOOD[:200] + data + GOOD[-300:]):
        assert isinstance(read_xdm(candidate), XdmPackage)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.booleans(),
)
def test_an_archive_with_changed_bytes_gives_a_package(changes: list[tuple[int, int]], in_index: bool):
    data = bytearray(GOOD)
    index = data.index(b"PK\x01\x02")
    for position, value in changes:
        # Half of the time the index is aimed at: it is short, and where a reader is led astray.
        data[index + position % (len(data) - index) if in_index else position] = value
    package = read_xdm(bytes(data))
    assert package.documents or package.findings
    assert len(package.documents) == len(package.headers)
