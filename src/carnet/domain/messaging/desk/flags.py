"""Flags that the desk sets on messages wherever they lie, so that mail clients see them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from carnet.domain.messaging.commands.entries import store_flags
from carnet.domain.messaging.commands.folders import lock_folders
from carnet.domain.messaging.folder_values import StoreMode


def set_flags(mailbox_id: UUID, places: Iterable[tuple[int, int]], flags: Sequence[str], *, on: bool = True) -> None:
    """Set or take off flags of entries (folder, UID); part of the caller's transaction. The folders are locked all
    together first: nobody then waits in a circle."""
    folders: dict[int, list[int]] = {}
    for folder_id, uid in places:
        folders.setdefault(folder_id, []).append(uid)
    lock_folders(mailbox_id, folders)
    for folder_id in sorted(folders):
        store_flags(mailbox_id, folder_id, folders[folder_id], StoreMode.ADD if on else StoreMode.REMOVE, flags)
