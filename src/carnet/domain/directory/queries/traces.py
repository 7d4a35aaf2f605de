"""Reading the traces of a mailbox."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carnet.domain.directory.models import MailboxTrace


@dataclass(frozen=True)
class Trace:
    """One act, or several of one kind in one session. ``outcome`` is empty when it was done."""

    at: datetime
    act: str
    door: str
    session: str
    author: str
    outcome: str
    count: int
    messages: tuple[UUID, ...]


def traces_of(
    mailbox_id: UUID, since: datetime | None = None, until: datetime | None = None, *, limit: int | None = None
) -> Iterator[Trace]:
    """The traces of a mailbox from ``since``, before ``until``, in the order of time, read as it goes; with ``limit``
    the newest of them. Index: ``mailbox_trace_of_mailbox``.
    """
    rows = MailboxTrace.objects.filter(mailbox_id=mailbox_id)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if limit is None:
        found = rows.order_by("at", "id").iterator(chunk_size=1000)
    else:
        found = iter(list(rows.order_by("-at", "-id")[:limit])[::-1])
    for row in found:
        yield Trace(row.at, row.act, row.door, row.session, row.author, row.outcome, row.count, tuple(row.messages))
