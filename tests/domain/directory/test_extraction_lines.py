"""The extractions' columns found by name, their lines read or refused by name. No database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.bench.extractions import ACTIVITY_HEADER, MAILBOXES_HEADER, rpps
from carnet.domain.identity.values import luhn_is_valid


@pytest.fixture(scope="module")
def read(django_db_setup: None):
    """``read(header, **values)``: the values that a line of an extraction with this header gives."""
    from carnet.domain.directory.imports.columns import fold, read_header
    from carnet.domain.directory.imports.lines import reader

    def read(header: str, **values: str) -> dict[str, str]:
        layout = read_header(header.split("|"))
        fields = [""] * layout.width
        for name, value in values.items():
            fields[layout.places[name]] = value
        return reader(layout).read("|".join(fields).encode())

    assert fold("Libellé Voie (coord. structure)") == "libellevoiecoordstructure"
    return read


def test_the_two_extractions_are_told_apart_by_their_first_line():
    from carnet.domain.directory.imports.columns import Extraction, NotAnExtraction, read_header

    activity, boxes = read_header(ACTIVITY_HEADER.split("|")), read_header(MAILBOXES_HEADER.split("|"))
    assert (activity.extraction, activity.width) == (Extraction.ACTIVITY, 56)
    assert (boxes.extraction, boxes.width) == (Extraction.MAILBOXES, 31)
    for header in ("", "a|b|c", "Type de BAL|Adresse BAL", "Identifiant PP|Code profession|", "\ufeff" * 50, "|" * 500):
        with pytest.raises(NotAnExtraction):
            read_header(header.split("|"))


def test_columns_are_found_in_any_order_and_writing_and_new_ones_do_not_matter(read):
    names = [name for name in ACTIVITY_HEADER.split("|") if name]
    written = [name.upper().replace("É", "E").replace("(COORD. STRUCTURE)", "( Coord structure )") for name in names]
    header = "|".join(["Colonne nouvelle", *reversed(written)])
    assert read(header, family_name="MORVAN", postal_code="51000")["postal_code"] == "51000"
    older = "|".join(name for name in names if "savoir-faire" not in name and "fonction" not in name)
    assert read(older, family_name="MORVAN")["skill"] == ""
    assert read("Code Département (structure)|" + older, department="51")["department"] == "51"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\xff|", "not UTF-8"),
        (b"PER|x", "fields"),
        (b"|" * 60 + b"more", "fields"),
        (b"PER|a\x00b" + b"|" * 29, "control character"),
        (b"PER|" + b"x" * 1001 + b"|" * 29, "more than 1000"),
        (b"PER|x|8|" + b"9" * 65 + b"|" * 27, "id_number"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_reason_and_never_its_content(line, words):
    from carnet.domain.directory.imports.columns import read_header
    from carnet.domain.directory.imports.lines import BadLine, reader

    with pytest.raises(BadLine, match=words) as refused:
        reader(read_header(MAILBOXES_HEADER.split("|"))).read(line)
    assert "xxx" not in str(refused.value)


@given(line=st.binary(max_size=200))
def test_no_line_does_more_than_be_refused(line):
    from carnet.domain.directory.imports.columns import read_header
    from carnet.domain.directory.imports.lines import BadLine, reader
    from carnet.domain.directory.imports.mailboxes import mailbox_row

    reads = reader(read_header(MAILBOXES_HEADER.split("|")))
    try:
        row = mailbox_row(2, reads.read(line + b"|" * 31))
    except BadLine:
        return
    assert not any("\n" in value or "\t" in value for value in row)


@pytest.mark.parametrize(
    ("kind", "number", "kept"),
    [
        ("FINESS", "519999015", "1519999015"),
        ("1", "519999015", "1519999015"),
        ("1", "1519999015", "1519999015"),
        ("", "519999015", "1519999015"),
        ("", "1519999015", "1519999015"),
        ("SIRET", "49940088500020", "349940088500020"),
        ("3", "349940088500020", "349940088500020"),
        ("", "49940088500020", "349940088500020"),
        ("RPPS-rang", "10005531586003", "410005531586003"),
        ("ADELI rang", "75912415900", "075912415900"),
        ("", "C49940088500020", "C49940088500020"),
        ("", "", ""),
    ],
)
def test_a_structure_is_named_by_its_national_number_however_it_is_written(read, kind, number, kept):
    from carnet.domain.directory.imports.lines import mailbox_structure

    assert mailbox_structure(read(MAILBOXES_HEADER, structure_type=kind, structure_id=number)) == kept


@pytest.mark.parametrize(("kind", "number"), [("FINESS", "51"), ("SIRET", "519999015"), ("", "12-3"), ("", "5" * 20)])
def test_a_number_that_is_no_structure_is_refused(read, kind, number):
    from carnet.domain.directory.imports.lines import BadLine, mailbox_structure

    with pytest.raises(BadLine, match="structure_id"):
        mailbox_structure(read(MAILBOXES_HEADER, structure_type=kind, structure_id=number))


def test_the_structure_of_an_activity_is_its_finess_then_its_old_number_then_its_siret(read):
    from carnet.domain.directory.imports.lines import activity_structure

    siret = "85131528300016"
    for values, kept in (
        ({"finess": "519999015", "siret": siret, "technical_id": "F519999015"}, "1519999015"),
        ({"siret": siret, "technical_id": "R10100000328372", "old_id": f"3{siret}"}, f"3{siret}"),
        ({"technical_id": "C75912415900", "old_id": "075912415900"}, "075912415900"),
        ({"siret": siret, "technical_id": "C1"}, f"3{siret}"),
        ({"technical_id": "R10100000328372"}, "R10100000328372"),
        ({}, ""),
    ):
        assert activity_structure(read(ACTIVITY_HEADER, **values)) == kept


def test_a_professional_is_named_by_the_rpps_alone(read):
    from carnet.domain.directory.imports.lines import rpps_of

    for values, kept in (
        ({"id_type": "8", "id_number": "99700218912", "id_nat": "899700218912"}, "99700218912"),
        ({"id_type": "8", "id_number": "99700218912"}, "99700218912"),
        ({"id_type": "0", "id_number": "012600631", "id_nat": "0012600631"}, ""),
        ({"id_type": "3", "id_number": "519999015/123", "id_nat": "3519999015/123"}, ""),
    ):
        assert rpps_of(read(ACTIVITY_HEADER, **values)) == kept


@given(number=st.integers(0, 99_999_999))
def test_invented_professionals_have_numbers_with_their_key(number):
    assert len(rpps(number)) == 11
    assert luhn_is_valid(rpps(number))
