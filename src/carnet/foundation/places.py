"""Where a page of a long list ends: a moment and an id, written in an address and read back with suspicion."""

from datetime import datetime
from uuid import UUID


def write_place(at: datetime, row: UUID) -> str:
    return f"{at.isoformat()}_{row}"


def read_place(text: str) -> tuple[datetime, UUID] | None:
    """The place that ``write_place`` wrote; ``None`` for anything else, such as a moment that no database can hold."""
    at_text, _, row_text = text.partition("_")
    try:
        at, row = datetime.fromisoformat(at_text), UUID(row_text)
    except ValueError:
        return None
    return (at, row) if at.tzinfo is not None and 1900 <= at.year <= 9000 else None
