"""A segment file: a header with the segment's own wrapped key, then sealed records, only ever appended.

Header: magic (8 bytes), segment id (16), length of the wrapped key (2), wrapped key.
Record: length of what follows (4), then AES-256-GCM of ``envelope length (4) + envelope + content``; the nonce is the
record's position, which never repeats under a segment's key, and the segment id is bound to it.
"""

import secrets
import struct
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.foundation.keys import MasterKeys

MAGIC = b"CARNSPL1"
SUFFIX = ".segment"


class SegmentDamaged(Exception):
    """A segment's header or record is not what was written."""


def header(segment_id: UUID, key: bytes, master: MasterKeys) -> bytes:
    wrapped = master.wrap(key, segment_id.bytes)
    return MAGIC + segment_id.bytes + struct.pack(">H", len(wrapped)) + wrapped


def unborn(folder: Path) -> list[Path]:
    """The segments that are being made: locked by their writer, not named yet."""
    return list(folder.glob(".????????-????-????-????-????????????"))


def new_key() -> bytes:
    return secrets.token_bytes(32)


def read_header(start: bytes, master: MasterKeys) -> tuple[UUID, AESGCM]:
    """The segment's id and cipher from the first 512 bytes of its file."""
    if len(start) < 26 or start[:8] != MAGIC:
        raise SegmentDamaged("not a spool segment")
    segment_id = UUID(bytes=start[8:24])
    (length,) = struct.unpack(">H", start[24:26])
    return segment_id, AESGCM(master.unwrap(start[26 : 26 + length], segment_id.bytes))


def wrapped_by(start: bytes) -> str:
    """The id of the master key that wraps the segment's own, from the first bytes of its file."""
    if len(start) < 34 or start[:8] != MAGIC:
        raise SegmentDamaged("not a spool segment")
    return start[26:34].decode("ascii", "replace")


def _nonce(position: int) -> bytes:
    return position.to_bytes(12, "big")


def seal_record(
    cipher: AESGCM, segment_id: UUID, position: int, envelope: bytes, content: bytes
) -> tuple[bytes, bytes]:
    """The record for ``position``, in two pieces to be written one after the other."""
    plain = b"".join((struct.pack(">I", len(envelope)), envelope, content))
    sealed = cipher.encrypt(_nonce(position), plain, segment_id.bytes)
    return struct.pack(">I", len(sealed)), sealed


def open_record(cipher: AESGCM, segment_id: UUID, position: int, record: bytes) -> tuple[bytes, bytes]:
    """``(envelope, content)`` of the record found at ``position``. Raises ``SegmentDamaged``."""
    if len(record) < 4:
        raise SegmentDamaged("record cut short")
    (length,) = struct.unpack(">I", record[:4])
    if len(record) != 4 + length:
        raise SegmentDamaged("record cut short")
    try:
        plain = cipher.decrypt(_nonce(position), record[4:], segment_id.bytes)
    except InvalidTag:
        raise SegmentDamaged("record does not open") from None
    (size,) = struct.unpack(">I", plain[:4])
    return plain[4 : 4 + size], plain[4 + size :]
