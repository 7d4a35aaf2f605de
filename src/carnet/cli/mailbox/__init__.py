"""``carnet mailbox``: the mailboxes hosted here, from their opening to the deletion of what they hold."""

from carnet.cli.mailbox import holders, life, opening, opposition, reading, room
from carnet.cli.mailbox.options import app

__all__ = ["app", "holders", "life", "opening", "opposition", "reading", "room"]
