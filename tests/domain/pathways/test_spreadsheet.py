"""Spreadsheets that hospitals send, honest and hostile; openpyxl is the foreign program that writes and reads them."""

import csv
import io
import re
import unicodedata
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime, time

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.styles import NamedStyle

from carnet.domain.pathways.spreadsheet import BadFile, FileProblem, csv_of, read_sheet_file, xlsx_of
from carnet.domain.pathways.values import MAX_LINES, LineReason, SheetRow

INS = "279035121518989"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def altered(content: bytes, part: str, change) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            read = old.read(name)
            new.writestr(name, change(read) if name == part else read)
    return out.getvalue()


def problem(content: bytes, **asked: object) -> BadFile:
    with pytest.raises(BadFile) as caught:
        read_sheet_file(content, **asked)
    return caught.value


def cells(content: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_sheet_file(content).rows]


@pytest.mark.parametrize(
    "content",
    [
        f"ins;prenom\r\n{INS};Zoé\r\n".encode(),
        f"\ufeffins,prenom\n{INS},Zoé\n".encode(),
        f"INS\tPrénom\n{INS}\tZoé".encode("cp1252"),
        f"Matricule INS;Prénom\n{INS};Zoé".encode("utf-16"),
        f"sep=;\r\nins;prenom\r\n{INS};Zoé\r\n".encode(),
        f'"N° INS patient";"Premier prénom"\n"{INS}";"Zoé"\n'.encode(),
        f"Convocations du 3 mars;;\n;;\nIns;PRENOM;\n{INS};Zoé;\n".encode(),
        workbook(["INS", "Prénom"], [INS, "Zoé"]),
        workbook(["Liste"], [], ["ins", "prenom"], [int(INS), "Zoé"]),
    ],
    ids=[
        "utf-8",
        "mark",
        "cp1252 and tabs",
        "utf-16",
        "hint",
        "quotes and small words",
        "title",
        "xlsx",
        "xlsx number",
    ],
)
def test_a_list_is_read_however_it_was_saved(content):
    assert cells(content) == [{"ins": INS, "prenom": "Zoé"}]


def test_lines_bear_the_numbers_that_a_person_sees():
    text = f'sep=;\nins;prenom\n\n{INS};"a\nb"\n\n{INS};c\n'
    assert [row.number for row in read_sheet_file(text.encode()).rows] == [4, 7]
    book = workbook(["titre"], [], ["ins"], [INS], [], [INS])
    assert [row.number for row in read_sheet_file(book).rows] == [4, 6]


def test_what_a_person_sees_in_a_cell_is_what_is_read():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ins", "entree", "rdv", "heure", "taille", "code", "montant", "oui", "texte", "science"])
    sheet.append(
        [
            INS,
            date(2026, 10, 31),
            datetime(2026, 3, 1, 8, 30, tzinfo=UTC).replace(tzinfo=None),
            time(14, 5),
            12.1,
            7,
            1250,
            True,
            " x ",
            0.5,
        ]
    )
    sheet["F2"].number_format = "00000"
    sheet["G2"].number_format = '#,##0.00 "jours"'
    sheet["J2"].number_format = "0.00E+00"
    sheet["B2"].number_format = "[$-40C]d\\ mmmm\\ yyyy;@"
    assert cells(saved(book)) == [
        {"ins": INS, "date_entree": "31/10/2026", "date_rdv": "01/03/2026 08:30", "heure_rdv": "14:05",
         "taille": "12,1", "code": "00007", "montant": "1250", "oui": "oui", "texte": "x", "science": "0,5"}
    ]  # fmt: skip


def test_both_calendars_of_spreadsheets_give_the_same_day():
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["ins", "entree"])
    book.active.append([INS, date(2026, 10, 31)])
    content = saved(book)
    assert b"date1904" in zipfile.ZipFile(io.BytesIO(content)).read("xl/workbook.xml")
    assert cells(content)[0]["date_entree"] == "31/10/2026"


def test_a_number_that_the_spreadsheet_has_rounded_is_seen_to_be():
    assert cells(workbook(["ins"], [2_790_351_215_189_890]))[0]["ins"] == "2,79035E+15"
    assert cells(b"ins\n2.79E+14\n")[0]["ins"] == "2.79E+14"


def test_a_formula_gives_the_value_that_was_kept_and_never_computes():
    book = workbook(["ins", "prenom"], [INS, '=HYPERLINK("http://evil.test","x")'], [INS, "#N/A"])
    (first, second) = read_sheet_file(book).rows
    assert first.faults == second.faults == (("prenom", LineReason.NO_VALUE),)
    kept = altered(book, SHEET, lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>12</v>", xml))
    assert read_sheet_file(kept).rows[0].cells["prenom"] == "12"


def test_faults_stay_with_their_line_and_column():
    text = "ins;prenom;nom\n" + "1;a\n" + "2;b;c;d\n" + f"3;{'x' * 5000};y\n" + "4;a\x07;b\n" + "5;;\n"
    rows = read_sheet_file(text.encode()).rows
    assert [row.faults for row in rows] == [
        (("", LineReason.WRONG_WIDTH),),
        (("", LineReason.WRONG_WIDTH),),
        (("prenom", LineReason.TOO_LONG),),
        (("prenom", LineReason.UNPRINTABLE),),
        (),
    ]
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]


def test_columns_are_told_known_or_not_and_those_without_a_heading_are_left_out():
    found = read_sheet_file(workbook(["N° de séjour", "INS", None, "Médecin traitant"], ["1", INS, "x", "Dr"]))
    assert [(one.letter, one.name, one.known) for one in found.columns] == [
        ("A", "numero_sejour", True),
        ("B", "ins", True),
        ("D", "medecin_traitant", False),
    ]
    assert found.unnamed == ("C",)
    assert found.columns[2].heading == "Médecin traitant"


def test_lines_that_the_spreadsheet_hides_are_told_and_hidden_sheets_are_not_read():
    book = openpyxl.Workbook()
    book.active.title, book.active.sheet_state = "Notes", "hidden"
    shown = book.create_sheet("Patients")
    for row in (["ins"], [INS], [INS]):
        shown.append(row)
    shown.row_dimensions[3].hidden = True
    book.active = 1
    found = read_sheet_file(saved(book))
    assert (found.sheet, found.other_sheets, found.hidden, len(found.rows)) == ("Patients", 1, 1, 2)


@pytest.mark.parametrize(
    ("content", "code", "line", "columns"),
    [
        (b"", FileProblem.EMPTY, 0, ()),
        (b" \n\n", FileProblem.EMPTY, 0, ()),
        (b"\x81\x8d\xff", FileProblem.NOT_TEXT, 0, ()),
        (b"ins\x00;prenom\n", FileProblem.NOT_TEXT, 0, ()),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, FileProblem.OLD_EXCEL, 0, ()),
        (b"%PDF-1.7\n", FileProblem.OTHER_FORMAT, 0, ()),
        (b"nom;prenom\nx;y\n", FileProblem.COLUMN_MISSING, 0, ("ins",)),
        (b"ins;INS\n1;2\n", FileProblem.COLUMN_TWICE, 1, ("A", "B")),
        (b'ins;prenom\n1;"open\n', FileProblem.NOT_CSV, 2, ()),
        (b"ins\n" + b"1\n" * (MAX_LINES + 20), FileProblem.TOO_MANY_LINES, 0, ()),
        (b"ins" + b";x" * 200 + b"\n", FileProblem.TOO_MANY_COLUMNS, 1, ()),
        (b"PK\x03\x04 not a zip", FileProblem.DAMAGED, 0, ()),
        (workbook(["nom"], ["x"]), FileProblem.COLUMN_MISSING, 0, ("ins",)),
        (workbook(["ins", "Matricule INS"], [INS, INS]), FileProblem.COLUMN_TWICE, 1, ("A", "B")),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_with_where_and_why(content, code, line, columns):
    found = problem(content)
    assert (found.problem, found.line, found.columns) == (code, line, columns)


def test_refusals_quote_nothing_of_the_file():
    for content in (f'ins;prenom\n{INS};"Zoé'.encode(), f"nom\n{INS}".encode()):
        assert INS not in str(problem(content))
        assert "Zo" not in str(problem(content))


def as_excel_writes(texts: bytes) -> bytes:
    """A workbook whose texts are in a table of their own."""
    out = io.BytesIO()
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
    )
    kind = b'<Relationship Id="%s" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/%s" Target="%s"/>'
    parts = {
        "[Content_Types].xml": b'<Types><Default ContentType="x.spreadsheetml.y"/></Types>',
        "_rels/.rels": relations % (kind % (b"a", b"officeDocument", b"xl/workbook.xml")),
        "xl/workbook.xml": b'<workbook xmlns:r="x"><sheets><sheet name="F" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations
        % (kind % (b"a", b"worksheet", b"s.xml") + kind % (b"b", b"sharedStrings", b"t.xml")),
        "xl/s.xml": b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
        b'<row><c t="s"><v>2</v></c><c/><c t="s"><v>99</v></c></row></sheetData></worksheet>',
        "xl/t.xml": b"<sst>%s</sst>" % texts,
    }
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_texts_kept_apart_are_read_in_their_pieces():
    rich = f"<si><r><t>{INS[:5]}</t></r><r><t xml:space='preserve'>{INS[5:]} </t></r><rPh><t>x</t></rPh></si>"
    content = as_excel_writes(f"<si><t>INS</t></si><si><t>Pr\u00e9_x0065_nom</t></si>{rich}".encode())
    (row,) = read_sheet_file(content).rows
    assert (row.number, dict(row.cells)) == (2, {"ins": INS, "preenom": ""})
    assert row.faults == (("preenom", LineReason.NO_VALUE),)
    assert problem(as_excel_writes(b"<si>&x;</si>")).problem is FileProblem.DAMAGED


def test_other_archives_are_not_spreadsheets():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert problem(out.getvalue()).problem is FileProblem.OTHER_FORMAT


HONEST = workbook(["ins", "prenom"], [INS, "Zoé"])


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (SHEET, lambda xml: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + xml.replace(b"Zo", b"&x;")),
        ("xl/styles.xml", lambda xml: b'<!DOCTYPE a [<!ENTITY x "ha">]>' + xml),
        ("xl/workbook.xml", lambda xml: b"<!DOCTYPE a>" + xml),
        (SHEET, lambda xml: xml[:-40]),
        (SHEET, lambda xml: xml.replace(b"</sheetData>", b"<row/>" * 3_100_000 + b"</sheetData>")),
        (SHEET, lambda xml: b" " * 70_000_000),
        ("xl/_rels/workbook.xml.rels", lambda xml: xml.replace(b"worksheets/sheet1.xml", b"../../../etc/passwd")),
    ],
    ids=["external entity", "entity in styles", "doctype", "cut", "too much markup", "bomb", "path out of the archive"],
)
def test_a_hostile_workbook_is_refused(part, change):
    hostile = altered(HONEST, part, change)
    assert problem(hostile).problem in (FileProblem.DAMAGED, FileProblem.NO_SHEET)
    assert cells(HONEST) == [{"ins": INS, "prenom": "Zoé"}]


def test_two_cells_at_the_ends_of_a_sheet_cost_nothing():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["XFD1048576"] = "ins", INS, "x"
    assert problem(saved(book)).problem is FileProblem.TOO_MANY_COLUMNS
    book.active["XFD1048576"] = None
    book.active["B1048576"] = "x"
    assert [row.number for row in read_sheet_file(saved(book)).rows] == [2, 1_048_576]


def test_a_target_outside_the_file_is_not_followed():
    outside = altered(
        HONEST,
        "xl/_rels/workbook.xml.rels",
        lambda xml: xml.replace(b'"/xl/worksheets/sheet1.xml"', b'"http://evil.test/" TargetMode="External"'),
    )
    assert outside != HONEST
    assert problem(outside).problem is FileProblem.NO_SHEET


@pytest.mark.parametrize("text", ["=1+1", "+33 6", "-5", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_text_of_an_export_begins_like_a_formula(text):
    (_, row) = csv.reader(io.StringIO(csv_of(["nom"], [[text]]).decode("utf-8-sig"), newline=""), delimiter=";")
    (cell,) = row
    assert cell.startswith("'")
    assert cell.replace("'", "") == text
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(["nom"], [[text]], name="x"))).active
    assert sheet["A2"].data_type == "s"


def test_an_export_keeps_days_moments_numbers_and_blanks():
    at = datetime(2026, 10, 31, 8, 30, tzinfo=UTC)
    row = [INS, date(2026, 1, 5), at, -3, None, "a;b\n«c»"]
    read = openpyxl.load_workbook(io.BytesIO(xlsx_of(list("abcdef"), [row], name="Suivi: [1]"))).active
    assert [cell.value for cell in read[2]] == [
        INS, datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None), at.replace(tzinfo=None), -3, None, "a;b\n«c»",
    ]  # fmt: skip
    assert read.title == "Suivi   1"
    text = csv_of(list("abcdef"), [row]).decode("utf-8-sig")
    assert text.splitlines()[1:] == [f'{INS};05/01/2026;31/10/2026 08:30;-3;;"a;b', '«c»"']


def test_named_styles_and_numbers_of_styles_that_do_not_exist_are_no_trouble():
    book = openpyxl.load_workbook(io.BytesIO(HONEST))
    book.add_named_style(NamedStyle("jour", number_format="dd/mm/yyyy"))
    book.active["B2"] = 46_326
    book.active["B2"].style = "jour"
    assert cells(saved(book))[0]["prenom"] == "31/10/2026"
    odd = altered(saved(book), SHEET, lambda xml: xml.replace(b's="1"', b's="999"').replace(b's="2"', b's="999"'))
    assert cells(odd)[0]["prenom"] == "46326"


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=30).map(str.strip)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
@example([(";=", "a'b")])
def test_what_is_exported_reads_back_the_same(rows):
    wanted = [SheetRow(number, {"ins": INS, "nom_naissance": a, "note": b}) for number, (a, b) in enumerate(rows, 2)]
    table = [[INS, a, b] for a, b in rows]
    read = read_sheet_file(xlsx_of(["ins", "nom", "note"], table, name="x")).rows
    assert [_composed(row) for row in read] == [_composed(row) for row in wanted]
    csv_rows = read_sheet_file(csv_of(["ins", "nom", "note"], table)).rows
    for row, (a, b) in zip(csv_rows, rows, strict=True):
        for cell, given_text in (("nom_naissance", a), ("note", b)):
            # But for the apostrophes before what a spreadsheet would take for a formula.
            assert _composed_text(row.cells[cell]).replace("'", "") == _composed_text(given_text).replace("'", "")


def _composed(row: SheetRow) -> tuple[int, list[str]]:
    return row.number, [_composed_text(text) for text in row.cells.values()]


def _composed_text(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" \t\n\u00a0\u202f\ufeff")


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300) | st.text(alphabet='ins;,"\n\r\tA1é=', max_size=80).map(str.encode), st.booleans())
def test_any_bytes_are_a_table_or_a_bad_file(raw, as_sheet):
    content = altered(HONEST, SHEET, lambda xml: xml[:200] + raw + xml[200:]) if as_sheet else raw
    with suppress(BadFile):
        found = read_sheet_file(content)
        assert all(row.cells.keys() == {one.name for one in found.columns} for row in found.rows)
