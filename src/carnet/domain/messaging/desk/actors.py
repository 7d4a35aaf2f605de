"""Who acts at the desk."""

from dataclasses import dataclass

from carnet.domain.directory.queries.mailboxes import MailboxFacts


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
