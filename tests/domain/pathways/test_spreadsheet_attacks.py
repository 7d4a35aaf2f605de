"""Spreadsheets made to cost much, or to compute where somebody opens what Carnet wrote."""

import csv
import io
import time

import openpyxl
import pytest

from carnet.domain.pathways.spreadsheet import BadFile, FileProblem, csv_of, read_sheet_file
from carnet.domain.pathways.spreadsheet.cells import Shown, shown_as

INS = "279035121518989"
FORMULA = '=HYPERLINK("http://mal.example";"x")'


@pytest.mark.parametrize(
    "before", ["Dupont,", "Dupont,  ", "Dupont\t", 'Dupont,"', "Dupont\n", "Dupont\r\n ", ",,", "a;b,"]
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_no_cell_of_an_export_is_a_formula_whichever_separator_the_spreadsheet_takes(before, separator):
    written = csv_of(["nom", "motif"], [[before + FORMULA, before + FORMULA]]).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(written, newline=""), delimiter=separator))
    assert not [cell for row in read for cell in row if cell.strip(' "').startswith(("=", "+", "-", "@"))], read


def test_a_format_of_numbers_that_never_ends_is_read_at_once():
    began = time.process_time()
    for code in ("[" * 200_000, "[h" * 100_000, '"' * 200_001, "m" * 200_000 + "s"):
        shown_as(200, code)
    assert time.process_time() - began < 1
    assert shown_as(200, '[$-40C]dd/mm/yyyy" à "hh:mm') is Shown.MOMENT


def test_one_long_text_that_a_million_cells_refer_to_is_refused():
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["ins", *(f"colonne {place}" for place in range(60))])
    for _ in range(200):
        sheet.append([INS, *("x" * 3_900 for _ in range(60))])
    out = io.BytesIO()
    book.save(out)
    assert len(out.getvalue()) < 200_000, "small as it comes"
    with pytest.raises(BadFile) as caught:
        read_sheet_file(out.getvalue())
    assert caught.value.problem is FileProblem.TOO_BIG
