"""The traces that doors leave: kept in memory, written together once a second, so that no answer waits for them.

What the drain delivers is traced in its own transaction; this is for sign-ins and for what mail clients do. A process
that is killed loses the last second of it.
"""

import atexit
import threading
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.directory.values import InvalidAddress, MailboxAddress
from carnet.foundation import logs
from carnet.foundation.clock import now

_EVERY_SECONDS = 1.0
_MOST_WAITING = 50_000

log = logs.get("traces")


@dataclass(frozen=True, slots=True)
class _Refused:
    """A sign-in that was refused, to be put down to the mailbox of that address if there is one."""

    address: str
    trace: NewTrace


class TraceWriter:
    """Gathers traces from any thread; a thread of its own writes them."""

    def __init__(self) -> None:
        self._waiting: list[NewTrace | _Refused] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._arrived = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, trace: NewTrace | _Refused) -> None:
        """Keep a trace; never waits, never fails."""
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(trace)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
                self._thread.start()
                atexit.register(self.flush)
        self._arrived.set()

    def flush(self) -> None:
        """Write what waits now; it waits on while the database is away."""
        with self._writing:
            with self._lock:
                taken, self._waiting = self._waiting, []
            if not taken:
                return
            try:
                with transaction.atomic():
                    leave_traces(_grouped(_known(taken)))
            except (OperationalError, InterfaceError) as problem:  # the database is away
                log.error("traces_not_written", exc_info=problem, count=len(taken))
                with self._lock:
                    self._waiting[:0] = taken[: _MOST_WAITING - len(self._waiting)]
            except Exception as problem:  # what can never be written does not keep the next from it
                log.error("traces_lost", exc_info=problem, count=len(taken))

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._arrived.wait()
            self._arrived.clear()
            pause.wait(_EVERY_SECONDS)
            self.flush()
            connection.close()  # this thread has little to say: its connection is not kept from others


_writer = TraceWriter()


def note(trace: NewTrace) -> None:
    """Keep a trace of what was done now; it is written within a second. Never waits, never fails."""
    _writer.note(trace if trace.at is not None else replace(trace, at=now()))


def note_refused_sign_in(address: str, door: str, outcome: str, *, author: str = "", session: str = "") -> None:
    """Keep that somebody was not let into the mailbox of this address, if there is one."""
    trace = NewTrace(UUID(int=0), TraceAct.SIGN_IN, door, author, session, outcome, at=now())
    _writer.note(_Refused(address, trace))


def flush() -> None:
    """Write what waits now (before the process ends, and in tests)."""
    _writer.flush()


def _grouped(traces: list[NewTrace]) -> list[NewTrace]:
    """One trace a mailbox, session, act and result, with all their messages: who reads a folder through leaves one a
    second, not one a message."""
    groups: dict[tuple[object, ...], list[NewTrace]] = {}
    for trace in traces:
        key = (trace.mailbox_id, trace.act, trace.door, trace.author, trace.session, trace.outcome)
        groups.setdefault((*key, bool(trace.messages)), []).append(trace)
    return [
        replace(
            group[0],
            count=sum(one.count for one in group),
            messages=tuple(message for one in group for message in one.messages),
        )
        for group in groups.values()
    ]


def _known(taken: list[NewTrace | _Refused]) -> list[NewTrace]:
    """The traces, each refused sign-in put down to its mailbox; those to no mailbox of ours go."""
    keys = {one.address: _key(one.address) for one in taken if isinstance(one, _Refused)}
    mailboxes = mailboxes_by_address(key for key in keys.values() if key)
    found = []
    for one in taken:
        if isinstance(one, NewTrace):
            found.append(one)
        elif (mailbox := mailboxes.get(keys[one.address])) is not None and mailbox.hosted:
            found.append(replace(one.trace, mailbox_id=mailbox.id))
    return found


def _key(address: str) -> str:
    """What a stranger typed as an address, as mailboxes are found by; empty when it is none."""
    try:
        return MailboxAddress.parse(address).key
    except InvalidAddress:
        return ""
