"""Commands on the messages of the open folder (RFC 3501 §6.4, RFC 4315, RFC 6851, RFC 3691, RFC 2177)."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.commands import entries as commands
from carnet.domain.messaging.commands.entries import Copied, Stored
from carnet.domain.messaging.folder_values import SEEN, FolderProblem, StoreMode
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.search import Search, SearchTooWide
from carnet.interfaces.imap import fetch as answering
from carnet.interfaces.imap.folders import find, problem_text, tell_vanished
from carnet.interfaces.imap.grammar import BadCommand, Command, CopyTo, Store
from carnet.interfaces.imap.grammar_fetch import Fetch
from carnet.interfaces.imap.grammar_search import SearchFor, resolve
from carnet.interfaces.imap.session import Session, State, command
from carnet.interfaces.imap.shelf import Row
from carnet.interfaces.imap.text import set_text

_AHEAD = 31
_STORED_AT_ONCE = 2_000
"""Messages whose flags change in one transaction: whoever else writes to the folder waits no longer than that."""
_TOLD_ON_THE_LOOP = 64 * 1024
_READ_ONLY = "NO [CANNOT] The folder is open for reading only"
_TRY_CREATE = "NO [TRYCREATE] There is no folder of that name"
_GONE = "[EXPUNGEISSUED] Some of these messages are no longer there"


@command("CHECK", State.SELECTED)
async def check(_session: Session, _command: Command) -> str:
    return "OK All is kept already"


@command("CLOSE", State.SELECTED)
async def close(session: Session, _command: Command) -> str:
    selected = session.folder
    if not selected.read_only:
        done = await session.in_thread(commands.expunge, session.mailbox, selected.folder_id, list(selected.uids))
        if not isinstance(done, FolderProblem) and done.uids:
            session.trace(TraceAct.DELETED, count=len(done.uids))
    session.selected = None
    return "OK Closed"


@command("UNSELECT", State.SELECTED)
async def unselect(session: Session, _command: Command) -> str:
    session.selected = None
    return "OK Closed"


@command("EXPUNGE", State.SELECTED)
async def expunge(session: Session, command: Command) -> str:
    """Only messages that the client knows of leave: it could not have meant another."""
    selected = session.folder
    if selected.read_only:
        return _READ_ONLY
    uids = selected.uids_in(command.arguments, by_uid=True) if command.by_uid else list(selected.uids)
    done = await session.in_thread(commands.expunge, session.mailbox, selected.folder_id, uids)
    if isinstance(done, FolderProblem):
        return problem_text(done)
    if done.uids:
        session.trace(TraceAct.DELETED, count=len(done.uids))
    await session.channel.send(selected.remove(done.uids))
    return f"OK [HIGHESTMODSEQ {done.modseq}] Expunged" if session.condstore and done.uids else "OK Expunged"


@command("SEARCH", State.SELECTED)
async def search(session: Session, command: Command) -> str:
    arguments: SearchFor = command.arguments
    selected = session.folder
    session.condstore = session.condstore or arguments.tells_modseq
    asked = Search(session.mailbox, selected.folder_id, resolve(arguments.criterion, selected.ranges_in))
    try:
        while not await session.reading(asked.step):
            pass
    except SearchTooWide:
        selected.saved = ()
        return "NO [LIMIT] The search reads too many messages: narrow it by date, sender or size"
    shown = selected.known(asked.found) if command.by_uid else selected.numbers_of(asked.found)
    modseq = asked.modseq if arguments.tells_modseq and shown else 0
    if arguments.returned is None:
        await session.send(
            "".join(["* SEARCH", *(f" {one}" for one in shown), f" (MODSEQ {modseq})" if modseq else ""])
        )
        return "OK Searched"
    if "SAVE" in arguments.returned:
        selected.saved = _saved(arguments.returned, selected.known(asked.found))
    told = _told_of_result(arguments.returned, shown)
    if told or arguments.returned != {"SAVE"}:
        words = [f'* ESEARCH (TAG "{command.tag}")', *(["UID"] if command.by_uid else []), *told]
        await session.send(" ".join([*words, *([f"MODSEQ {modseq}"] if modseq else [])]))
    return "OK Searched"


def _told_of_result(returned: frozenset[str], shown: list[int]) -> list[str]:
    """What an ESEARCH says of the numbers found, ascending (RFC 4731 §3.1)."""
    told = [f"MIN {shown[0]}"] if "MIN" in returned and shown else []
    told += [f"MAX {shown[-1]}"] if "MAX" in returned and shown else []
    told += [f"ALL {_set(shown)}"] if "ALL" in returned and shown else []
    return told + ([f"COUNT {len(shown)}"] if "COUNT" in returned else [])


def _saved(returned: frozenset[str], found: list[int]) -> list[int]:
    """What `$` then stands for: with MIN or MAX alone, those only (RFC 5182 §2.4)."""
    if returned & {"ALL", "COUNT"} or not returned & {"MIN", "MAX"}:
        return found
    ends = [*(found[:1] if "MIN" in returned else ()), *(found[-1:] if "MAX" in returned else ())]
    return sorted(set(ends))


@command("FETCH", State.SELECTED)
async def fetch(session: Session, command: Command) -> str:
    arguments: Fetch = command.arguments
    selected = session.folder
    items = arguments.items
    session.condstore = session.condstore or "MODSEQ" in items
    if (command.by_uid or session.qresync) and "UID" not in items:
        items = ("UID", *items)
    plan = answering.Plan(items)
    uids = selected.uids_in(arguments.numbers, by_uid=command.by_uid)
    if arguments.vanished:
        if not (command.by_uid and session.qresync):
            raise BadCommand(command.tag, "VANISHED is for UID FETCH, after ENABLE QRESYNC")
        known = selected.ranges_in(arguments.numbers, True)
        await tell_vanished(session, arguments.changed_since or 0, known)
    if arguments.changed_since is not None:
        uids = await session.reading(
            queries.changed_among, session.mailbox, selected.folder_id, uids, arguments.changed_since
        )
    at_once = answering.MESSAGES_AT_ONCE if plan.bodies else answering.ROWS_AT_ONCE
    missing = start = 0
    while start < len(uids):
        if start:
            # Others' turn: an answer about many messages is many answers.
            await asyncio.sleep(0)
        asked = uids[start : start + at_once]
        # Who asks for one message asks for the next one soon.
        ahead = selected.following(asked[0], _AHEAD) if len(uids) == 1 else ()
        rows = await session.open_folder.read(asked, content=plan.reads_content, ahead=ahead)
        if plan.bodies:
            kept = rows[: plan.that_fit(rows, session.door.limits.window)]
            if len(kept) < len(rows):
                asked = asked[: bisect_right(asked, kept[-1].uid)]
                rows = kept
        missing += len(asked) - len(rows)
        start += len(asked)
        await session.channel.send(await _answers(session, plan, rows))
    return f"OK {_GONE}" if missing else "OK Fetched"


async def _answers(session: Session, plan: answering.Plan, rows: list[Row]) -> list[bytes]:
    """The answers about these rows. Setting \\Seen comes first: who changed the flags is told them."""
    selected = session.folder
    numbered = [(number, row) for row in rows if (number := selected.number(row.uid)) is not None]
    if not plan.bodies:
        return [answering.tell_rows(plan.items, numbered)]  # type: ignore[arg-type] # no body among them
    seen: dict[int, int] = {}
    unseen = [row.uid for _, row in numbered if SEEN not in row.flags] if plan.sets_seen else []
    if unseen and not selected.read_only:
        stored = await session.in_thread(
            commands.store_flags, session.mailbox, selected.folder_id, unseen, StoreMode.ADD, [SEEN]
        )
        session.door.shelf.touch(session.mailbox)
        if isinstance(stored, Stored):
            seen = dict.fromkeys(stored.changed, stored.modseq)
            selected.remember(stored.changed, stored.modseq)
    wanted = [(row.kept.body, row.size) for _, row in numbered if row.kept is not None]
    bodies = await session.door.bodies.read(session.mailbox, wanted, pieces=plan.in_pieces)
    if plan.opens:
        session.trace_reading([row.message_id for _, row in numbered])

    def tell() -> list[bytes]:
        return [
            piece
            for (number, row), raw in zip(numbered, bodies, strict=True)
            for piece in answering.tell_message(
                plan.items, number, row, raw, seen.get(row.uid), tells_modseq=session.condstore
            )
        ]

    # Taking headers apart costs: much of it is not done on the loop.
    if sum(map(len, bodies)) > _TOLD_ON_THE_LOOP:
        told: list[bytes] = await session.reading(tell)
        return told
    return tell()


@command("STORE", State.SELECTED)
async def store(session: Session, command: Command) -> str:
    arguments: Store = command.arguments
    selected = session.folder
    if selected.read_only:
        return _READ_ONLY
    session.condstore = session.condstore or arguments.unchanged_since is not None
    uids = selected.uids_in(arguments.numbers, by_uid=command.by_uid)
    refused: list[int] = []
    for start in range(0, max(1, len(uids)), _STORED_AT_ONCE):
        some = uids[start : start + _STORED_AT_ONCE]
        done = await session.in_thread(
            commands.store_flags,
            session.mailbox,
            selected.folder_id,
            some,
            arguments.mode,
            arguments.flags,
            arguments.unchanged_since,
        )
        if isinstance(done, FolderProblem):
            return problem_text(done)
        selected.remember(done.changed, done.modseq)
        refused += done.refused
        await _tell_stored(session, command, arguments, some, done)
    if not refused:
        return "OK Stored"
    refused = refused if command.by_uid else selected.numbers_of(refused)
    return f"OK [MODIFIED {set_text(refused).decode()}] Some had been changed since"


async def _tell_stored(session: Session, command: Command, arguments: Store, uids: list[int], done: Stored) -> None:
    """The flags as they are now, and the modification sequence for who follows it (RFC 7162 §3.1.3)."""
    refused = set(done.refused)
    told = done.changed if arguments.silent else [uid for uid in uids if uid not in refused]
    if arguments.silent and not session.condstore:
        return
    selected = session.folder
    session.door.shelf.touch(session.mailbox)
    items: tuple[str, ...] = ("UID",) if command.by_uid or session.qresync else ()
    items += () if arguments.silent else ("FLAGS",)
    items += ("MODSEQ",) if session.condstore else ()
    for start in range(0, len(told), answering.ROWS_AT_ONCE):
        rows = await session.open_folder.read(told[start : start + answering.ROWS_AT_ONCE], content=False)
        numbered = [(number, row) for row in rows if (number := selected.number(row.uid)) is not None]
        await session.channel.send([answering.tell_rows(items, numbered)])


@command("COPY", State.SELECTED)
async def copy(session: Session, command: Command) -> str:
    copied = await _transfer(session, command, move=False)
    if isinstance(copied, str):
        return copied
    return f"OK [{_copy_uid(copied)}] Copied" if copied.uids else "OK Nothing to copy"


@command("MOVE", State.SELECTED)
async def move(session: Session, command: Command) -> str:
    """The new UIDs are told before the old messages leave (RFC 6851 §4.3)."""
    if session.folder.read_only:
        return _READ_ONLY
    moved = await _transfer(session, command, move=True)
    if isinstance(moved, str):
        return moved
    if not moved.uids:
        return "OK Nothing to move"
    await session.send(f"* OK [{_copy_uid(moved)}] Moved")
    await session.channel.send(session.folder.remove(moved.uids))
    return "OK Moved"


async def _transfer(session: Session, command: Command, *, move: bool) -> Copied | str:
    arguments: CopyTo = command.arguments
    selected = session.folder
    target = await session.in_thread(find, session.mailbox, arguments.folder)
    if target is None:
        return _TRY_CREATE
    uids = selected.uids_in(arguments.numbers, by_uid=command.by_uid)
    act = commands.move if move else commands.copy
    done = await session.in_thread(act, session.mailbox, selected.folder_id, target.id, uids)
    traced = TraceAct.MOVED if move else TraceAct.COPIED
    if isinstance(done, FolderProblem):
        session.trace(traced, count=len(uids), outcome=done.value)
        return problem_text(done)
    if done.uids:
        session.trace(traced, count=len(done.uids))
    return done


def _copy_uid(copied: Copied) -> str:
    return f"COPYUID {copied.uid_validity} {_set(copied.uids)} {_set(copied.new_uids)}"


def _set(uids: Sequence[int]) -> str:
    return set_text(uids).decode("ascii")


@command("IDLE", State.SIGNED_IN)
async def idle(session: Session, command: Command) -> str:
    """Tell what happens until the client says DONE (RFC 2177)."""
    channel = session.channel
    loop = asyncio.get_running_loop()
    limits = session.door.limits
    leave = session.door.subscribe(session.mailbox, channel.poke)
    try:
        await session.send("+ Waiting with you")
        ends = loop.time() + limits.idle_seconds
        while True:
            if session.selected is not None:
                await session.sync()
            line = await channel.read_line(ends - loop.time(), limits.line_before_login)
            if line is not None:
                break
    finally:
        leave()
    if line.upper() != b"DONE":
        raise BadCommand(command.tag, "Expected DONE")
    return "OK Was idle"
