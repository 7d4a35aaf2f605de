"""The words that somebody seeks in a mailbox, as they travel in an address: sealed, since they may name a patient."""

import base64
import binascii
from uuid import UUID

from carnet.foundation.keys import SealBroken
from carnet.foundation.owner_keys import owner_key

MOST_CHARACTERS = 200
_NAME = "desk-sought"


def seal_words(mailbox_id: UUID, text: str) -> str:
    """The words as a part of an address that nobody can read without the mailbox's key; empty for no word."""
    words = " ".join(text.replace("\0", " ").split())[:MOST_CHARACTERS]
    if not words:
        return ""
    return base64.urlsafe_b64encode(owner_key(mailbox_id).seal_text(_NAME, words)).decode().rstrip("=")


def open_words(mailbox_id: UUID, token: str) -> str:
    """The words of ``seal_words``; empty for anything else, such as words that were sealed for another mailbox."""
    if not token:
        return ""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return owner_key(mailbox_id).open_text(_NAME, sealed)
    except (binascii.Error, SealBroken, ValueError):
        return ""
