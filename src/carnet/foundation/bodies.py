"""Bodies: sealed content, addressed per owner.

A small body lies in its database row, where the transaction's own flush makes it durable; a larger one is a file of
the body store, flushed before the row that names it is committed. So a row never names a body that is not on disk;
the reverse (a file whose transaction was undone) is swept by ``sweep_orphans``.
"""

import os
import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from carnet.foundation.clock import now
from carnet.foundation.keys import OwnerKey, sync_folder
from carnet.foundation.models import Body
from carnet.foundation.owner_keys import owner_key, owner_keys
from carnet.foundation.rows import server_cursor

INLINE_BYTES = 16_384
"""Up to this size a body rides in its row: a file costs two flushes and an inode, a row none of its own."""

_SWEEP_AFTER_SECONDS = 86_400


class BodyMissing(Exception):
    """No body at this address for this owner."""


@dataclass(frozen=True)
class BodyRef:
    owner_id: UUID
    address: bytes
    size: int


def _what(address: bytes) -> str:
    return f"body:{address.hex()}"


def _path(owner_id: UUID, address: bytes) -> Path:
    name = address.hex()
    return Path(settings.CARNET_BODIES_DIR) / name[:2] / f"{name}.{owner_id.hex}"


def put_bodies(contents: Sequence[tuple[OwnerKey, bytes]]) -> list[BodyRef]:
    """Store bodies, in order, as part of the caller's transaction: one flush per large file, one per touched folder.

    Storing the same content twice for an owner stores it once.
    """
    refs = [BodyRef(key.owner_id, key.digest("body", content), len(content)) for key, content in contents]
    rows = []
    folders: set[Path] = set()
    seen: set[tuple[UUID, bytes]] = set()
    stored_at = now()
    for ref, (key, content) in zip(refs, contents, strict=True):
        if (ref.owner_id, ref.address) in seen:
            continue
        seen.add((ref.owner_id, ref.address))
        sealed = key.seal(_what(ref.address), content)
        inline = sealed if len(content) <= INLINE_BYTES else None
        if inline is None:
            path = _path(ref.owner_id, ref.address)
            _write(path, sealed)
            folders.add(path.parent)
        rows.append(
            Body(
                owner_id=ref.owner_id,
                address=ref.address,
                size=ref.size,
                inline=inline,
                stored_at=stored_at,
            )
        )
    for folder in folders:
        sync_folder(folder)
    _insert(rows)
    return refs


def _insert(rows: Sequence[Body]) -> None:
    """The rows that do not exist yet; the bodies in them travel in binary."""
    if not rows:
        return
    with server_cursor() as cursor:
        cursor.execute(
            "INSERT INTO foundation_body (owner_id, address, size, inline, stored_at)"
            " SELECT * FROM unnest(%b::uuid[], %b::bytea[], %b::bigint[], %b::bytea[], %b::timestamptz[])"
            " ON CONFLICT DO NOTHING",
            [
                [row.owner_id for row in rows],
                [row.address for row in rows],
                [row.size for row in rows],
                [row.inline for row in rows],
                [row.stored_at for row in rows],
            ],
        )


def put_body(owner_id: UUID, content: bytes) -> BodyRef:
    return put_bodies([(owner_key(owner_id), content)])[0]


def get_body(owner_id: UUID, address: bytes | memoryview) -> bytes:
    """The content. Raises ``BodyMissing``, or ``SealBroken`` if the stored bytes were changed."""
    address = bytes(address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT inline FROM foundation_body WHERE owner_id = %s AND address = %s", [owner_id, address])
        row = cursor.fetchone()
    if row is None:
        raise BodyMissing("no such body")
    if row[0] is None:
        try:
            sealed = _path(owner_id, address).read_bytes()
        except FileNotFoundError:
            raise BodyMissing("the body's file is missing") from None
    else:
        sealed = bytes(row[0])
    return owner_key(owner_id).open(_what(address), sealed)


def get_bodies(wanted: Collection[tuple[UUID, bytes]]) -> dict[tuple[UUID, bytes], bytes]:
    """The contents at these (owner, address), in one query an owner; what is not there is left out.

    Raises ``SealBroken`` if stored bytes were changed, ``KeyProblem`` when an owner has no key.
    """
    keys = owner_keys({owner_id for owner_id, _ in wanted})
    found: dict[tuple[UUID, bytes], bytes] = {}
    for owner_id, key in keys.items():
        addresses = [address for owner, address in wanted if owner == owner_id]
        with server_cursor(prepared=True) as cursor:
            cursor.execute(
                "SELECT address, inline FROM foundation_body WHERE owner_id = %b AND address = ANY(%b)",
                [owner_id, addresses],
                binary=True,
            )
            rows = cursor.fetchall()
        for address, inline in rows:
            try:
                sealed = inline if inline is not None else _path(owner_id, address).read_bytes()
            except FileNotFoundError:
                continue
            found[owner_id, address] = key.open(_what(address), sealed)
    return found


def _write(path: Path, sealed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(sealed)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, path)


def prepare_body_store() -> None:
    """Make the store's folders once, so that storing never has to flush a folder's creation."""
    root = Path(settings.CARNET_BODIES_DIR)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (root / "ff").exists():
        for number in range(256):
            (root / f"{number:02x}").mkdir(exist_ok=True, mode=0o700)
        sync_folder(root)


def sweep_orphans(older_than_seconds: int = _SWEEP_AFTER_SECONDS) -> int:
    """Remove files that no row names and that are older than any open transaction. Returns how many."""
    removed = 0
    limit = time.time() - older_than_seconds
    for folder in sorted(Path(settings.CARNET_BODIES_DIR).glob("??")):
        old = [path for path in folder.iterdir() if path.stat().st_mtime < limit]
        named = _named([path for path in old if path.suffix != ".part"])
        for path in old:
            if path.name not in named:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _named(paths: list[Path]) -> set[str]:
    """Which of these files a row names."""
    keys = []
    for path in paths:
        address, _, owner = path.name.partition(".")
        keys.append((UUID(hex=owner), bytes.fromhex(address)))
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.owner_id, b.address FROM foundation_body b"
            " JOIN unnest(%s::uuid[], %s::bytea[]) AS k(owner_id, address)"
            " ON b.owner_id = k.owner_id AND b.address = k.address",
            [[key[0] for key in keys], [key[1] for key in keys]],
        )
        return {f"{bytes(address).hex()}.{owner.hex}" for owner, address in cursor.fetchall()}
