"""Commands on folders (RFC 3501 §6.3, RFC 5258, RFC 5819, RFC 6154, RFC 2342)."""

from collections.abc import Sequence
from uuid import UUID

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.commands import folder_tree
from carnet.domain.messaging.commands.folders import append as append_message
from carnet.domain.messaging.folder_values import (
    SEPARATOR,
    SYSTEM_FLAGS,
    FolderProblem,
    InvalidFolderName,
    folder_name,
    parents,
)
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.folders import FolderCounts, FolderRow, Opened
from carnet.interfaces.imap.fetch import ROWS_AT_ONCE, tell_rows
from carnet.interfaces.imap.grammar import Append, BadCommand, Command, Open, Rename, Resync
from carnet.interfaces.imap.grammar_list import ListFolders, Status
from carnet.interfaces.imap.patterns import Pattern
from carnet.interfaces.imap.selected import Selected
from carnet.interfaces.imap.session import Ended, Session, State, command
from carnet.interfaces.imap.text import flags_text, folder_text

# Keywords that mail software agrees on (IANA, IMAP and JMAP Keywords): told so that clients offer them at once.
_USUAL_KEYWORDS = ("$Forwarded", "$MDNSent", "$Junk", "$NotJunk")
_CODES = {
    FolderProblem.BAD_NAME: "CANNOT",
    FolderProblem.EXISTS: "ALREADYEXISTS",
    FolderProblem.MISSING: "NONEXISTENT",
    FolderProblem.PROTECTED: "CANNOT",
    FolderProblem.OVER_QUOTA: "OVERQUOTA",
    FolderProblem.TOO_MANY: "LIMIT",
}
_TRY_CREATE = "NO [TRYCREATE] There is no folder of that name"


def problem_text(problem: FolderProblem) -> str:
    """The refusal as a tagged answer (codes of RFC 5530)."""
    return f"NO [{_CODES[problem]}] {problem.sentence}"


def find(mailbox_id: UUID, name: str) -> FolderRow | None:
    """The folder that a client names, however it is spelt."""
    try:
        return queries.folder_named(mailbox_id, folder_name(name))
    except InvalidFolderName:
        return None


@command("SELECT", State.SIGNED_IN)
async def select(session: Session, command: Command) -> str:
    return await _open(session, command, read_only=False)


@command("EXAMINE", State.SIGNED_IN)
async def examine(session: Session, command: Command) -> str:
    return await _open(session, command, read_only=True)


async def _open(session: Session, command: Command, *, read_only: bool) -> str:
    arguments: Open = command.arguments
    resync = arguments.resync
    if resync is not None and not session.qresync:
        raise BadCommand(command.tag, "ENABLE QRESYNC first")
    if session.selected is not None:
        await session.send("* OK [CLOSED] The folder that was open is closed")
    session.selected = None
    session.condstore = session.condstore or arguments.condstore
    found = await session.reading(_read_folder, session.mailbox, arguments.folder)
    if isinstance(found, FolderProblem):
        return problem_text(found)
    unseen = found.first_unseen
    selected = session.selected = Selected(found.folder, found.uids, read_only=read_only)
    flags = (*SYSTEM_FLAGS, *_USUAL_KEYWORDS)
    permanent = b"()" if read_only else flags_text((*flags, "\\*"))
    number = selected.number(unseen) if unseen is not None else None
    await session.send(
        b"* FLAGS " + flags_text(flags),
        b"* OK [PERMANENTFLAGS %s] Flags that are kept" % permanent,
        f"* {len(selected.uids)} EXISTS",
        "* 0 RECENT",
        *([f"* OK [UNSEEN {number}] First message not seen"] if number is not None else []),
        f"* OK [UIDVALIDITY {selected.uid_validity}] UIDs are valid",
        f"* OK [UIDNEXT {selected.uid_next}] Next UID",
        f"* OK [HIGHESTMODSEQ {selected.modseq}] Highest modification sequence",
    )
    if resync is not None and resync.uid_validity == selected.uid_validity:
        await _resynchronise(session, resync)
    return f"OK [{'READ-ONLY' if read_only else 'READ-WRITE'}] Opened"


async def _resynchronise(session: Session, resync: Resync) -> None:
    """What a client that was away must know: removals, then messages new or changed (RFC 7162 §3.2.5)."""
    selected = session.folder
    largest = max(1, selected.uid_next - 1)
    known = [(1, largest)] if resync.known is None else resync.known.within(largest)
    await tell_vanished(session, resync.modseq, known)
    uids = list(selected.uids) if resync.known is None else selected.uids_in(resync.known, by_uid=True)
    changed = await session.reading(queries.changed_among, session.mailbox, selected.folder_id, uids, resync.modseq)
    for start in range(0, len(changed), ROWS_AT_ONCE):
        rows = await session.open_folder.read(changed[start : start + ROWS_AT_ONCE], content=False)
        numbered = [(number, row) for row in rows if (number := selected.number(row.uid)) is not None]
        await session.channel.send([tell_rows(("UID", "FLAGS", "MODSEQ"), numbered)])


async def tell_vanished(session: Session, since: int, known: Sequence[tuple[int, int]]) -> None:
    """The removals among these UIDs after a modification sequence."""
    gone = await session.reading(queries.vanished, session.mailbox, session.folder.folder_id, since, known)
    if gone:
        text = ",".join(str(low) if low == high else f"{low}:{high}" for low, high in gone)
        await session.send(f"* VANISHED (EARLIER) {text}")


def _read_folder(mailbox_id: UUID, name: str) -> Opened | FolderProblem:
    try:
        found = queries.opened(mailbox_id, folder_name(name))
    except InvalidFolderName:
        return FolderProblem.MISSING
    if found is None:
        raise Ended("The mailbox is not available any more")
    return found


@command("CREATE", State.SIGNED_IN)
async def create(session: Session, command: Command) -> str:
    made = await session.in_thread(folder_tree.create_folder, session.mailbox, command.arguments)
    return problem_text(made) if isinstance(made, FolderProblem) else "OK Created"


@command("DELETE", State.SIGNED_IN)
async def delete(session: Session, command: Command) -> str:
    selected = session.selected
    problem = await session.in_thread(folder_tree.delete_folder, session.mailbox, command.arguments)
    if problem is not None:
        return problem_text(problem)
    if selected is not None and selected.name == folder_name(command.arguments):
        session.selected = None
    return "OK Deleted"


@command("RENAME", State.SIGNED_IN)
async def rename(session: Session, command: Command) -> str:
    arguments: Rename = command.arguments
    problem = await session.in_thread(folder_tree.rename_folder, session.mailbox, arguments.old, arguments.new)
    return "OK Renamed" if problem is None else problem_text(problem)


@command("SUBSCRIBE", State.SIGNED_IN)
async def subscribe(session: Session, command: Command) -> str:
    return await _subscription(session, command.arguments, True)


@command("UNSUBSCRIBE", State.SIGNED_IN)
async def unsubscribe(session: Session, command: Command) -> str:
    return await _subscription(session, command.arguments, False)


async def _subscription(session: Session, name: str, subscribed: bool) -> str:
    problem = await session.in_thread(
        lambda: folder_tree.subscribe(session.mailbox, name, subscribed=subscribed),
    )
    return "OK Done" if problem is None else problem_text(problem)


@command("NAMESPACE", State.SIGNED_IN)
async def namespace(session: Session, _command: Command) -> str:
    """One namespace, the mailbox's own."""
    await session.send(f'* NAMESPACE (("" "{SEPARATOR}")) NIL NIL')
    return "OK That is all"


@command("LIST", State.SIGNED_IN)
async def list_folders(session: Session, command: Command) -> str:
    arguments: ListFolders = command.arguments
    if arguments.patterns == ("",) and not arguments.extended:
        await session.send(f'* LIST (\\Noselect) "{SEPARATOR}" ""')
        return "OK That is the separator"
    rows = await session.reading(queries.folders_of, session.mailbox)
    lines = listing(rows, arguments)
    told = [line for _, line in lines]
    if arguments.status:
        matched = {name for name, _ in lines}
        told += await _statuses(session, [row for row in rows if row.name in matched], arguments.status)
    await session.send(*told)
    return "OK Listed"


@command("LSUB", State.SIGNED_IN)
async def list_subscribed(session: Session, command: Command) -> str:
    rows = await session.reading(queries.folders_of, session.mailbox)
    await session.send(*(line for _, line in listing(rows, command.arguments, word=b"LSUB")))
    return "OK Listed"


def listing(rows: Sequence[FolderRow], arguments: ListFolders, *, word: bytes = b"LIST") -> list[tuple[str, bytes]]:
    """Names and lines of LIST or LSUB.

    A name that only stands above others is listed too, as one that cannot be opened (RFC 3501 §6.3.8).
    """
    patterns = [Pattern(arguments.reference + pattern) for pattern in arguments.patterns]
    by_name = {row.name: row for row in rows}
    chosen = {row.name for row in rows if _is_chosen(row, arguments.selection)}
    above_chosen = {parent for name in chosen for parent in parents(name)}
    above_all = {parent for name in by_name for parent in parents(name)}
    names = set(chosen)
    if "RECURSIVEMATCH" in arguments.selection:
        names |= above_chosen
    elif word == b"LSUB":
        # A subscribed folder below a level that `%` does not pass is shown by its parent (RFC 3501 §6.3.9).
        names |= above_chosen if any("%" in pattern for pattern in arguments.patterns) else set()
    elif not arguments.selection & {"SUBSCRIBED", "SPECIAL-USE"}:
        names |= above_all
    lines = []
    for name in sorted(names):
        if not any(pattern.matches(name) for pattern in patterns):
            continue
        row = by_name.get(name)
        attributes = _attributes(row, arguments, opened=name in chosen or word == b"LIST")
        attributes.append("\\HasChildren" if name in above_all else "\\HasNoChildren")
        line = b'* %s %s "%s" %s' % (word, flags_text(attributes), SEPARATOR.encode(), folder_text(name))
        if "RECURSIVEMATCH" in arguments.selection and name in above_chosen:
            line += b' ("CHILDINFO" ("SUBSCRIBED"))'
        lines.append((name, line))
    return lines


def _is_chosen(row: FolderRow, selection: frozenset[str]) -> bool:
    if "SUBSCRIBED" in selection and not row.subscribed:
        return False
    return "SPECIAL-USE" not in selection or bool(row.special_use)


def _attributes(row: FolderRow | None, arguments: ListFolders, *, opened: bool) -> list[str]:
    if row is None or not opened:
        return ["\\Noselect"]
    found = [row.special_use] if row.special_use else []
    if row.subscribed and "SUBSCRIBED" in arguments.selection | arguments.returned and arguments.extended:
        found.append("\\Subscribed")
    return found


@command("STATUS", State.SIGNED_IN)
async def status(session: Session, command: Command) -> str:
    arguments: Status = command.arguments
    folder = await session.reading(find, session.mailbox, arguments.folder)
    if folder is None:
        return problem_text(FolderProblem.MISSING)
    await session.send(*await _statuses(session, [folder], arguments.items))
    return "OK Told"


async def _statuses(session: Session, rows: Sequence[FolderRow], items: tuple[str, ...]) -> list[bytes]:
    session.condstore = session.condstore or "HIGHESTMODSEQ" in items
    ids = [row.id for row in rows]
    counts = {}
    if {"MESSAGES", "UNSEEN", "SIZE"} & set(items):
        counts = await session.reading(lambda: queries.counts(session.mailbox, ids, unseen="UNSEEN" in items))
    lines = []
    for row in rows:
        told = _status_values(row, counts.get(row.id, FolderCounts()))
        values = " ".join(f"{item} {told[item]}" for item in items)
        lines.append(b"* STATUS %s (%s)" % (folder_text(row.name), values.encode()))
    return lines


def _status_values(row: FolderRow, counts: FolderCounts) -> dict[str, int]:
    return {
        "MESSAGES": counts.messages,
        "UNSEEN": counts.unseen,
        "SIZE": counts.size,
        "RECENT": 0,
        "UIDNEXT": row.uid_next,
        "UIDVALIDITY": row.uid_validity,
        "HIGHESTMODSEQ": row.modseq,
    }


@command("APPEND", State.SIGNED_IN)
async def append(session: Session, command: Command) -> str:
    arguments: Append = command.arguments
    if not arguments.content:
        return "NO [CANNOT] An empty message is not kept"
    appended = await session.in_thread(
        append_message, session.mailbox, arguments.folder, arguments.content, arguments.flags, arguments.date
    )
    if isinstance(appended, FolderProblem):
        session.trace(TraceAct.APPENDED, outcome=appended.value)
        return _TRY_CREATE if appended is FolderProblem.MISSING else problem_text(appended)
    session.trace(TraceAct.APPENDED, [appended.message_id])
    return f"OK [APPENDUID {appended.uid_validity} {appended.uid}] Kept"
