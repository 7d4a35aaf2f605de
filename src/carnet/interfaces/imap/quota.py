"""What a mailbox holds and may hold (RFC 9208): one root for the whole mailbox, counted in KiB."""

from carnet.domain.messaging.folder_values import FolderProblem
from carnet.domain.messaging.queries.quota import Quota, quota_of
from carnet.interfaces.imap.folders import find, problem_text
from carnet.interfaces.imap.grammar import Command
from carnet.interfaces.imap.session import Session, State, command
from carnet.interfaces.imap.text import folder_text

ROOT = ""


def told(quota: Quota) -> str:
    """The line of QUOTA; a mailbox without a bound has no limit to tell (RFC 9208 §4.2.1)."""
    if quota.limit is None:
        return f'* QUOTA "{ROOT}" ()'
    return f'* QUOTA "{ROOT}" (STORAGE {-(-quota.used // 1024)} {quota.limit // 1024})'


@command("GETQUOTA", State.SIGNED_IN)
async def get_quota(session: Session, command: Command) -> str:
    if command.arguments != ROOT:
        return "NO [NONEXISTENT] There is no such quota root"
    await session.send(told(await session.reading(quota_of, session.mailbox)))
    return "OK Told"


@command("GETQUOTAROOT", State.SIGNED_IN)
async def get_quota_root(session: Session, command: Command) -> str:
    """The roots of a folder: the same for all."""
    folder = await session.reading(find, session.mailbox, command.arguments)
    if folder is None:
        return problem_text(FolderProblem.MISSING)
    quota = await session.reading(quota_of, session.mailbox)
    await session.send(b'* QUOTAROOT %b "%b"' % (folder_text(folder.name), ROOT.encode()), told(quota))
    return "OK Told"


@command("SETQUOTA", State.SIGNED_IN)
async def set_quota(_session: Session, _command: Command) -> str:
    """Not by a mail client."""
    return "NO [NOPERM] A quota is set by who runs this service"
