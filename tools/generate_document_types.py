"""Writes the package's table of document types from a table of the national code lists.

    python tools/generate_document_types.py SOURCE.tsv

SOURCE is tab-separated with a header, and holds in this order: code, OID of the code system, French label
(ANS, JDV_J07), class (ANS, ASS_X16; a class that only ASS_X04 knows ends with `*`; `-` when neither knows
one), and the value set: J66 for what the DMP takes, anything else for what only CI-SIS exchanges know.
Columns beyond are passed over. The table that is written is never edited by hand.
"""

import argparse
import csv
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/carnet/domain/nomenclature/document_types.tsv"
HEADER = ("code", "system", "label_fr", "class_code", "in_dmp")


def read_source(path: Path) -> list[tuple[str, str, str, str, str]]:
    """The rows of `path` in the columns of `HEADER`; raises ValueError naming the line that is wrong."""
    rows = []
    seen: set[tuple[str, str]] = set()
    with path.open(encoding="utf-8", newline="") as source:
        reader = csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(reader, None)
        for number, columns in enumerate(reader, start=2):
            if not columns:
                continue
            if len(columns) < 5:
                raise ValueError(f"line {number}: five columns at least are expected, here are {len(columns)}")
            code, system, label, class_code, value_set = (column.strip() for column in columns[:5])
            if not code or not system or not label:
                raise ValueError(f"line {number}: code, system and label are all needed")
            if (code, system) in seen:
                raise ValueError(f"line {number}: {code} of {system} stands twice")
            seen.add((code, system))
            class_code = "" if class_code == "-" else class_code.removesuffix("*")
            rows.append((code, system, label, class_code, "1" if value_set == "J66" else "0"))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the package's table of document types.")
    parser.add_argument("source", type=Path, help="the table of the national code lists, tab-separated")
    parser.add_argument("--target", type=Path, default=TARGET, help="where to write (default: in the package)")
    arguments = parser.parse_args()
    try:
        rows = read_source(arguments.source)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        sys.stderr.write(f"{arguments.source}: {error}\n")
        return 1
    lines = ["\t".join(row) for row in (HEADER, *rows)]
    arguments.target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(rows)} document types written to {arguments.target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
