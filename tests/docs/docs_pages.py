"""Reading the documentation's own tables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table, without their spaces; none for another line."""
    line = line.strip()
    if not line.startswith("|") or not line.endswith("|"):
        return []
    return [cell.strip() for cell in line[1:-1].split("|")]


def codes(cell: str) -> list[str]:
    """What stands between backticks, in order."""
    return re.findall(r"`([^`]+)`", cell)


def rows(text: str) -> list[list[str]]:
    """The rows of all tables of a text that begin with a name between backticks."""
    return [found for line in text.splitlines() if (found := cells(line)) and codes(found[0])]
