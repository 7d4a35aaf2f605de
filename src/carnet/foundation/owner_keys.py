"""Owners' keys as stored: made at first need, wrapped by the master key, re-wrapped when it is rotated."""

import secrets
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.foundation.clock import now
from carnet.foundation.keys import KeyCache, KeyProblem, MasterKeys, OwnerKey
from carnet.foundation.models import OwnerKeyRow

_cache = KeyCache()
_master_lock = threading.Lock()
_master: tuple[Path, tuple[int, int], MasterKeys] | None = None


def master_keys() -> MasterKeys:
    """The installation's master keys; read again when the file has changed, so a rotation needs no restart."""
    global _master
    path = Path(settings.CARNET_MASTER_KEY_FILE)
    with _master_lock:
        try:
            state = path.stat()
            changed = (state.st_mtime_ns, state.st_ino)
        except FileNotFoundError:
            changed = (0, 0)
        if _master is None or _master[:2] != (path, changed):
            _master = (path, changed, MasterKeys.load(path))
            _cache.forget()
        return _master[2]


def owner_key(owner_id: UUID) -> OwnerKey:
    """The key of one owner. Raises ``KeyProblem`` if the owner has none (never made, or deleted with its data)."""
    return owner_keys([owner_id])[owner_id]


def owner_keys(owner_ids: Iterable[UUID]) -> dict[UUID, OwnerKey]:
    """The keys of many owners, in one query at most. Raises ``KeyProblem`` if one has none.

    They are kept for later only once the caller's transaction is committed: one that it has just made may be undone.
    """
    found: dict[UUID, OwnerKey] = {}
    missing = []
    for owner_id in set(owner_ids):
        key = _cache.get(owner_id)
        if key is None:
            missing.append(owner_id)
        else:
            found[owner_id] = key
    if missing:
        master = master_keys()
        for row in OwnerKeyRow.objects.filter(owner_id__in=missing):
            key = OwnerKey(row.owner_id, master.unwrap(bytes(row.wrapped), row.owner_id.bytes))
            found[row.owner_id] = key
            transaction.on_commit(partial(_cache.put, key))
    for owner_id in missing:
        if owner_id not in found:
            raise KeyProblem(f"owner {owner_id} has no key")
    return found


def create_owner_keys(owner_ids: Iterable[UUID]) -> None:
    """Make a key for each owner that has none yet; part of the caller's transaction."""
    wanted = [owner_id for owner_id in owner_ids if _cache.get(owner_id) is None]
    if not wanted:
        return
    with transaction.atomic(savepoint=False):
        # Locked before the key file is read, so that ``finish_rotation`` never drops the master key that wraps these.
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE foundation_owner_key IN ROW EXCLUSIVE MODE")
        master = master_keys()
        created = now()
        OwnerKeyRow.objects.bulk_create(
            [
                OwnerKeyRow(
                    owner_id=owner_id,
                    wrapped=master.wrap(secrets.token_bytes(32), owner_id.bytes),
                    master_id=master.current_id,
                    created_at=created,
                )
                for owner_id in wanted
            ],
            ignore_conflicts=True,
            batch_size=1000,
        )


def forget_cached_keys() -> None:
    """Drop this process's unwrapped keys (after a deletion, and between tests)."""
    global _master
    with _master_lock:
        _master = None
    _cache.forget()


def rewrap_batch(batch: int = 1000) -> int:
    """Re-wrap up to ``batch`` owners' keys that an older master key wraps. Returns how many were done."""
    master = master_keys()
    with transaction.atomic():
        rows = list(
            OwnerKeyRow.objects.select_for_update(skip_locked=True)
            .exclude(master_id=master.current_id)
            .order_by("owner_id")[:batch]
        )
        for row in rows:
            key = master.unwrap(bytes(row.wrapped), row.owner_id.bytes)
            row.wrapped = master.wrap(key, row.owner_id.bytes)
            row.master_id = master.current_id
        OwnerKeyRow.objects.bulk_update(rows, ["wrapped", "master_id"])
    return len(rows)


def older_master_ids() -> dict[str, int]:
    """How many owners' keys each older master key still wraps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT master_id, count(*) FROM foundation_owner_key WHERE master_id <> %s GROUP BY master_id",
            [master_keys().current_id],
        )
        return dict(cursor.fetchall())


def finish_rotation(needed_elsewhere: Callable[[str], bool]) -> bool:
    """Drop the older master keys, unless an owner's key is wrapped by one or ``needed_elsewhere(current id)`` says so.

    No owner's key can be made meanwhile: the table is locked against it, once those in the making are committed.
    Returns whether they were dropped.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE foundation_owner_key IN SHARE MODE")
        master = master_keys()
        if older_master_ids() or needed_elsewhere(master.current_id):
            return False
        master.only_current().save(Path(settings.CARNET_MASTER_KEY_FILE))
    return True
