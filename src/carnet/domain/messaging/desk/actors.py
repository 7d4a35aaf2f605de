"""Who acts at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from carnet.domain.directory.queries.mailboxes import MailboxFacts
from carnet.domain.directory.traces import NewTrace, TraceAct

DOOR = "desk"
"""The door of everything that is done at the desk, in the traces of mailboxes."""


@dataclass(frozen=True)
class DeskActor:
    """A professional in a mailbox that they may use now: theirs, or delegated to them.

    ``rpps`` is their RPPS (11 digits), ``name`` how colleagues see them, ``session`` what binds the traces of one
    sign-in together, ``is_responsible`` whether they answer for the mailbox (its holder, or who was named for it).
    """

    rpps: str
    name: str
    mailbox: MailboxFacts
    session: str = ""
    is_responsible: bool = False

    def trace(self, act: TraceAct, *, outcome: str = "", messages: Sequence[UUID] = (), count: int = 1) -> NewTrace:
        """What they did to the mailbox, or what kept them from it, to be left in its traces."""
        return NewTrace(
            self.mailbox.id, act, DOOR, self.rpps, self.session, outcome=outcome, messages=tuple(messages), count=count
        )
