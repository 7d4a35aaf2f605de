"""Spreadsheets that establishments send and take: CSV and XLSX to named rows, tables to CSV and XLSX. Pure."""

from carnet.domain.pathways.spreadsheet.csv_text import decode_text, records, separator_hint
from carnet.domain.pathways.spreadsheet.files import MAX_BYTES, BadFile, FileProblem
from carnet.domain.pathways.spreadsheet.reading import Column, SheetFile, read_sheet_file
from carnet.domain.pathways.spreadsheet.writing import csv_of, harmless, xlsx_of

__all__ = [
    "MAX_BYTES",
    "BadFile",
    "Column",
    "FileProblem",
    "SheetFile",
    "csv_of",
    "decode_text",
    "harmless",
    "read_sheet_file",
    "records",
    "separator_hint",
    "xlsx_of",
]
