"""Antivirus: what of a message is looked at, and what is known of it before anybody gets it."""

from collections.abc import Iterator, Sequence
from functools import partial

from carnet.domain.messaging.delivery.incoming import Incoming, wrapped_file
from carnet.domain.messaging.mime.read import part_content
from carnet.foundation import antivirus
from carnet.foundation.clamd import Verdict


def scan_all(messages: Sequence[Incoming]) -> None:
    """Have the antivirus look at messages, several at once; what it finds is noted in each. Nothing without one."""
    if not antivirus.configured():
        return
    waiting = [one for one in messages if one.problem is None and one.scanned.verdict is Verdict.UNSCANNED]
    for message, found in zip(waiting, antivirus.look_at([partial(pieces, one) for one in waiting]), strict=True):
        message.scanned = found


def pieces(message: Incoming) -> Iterator[bytes]:
    """The message as it came, then each file as our own reader takes it out.

    The daemon reads mail too, but a hostile message may look different to two readers; and it knows nothing of a file
    that a clinical document wraps.
    """
    yield message.raw
    for part in message.parsed.attachments:
        content = part_content(message.raw, part.path, root=message.root)
        if content:
            yield content
    for package in message.packages.values():
        for document in package.documents:
            yield document.content
            inner = wrapped_file(document.content)
            if inner:
                yield inner
