from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.record.xml_safety import (
    MalformedXml,
    UnsafeXml,
    XmlReason,
    XmlRefused,
    each_element,
    parse_xml,
    root_name,
)

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><a>&d;</a>"""


def reason(data: bytes, **bounds: int) -> XmlReason:
    with pytest.raises(XmlRefused) as caught:
        parse_xml(data, **bounds)
    return caught.value.reason


def test_plain_xml_is_read_without_comments_and_instructions():
    root = parse_xml(b"<?xml version='1.0'?><!-- x --><?go?><a><!-- y --><b>1<!-- z -->2</b></a>")
    assert root.tag == "a"
    assert [child.tag for child in root] == ["b"]
    assert root[0].text == "12"


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0"?>\n<!-- c --><?pi?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b"\xef\xbb\xbf<!DOCTYPE a><a/>",
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
    ],
    ids=["billion laughs", "external dtd", "external entity", "behind a mark", "in utf-16"],
)
def test_a_doctype_is_refused_wherever_it_hides(data: bytes):
    assert reason(data) is XmlReason.DOCTYPE


def test_the_document_behind_a_doctype_is_never_parsed_for_its_entities():
    with pytest.raises(UnsafeXml):
        parse_xml(LAUGHS)


def test_an_entity_without_a_doctype_is_not_well_formed():
    assert reason(b"<a>&unknown;</a>") is XmlReason.SYNTAX


def test_nesting_is_bounded():
    def nested(depth: int) -> bytes:
        return b"<a>" * depth + b"</a>" * depth

    assert parse_xml(nested(100)).tag == "a"
    assert reason(nested(101)) is XmlReason.TOO_DEEP
    assert reason(nested(50_000)) is XmlReason.TOO_DEEP


def test_size_and_markup_are_bounded():
    assert reason(b"<a>" + b"x" * 100 + b"</a>", max_bytes=50) is XmlReason.TOO_BIG
    assert reason(b"<a>" + b"<b/>" * 100 + b"</a>", max_markup=50) is XmlReason.TOO_MUCH_MARKUP
    many = b"".join(b' a%d=""' % number for number in range(300))
    assert reason(b"<a" + many + b"/>", max_markup=50) is XmlReason.TOO_MUCH_MARKUP
    assert reason(b"<a>" + b"x" * 11_000_000 + b"</a>") is XmlReason.TOO_BIG


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0" encoding="UTF-8"?><a>\xe9</a>',
        b'<?xml version="1.0" encoding="EBCDIC-CP-FR"?><a/>',
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"\xff\xfe\x00\x00<\x00\x00\x00",
        b"<\x00a\x00/\x00>\x00",
    ],
    ids=["not utf-8", "ebcdic", "utf-7", "utf-32", "utf-16 without mark"],
)
def test_a_bad_encoding_is_told(data: bytes):
    assert reason(data) is XmlReason.ENCODING


def test_other_encodings_of_the_field_are_read():
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1")
    assert parse_xml(latin).text == "é"
    assert parse_xml('<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16")).text == "é"


def test_the_error_names_the_line_and_no_content():
    with pytest.raises(MalformedXml) as caught:
        parse_xml(b"<a>\n<secret-name>\n</a>")
    assert caught.value.line == 3
    assert "secret" not in str(caught.value)
    assert "line 3" in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_root_is_named_without_parsing():
    assert root_name(b"<?xml version='1.0'?><!-- <x> --><c:ClinicalDocument xmlns:c='u'/>") == "ClinicalDocument"
    assert root_name(b"<!DOCTYPE html><html/>") is None
    assert root_name(b"not xml") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes):
    for candidate in (data, b"<a>" + data + b"</a>", b"<?xml" + data):
        with suppress(XmlRefused):
            assert parse_xml(candidate).tag
        root_name(candidate)


def test_a_long_table_is_read_element_by_element_with_the_same_refusals():
    rows = each_element(b"<t xmlns='u'>" + b"<r><c>1</c></r>" * 1000 + b"</t>", "r")
    assert [row[0].text for row in rows] == ["1"] * 1000
    for data, why in (
        (LAUGHS, XmlReason.DOCTYPE),
        (b"<a><b></a>", XmlReason.SYNTAX),
        (b"", XmlReason.EMPTY),
        (b"<a>" + b"<b/>" * 20 + b"</a>", XmlReason.TOO_MUCH_MARKUP),
        (b"<a>" + b"x" * 2000 + b"</a>", XmlReason.TOO_BIG),
    ):
        with pytest.raises(XmlRefused) as caught:
            list(each_element(data, "b", max_bytes=1000, max_markup=15))
        assert caught.value.reason is why
