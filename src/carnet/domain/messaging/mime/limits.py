"""How much of a message is read before it is called hostile, and the one exception of the reader."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class MimeLimits:
    """Bounds of the reader, in bytes unless said otherwise. Well above what mail software sends."""

    total: int = 32 * 1024 * 1024
    header_block: int = 256 * 1024
    header: int = 64 * 1024
    # Number of header fields of one block, and of addresses kept of one address list.
    fields: int = 2_000
    addresses: int = 2_000
    parts: int = 200
    nesting: int = 20
    # What is kept of a text or of an HTML body, in characters.
    text: int = 1024 * 1024


DEFAULT_LIMITS = MimeLimits()


class MalformedCode(StrEnum):
    """Why a message is not read at all."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    HEADER_BLOCK_TOO_LARGE = "header-block-too-large"
    HEADER_TOO_LONG = "header-too-long"
    TOO_MANY_HEADERS = "too-many-headers"
    TOO_MANY_PARTS = "too-many-parts"
    TOO_DEEP = "too-deep"
    BOUNDARY_FLOOD = "boundary-flood"
    ARCHIVES_TOO_LARGE = "archives-too-large"
    NO_SUCH_PART = "no-such-part"


class MalformedMessage(ValueError):
    """A message that is not read. `code` says why; the sentence names the bound and never quotes the message."""

    def __init__(self, code: MalformedCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
