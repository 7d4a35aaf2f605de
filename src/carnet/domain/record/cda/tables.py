"""What makes a table of a narrative readable by ear: which cells head which others."""

from typing import Final

from carnet.domain.record.cda.tree import Element, attribute, local_name

# HTML's own bounds (HTML Living Standard §4.9.12): a larger number is cut there.
_LIMITS: Final = {"colspan": 1000, "span": 1000, "rowspan": 65534}


def span_attributes(element: Element, *names: str) -> str:
    """The numeric attributes of a cell or a column that are worth writing."""
    written = ""
    for name in names:
        value = attribute(element, name)
        if value.isascii() and value.isdigit() and len(value) < 6:
            number = min(int(value), _LIMITS[name])
            if number > 1:
                written += f' {name}="{number}"'
    return written


def is_column_header_row(row: Element) -> bool:
    """Whether the headers of a row head columns: a row of the table's head, or one that has only headers."""
    section = row.getparent()
    if section is not None and local_name(section) == "thead":
        return True
    return all(isinstance(cell.tag, str) and local_name(cell) == "th" for cell in row)


def heading_scope(cell: Element, columns: bool) -> str:
    """The scope of a header cell: col, colgroup, row or rowgroup."""
    if columns:
        return "colgroup" if _spans_several(cell, "colspan") else "col"
    return "rowgroup" if _spans_several(cell, "rowspan") else "row"


def _spans_several(cell: Element, name: str) -> bool:
    return bool(span_attributes(cell, name))
