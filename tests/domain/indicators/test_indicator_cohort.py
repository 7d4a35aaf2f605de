"""The hospital's list of patients, as hospitals write it and as strangers might."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import Ins
from carnet.domain.indicators.cohort import MAX_BYTES, BadCohort, read_cohort, read_cohort_file
from carnet.domain.indicators.values import StayKind

INS = "279035121518989"
OTHER = "207058575627097"
HEADER = "ins,pathway,kind,stay_start,stay_end"


def read(*lines: str, header: str = HEADER, production: bool = False):
    return read_cohort("\n".join([header, *lines]).encode(), production=production)


def only_reason(*lines: str, **kwargs) -> str:
    found = read(*lines, **kwargs)
    assert not found.lines
    (bad,) = found.bad
    assert bad.number == 2
    return bad.reason


def test_a_line_is_read():
    (line,) = read(f"{INS},Bariatric surgery,stay,2026-10-03,2026-10-07").lines
    assert (line.number, line.ins, line.pathway) == (2, Ins(INS), "Bariatric surgery")
    assert (line.kind, line.start, line.end) == (StayKind.STAY, date(2026, 10, 3), date(2026, 10, 7))


def test_a_french_spreadsheet_with_semicolons_accents_and_capitals_is_read():
    header = "INS;Parcours;NATURE;Date d\u00e9but;Date Fin"
    text = f"{header}\r\n2 79 03 51 215 189 89;Chirurgie;S\u00e9jour;3/10/2026;07/10/2026\r\n"
    for content in (text.encode("cp1252"), text.encode(), text.encode("utf-8-sig"), ("sep=;\r\n" + text).encode()):
        (line,) = read_cohort(content, production=False).lines
        assert (line.ins, line.kind, line.start, line.end) == (INS, StayKind.STAY, date(2026, 10, 3), date(2026, 10, 7))


def test_the_order_of_the_columns_is_free_and_others_are_passed_over():
    (line,) = read(f"x,2026-10-01,{INS},,A,consultation", header="unit,stay_start,ins,stay_end,pathway,kind").lines
    assert (line.start, line.end, line.pathway) == (date(2026, 10, 1), None, "A")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{INS[:14]}0,A,stay,2026-10-03,2026-10-07", "ins: the key does not match the number"),
        (",A,stay,2026-10-03,2026-10-07", "ins: empty"),
        (f"{INS[:13]},A,stay,2026-10-03,2026-10-07", "ins: 15 characters are expected (13 and a key of 2)"),
        ("abcdefghijklmno,A,stay,2026-10-03,2026-10-07", "ins: not the structure of an INS"),
        (
            "2.79035E+14,A,stay,2026-10-03,2026-10-07",
            "ins: a spreadsheet has rounded the number; export the column as text",
        ),
        (f"{INS},,stay,2026-10-03,2026-10-07", "pathway: empty"),
        (f"{INS},{'A' * 101},stay,2026-10-03,2026-10-07", "pathway: at most 100 characters"),
        (f"{INS},A\x1b[31m,stay,2026-10-03,2026-10-07", "pathway: holds characters that cannot be printed"),
        (f"{INS},A,visit,2026-10-03,2026-10-07", "kind: stay, consultation or emergency is expected"),
        (f"{INS},A,stay,,2026-10-07", "stay_start: empty"),
        (f"{INS},A,stay,2026-02-30,2026-10-07", "stay_start: a date is written 2026-10-31 or 31/10/2026"),
        (f"{INS},A,stay,10/31/2026,2026-10-07", "stay_start: a date is written 2026-10-31 or 31/10/2026"),
        (f"{INS},A,stay,0026-10-03,2026-10-07", "stay_start: a date is written 2026-10-31 or 31/10/2026"),
        (f"{INS},A,stay,2026-10-03,soon", "stay_end: a date is written 2026-10-31 or 31/10/2026"),
        (f"{INS},A,stay,2026-10-07,2026-10-03", "stay_end: before stay_start"),
        (f"{INS},A,consultation,2026-10-03,2026-10-04", "stay_end: a consultation ends on the day when it starts"),
        (f"{INS},A,stay,2026-10-03", "5 columns are expected, here are 4"),
        (f"{INS},A,stay,2026-10-03,2026-10-07,more", "5 columns are expected, here are 6"),
    ],
)
def test_a_line_that_cannot_be_used_says_which_and_why_and_quotes_nothing(line, reason):
    assert only_reason(line) == reason
    assert INS[:13] not in reason


def test_good_lines_are_kept_beside_bad_ones_and_numbers_are_those_of_the_file():
    found = read(
        "",
        f"{INS},A,stay,2026-10-03,2026-10-07",
        ",,,,",
        "no,A,stay,2026-10-03,2026-10-07",
        f"{OTHER},A,stay,2026-10-03,",
    )
    assert [line.number for line in found.lines] == [3, 6]
    assert [bad.number for bad in found.bad] == [5]


def test_a_line_repeated_is_counted_once_and_another_stay_is_not_a_repetition():
    line = f"{INS},A,stay,2026-10-03,2026-10-07"
    found = read(line, line.replace(",A,", ", a ,"), f"{INS},A,stay,2026-10-13,2026-10-17")
    assert (len(found.lines), found.duplicates) == (2, 1)


def test_a_pathway_keeps_its_first_spelling():
    found = read(f"{INS},Chirurgie  AMBULATOIRE,stay,2026-10-03,", f"{OTHER},chirurgie ambulatoire,stay,2026-10-03,")
    assert found.pathways == ("Chirurgie AMBULATOIRE",)


def test_an_emergency_needs_no_pathway_and_makes_none():
    found = read(f"{INS},,urgences,2026-10-03,")
    assert (found.lines[0].kind, found.pathways) == (StayKind.EMERGENCY, ())


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-31T23:30:00Z", date(2026, 11, 1)),
        ("2026-10-31T22:30:00+00:00", date(2026, 10, 31)),
        ("2026-09-30 22:30:00+0000", date(2026, 10, 1)),
        ("2026-10-31T23:59", date(2026, 10, 31)),
        ("31/10/2026 23:59", date(2026, 10, 31)),
        ("1/11/2026", date(2026, 11, 1)),
    ],
)
def test_a_time_behind_the_date_is_read_as_a_day_of_paris(text, day):
    assert read(f"{INS},A,stay,2026-09-01,{text}").lines[0].end == day


@pytest.mark.parametrize(
    ("oid", "production", "reason"),
    [
        ("1.2.250.1.213.1.4.8", False, "oid: a real identity, refused outside production"),
        ("1.2.250.1.213.1.4.10", True, "oid: a test identity, refused in production"),
        ("1.2.3", False, "oid: not the OID of an authority of the INS"),
        ("1.2.250.1.213.1.4.10", False, None),
        ("1.2.250.1.213.1.4.9", True, None),
        ("", True, None),
    ],
)
def test_the_authority_of_a_number_is_the_one_of_this_mode(oid, production, reason):
    found = read(f"{INS},A,stay,2026-10-03,,{oid}", header=f"{HEADER},oid", production=production)
    assert [bad.reason for bad in found.bad] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "header lacks ins, pathway, kind, stay_start, stay_end"),
        (b"ins,pathway,kind,stay_start\n", "header lacks stay_end"),
        (b"ins,pathway,kind,stay_start,stay_end,INS\n", "names a column twice"),
        ("ins,pathway".encode("utf-16"), "header lacks kind, stay_start, stay_end"),
        (b"ins,pathway,kind,stay_start,stay_end\n\x81\x8d\xff\n", "neither UTF-8, UTF-16 nor cp1252"),
        (b'ins,pathway,kind,stay_start,stay_end\n"open', "line 2: not CSV"),
        (b"ins,pathway,kind,stay_start,stay_end\n" + b"a" * 200_000, "line 2: not CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_words(content, words):
    with pytest.raises(BadCohort, match=words):
        read_cohort(content, production=False)


def test_a_list_with_a_header_only_is_an_empty_one():
    assert read().lines == ()


def test_too_many_bad_lines_end_the_reading():
    with pytest.raises(BadCohort, match="more than 10000 lines cannot be used"):
        read(*(["x,A,stay,2026-10-03,"] * 10_001))


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path):
    with pytest.raises(BadCohort, match="No such file"):
        read_cohort_file(tmp_path / "absent.csv", production=False)
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadCohort, match="larger than 200 MB"):
        read_cohort_file(large, production=False)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode())))
def test_whatever_the_bytes_the_answer_is_a_list_or_a_refusal(content):
    try:
        found = read_cohort(content, production=False)
    except BadCohort:
        return
    assert all(line.start.year >= 1900 for line in found.lines)
