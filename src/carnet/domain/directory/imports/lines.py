"""A line of an extraction as values, or what is wrong with it. Pure: bytes in, values out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from carnet.domain.directory.imports.columns import Layout, columns_of
from carnet.domain.identity.values import IdNatStruct, InvalidNumber

SEPARATOR = "|"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RPPS = re.compile(r"[0-9]{11}")
_STRUCTURE_ID = re.compile(r"[0-9A-Za-z]{1,63}")
_FINESS = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
_SIRET = re.compile(r"[0-9]{14}")

# « Type identifiant structure »: the code of TRE_G07, or its label in one of its writings.
_STRUCTURE_PREFIX = {
    "0": "0", "1": "1", "2": "2", "3": "3", "4": "4",
    "adelirang": "0", "adeli": "0", "finess": "1", "finessgeographique": "1", "finessjuridique": "1", "finesseg": "1",
    "finessej": "1", "siren": "2", "siret": "3", "rppsrang": "4", "rpps": "4",
}  # fmt: skip


class BadLine(ValueError):
    """What keeps a line out: the column, in the file's own words, and the reason. Never the value."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the lines of one file by its layout."""

    layout: Layout
    pick: Callable[[Sequence[str]], tuple[str, ...]]
    limits: tuple[tuple[str, int, bool], ...]
    names: tuple[str, ...]

    def read(self, line: bytes) -> dict[str, str]:
        """The values of a line by our names, stripped, cut where they are free text; raises ``BadLine``."""
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BadLine("", f"byte {error.start + 1} is not UTF-8") from None
        if _CONTROL.search(text):
            raise BadLine("", "a control character")
        fields = text.split(SEPARATOR)
        if len(fields) < self.layout.width or any(fields[self.layout.width :]):
            raise BadLine("", f"{len(fields)} fields, the first line announces {self.layout.width}")
        values = self.pick([*fields, ""])
        found: dict[str, str] = {}
        for (name, longest, free_text), value in zip(self.limits, values, strict=True):
            value = value.strip()
            if len(value) > longest:
                if not free_text:
                    raise BadLine(name, f"more than {longest} characters")
                value = value[:longest]
            found[name] = value
        return found

    def labels(self, line: bytes, found: dict[str, str], known: dict[tuple[str, str], str]) -> None:
        """Add to ``known`` the labels that the line gives to its codes."""
        wanted = [one for one in self.layout.labels if found[one[1]] and (one[0], found[one[1]]) not in known]
        if wanted:
            fields = line.decode("utf-8").split(SEPARATOR)
            for code_list, name, place in wanted:
                if label := fields[place].strip()[:200]:
                    known[code_list, found[name]] = label


def reader(layout: Layout) -> Reader:
    """The reader of a file with this layout; a column that the file lacks reads as empty."""
    columns = columns_of(layout.extraction)
    # One place past the last field: where ``read`` puts the empty text.
    places = [layout.places.get(column.name, -1) for column in columns]
    return Reader(
        layout,
        itemgetter(*places),
        tuple((column.name, column.longest, column.free_text) for column in columns),
        tuple(column.name for column in columns),
    )


def rpps_of(found: dict[str, str]) -> str:
    """The RPPS that a line names, empty when it names its professional by another number (ADELI, employer's …).

    A wrong key is no reason to refuse: the extraction itself has some.
    """
    national = found["id_nat"]
    if len(national) == 12 and national[0] == "8" and _RPPS.fullmatch(national[1:]):
        return national[1:]
    number = found["id_number"]
    if found["id_type"] in ("8", "RPPS", "") and _RPPS.fullmatch(number) and not national:
        return number
    return ""


def activity_structure(found: dict[str, str]) -> str:
    """The national identifier (IdNat_Struct) of the structure of an activity, empty when it names none.

    Its FINESS first; then the identifier that the extraction calls « ancien », which is of that form; then its SIRET.
    A structure with nothing but the Annuaire's own technical number keeps that one, a letter before digits.
    """
    finess = found["finess"]
    if finess:
        if not _FINESS.fullmatch(finess):
            raise BadLine("finess", "not a FINESS")
        return f"1{finess}"
    if found["old_id"]:
        try:
            return str(IdNatStruct(found["old_id"]))
        except InvalidNumber:
            pass
    if found["siret"]:
        if not _SIRET.fullmatch(found["siret"]):
            raise BadLine("siret", "not a SIRET")
        return f"3{found['siret']}"
    technical = found["technical_id"]
    if technical and (not _STRUCTURE_ID.fullmatch(technical) or technical[0].isdigit()):
        raise BadLine("technical_id", "not a technical number of the Annuaire")
    return technical


def mailbox_structure(found: dict[str, str]) -> str:
    """The identifier of the structure that a mailbox hangs on, empty when it names none: the IdNat_Struct, whether the
    file writes its first digit or not, else the Annuaire's technical number."""
    number = found["structure_id"].replace(" ", "")
    if not number:
        return ""
    if not _STRUCTURE_ID.fullmatch(number):
        raise BadLine("structure_id", "not a structure's number")
    if number[0].isalpha():
        return number
    written = "".join(filter(str.isalnum, found["structure_type"].lower().replace("é", "e")))
    prefix = _STRUCTURE_PREFIX.get(written, "")
    if not prefix and (_FINESS.fullmatch(number) or _SIRET.fullmatch(number)):
        return f"{1 if len(number) == 9 else 3}{number}"
    for candidate in [prefix + number, number] if prefix else [number]:
        try:
            kept = IdNatStruct(candidate)
        except InvalidNumber:
            continue
        if not prefix or kept[0] == prefix:
            return str(kept)
    raise BadLine("structure_id", "not a number of the kind that the line names")
