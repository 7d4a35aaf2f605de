"""Commands on the messages of the open folder (RFC 3501 §6.4, RFC 4315, RFC 6851, RFC 3691, RFC 2177)."""

import asyncio
from collections.abc import Sequence

from carnet.domain.messaging.commands import entries as commands
from carnet.domain.messaging.commands.entries import Copied, Stored
from carnet.domain.messaging.folder_values import FolderProblem
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.search import Search, SearchTooWide
from carnet.interfaces.imap import fetch as answering
from carnet.interfaces.imap.folders import find, problem_text
from carnet.interfaces.imap.grammar import BadCommand, Command, CopyTo, Store
from carnet.interfaces.imap.grammar_fetch import Fetch
from carnet.interfaces.imap.grammar_search import SearchFor, resolve
from carnet.interfaces.imap.session import Session, State, command
from carnet.interfaces.imap.text import flags_text, set_text

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
        await session.in_thread(commands.expunge, session.mailbox, selected.folder_id, list(selected.uids))
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
    await session.channel.send(selected.remove(done.uids))
    return f"OK [HIGHESTMODSEQ {done.modseq}] Expunged" if session.condstore and done.uids else "OK Expunged"


@command("SEARCH", State.SELECTED)
async def search(session: Session, command: Command) -> str:
    arguments: SearchFor = command.arguments
    selected = session.folder
    session.condstore = session.condstore or arguments.tells_modseq
    asked = Search(session.mailbox, selected.folder_id, resolve(arguments.criterion, selected.ranges_in))
    try:
        while not await session.in_thread(asked.step):
            pass
    except SearchTooWide:
        return "NO [LIMIT] The search reads too many messages: narrow it by date, sender or size"
    numbers = [(uid, selected.number(uid)) for uid in asked.found]
    shown = [uid if command.by_uid else number for uid, number in numbers if number is not None]
    sequence = f" (MODSEQ {asked.modseq})" if arguments.tells_modseq and shown else ""
    await session.send("".join(["* SEARCH", *(f" {one}" for one in shown), sequence]))
    return "OK Searched"


@command("FETCH", State.SELECTED)
async def fetch(session: Session, command: Command) -> str:
    arguments: Fetch = command.arguments
    selected = session.folder
    items = arguments.items
    session.condstore = session.condstore or "MODSEQ" in items
    if command.by_uid and "UID" not in items:
        items = ("UID", *items)
    plan = answering.Plan(
        items=items,
        mailbox_id=session.mailbox,
        folder_id=selected.folder_id,
        read_only=selected.read_only,
        tells_modseq=session.condstore,
        changed_since=arguments.changed_since,
        window=session.door.limits.window,
    )
    uids = selected.uids_in(arguments.numbers, by_uid=command.by_uid)
    missing = 0
    while uids:
        window = await session.in_thread(answering.read_window, plan, uids, selected.number, session.door.cache)
        selected.remember(window.seen, window.modseq)
        missing += window.missing
        uids = uids[window.taken :]
        await session.channel.send(window.chunks)
    return f"OK {_GONE}" if missing else "OK Fetched"


@command("STORE", State.SELECTED)
async def store(session: Session, command: Command) -> str:
    arguments: Store = command.arguments
    selected = session.folder
    if selected.read_only:
        return _READ_ONLY
    session.condstore = session.condstore or arguments.unchanged_since is not None
    uids = selected.uids_in(arguments.numbers, by_uid=command.by_uid)
    done = await session.in_thread(
        commands.store_flags,
        session.mailbox,
        selected.folder_id,
        uids,
        arguments.mode,
        arguments.flags,
        arguments.unchanged_since,
    )
    if isinstance(done, FolderProblem):
        return problem_text(done)
    selected.remember(done.changed, done.modseq)
    await _tell_stored(session, command, arguments, uids, done)
    if not done.refused:
        return "OK Stored"
    refused = done.refused if command.by_uid else [selected.number(uid) or 0 for uid in done.refused]
    return f"OK [MODIFIED {set_text(refused).decode()}] Some had been changed since"


async def _tell_stored(session: Session, command: Command, arguments: Store, uids: list[int], done: Stored) -> None:
    """The flags as they are now, and the modification sequence for who follows it (RFC 7162 §3.1.3)."""
    refused = set(done.refused)
    told = done.changed if arguments.silent else [uid for uid in uids if uid not in refused]
    if arguments.silent and not session.condstore:
        return
    selected = session.folder
    for start in range(0, len(told), answering.ENTRIES_AT_ONCE):
        some = told[start : start + answering.ENTRIES_AT_ONCE]
        found = await session.in_thread(
            lambda some=some: queries.entries(session.mailbox, selected.folder_id, some, content=False)
        )
        lines = []
        for entry in found:
            number = selected.number(entry.uid)
            items = [b"UID %d" % entry.uid] if command.by_uid else []
            items += [] if arguments.silent else [b"FLAGS " + flags_text(entry.flags)]
            items += [b"MODSEQ (%d)" % entry.modseq] if session.condstore else []
            if number is not None:
                lines.append(b"* %d FETCH (%s)\r\n" % (number, b" ".join(items)))
        await session.channel.send(lines)


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
    return problem_text(done) if isinstance(done, FolderProblem) else done


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
