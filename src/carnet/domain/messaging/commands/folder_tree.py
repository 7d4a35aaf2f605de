"""The folders that a mailbox's users make, rename and delete for themselves (RFC 3501 §6.3.3 to §6.3.7)."""

from uuid import UUID

from django.db import connection, transaction

from carnet.domain.messaging.commands.entries import move_all
from carnet.domain.messaging.commands.folders import add_folders, announce, lock_folders
from carnet.domain.messaging.desk.recounting import recount
from carnet.domain.messaging.folder_values import (
    INBOX,
    MAX_FOLDERS,
    SEPARATOR,
    FolderProblem,
    InvalidFolderName,
    folder_name,
    parents,
)
from carnet.domain.messaging.models import ExpungedEntry, Folder, FolderEntry


@transaction.atomic
def create_folder(mailbox_id: UUID, name: str) -> int | FolderProblem:
    """Make a folder, and those above it that are missing; its id."""
    try:
        name = folder_name(name)
    except InvalidFolderName:
        return FolderProblem.BAD_NAME
    existing = _names(mailbox_id)
    if name in existing:
        return FolderProblem.EXISTS
    missing = [one for one in [*parents(name), name] if one not in existing]
    if len(existing) + len(missing) > MAX_FOLDERS:
        return FolderProblem.TOO_MANY
    add_folders([mailbox_id], missing)
    return Folder.objects.values_list("id", flat=True).get(mailbox_id=mailbox_id, name=name)


@transaction.atomic
def delete_folder(mailbox_id: UUID, name: str) -> FolderProblem | None:
    """Delete a folder and its entries; the messages stay, they are evidence. Folders below it are kept."""
    found = _own_folder(mailbox_id, name)
    if isinstance(found, FolderProblem):
        return found
    lock_folders(mailbox_id, [found.id])
    entries = FolderEntry.objects.filter(mailbox_id=mailbox_id, folder_id=found.id)
    threads = {one for one in entries.values_list("thread_id", flat=True) if one is not None}
    entries.delete()
    ExpungedEntry.objects.filter(mailbox_id=mailbox_id, folder_id=found.id).delete()
    Folder.objects.filter(id=found.id).delete()
    recount(mailbox_id, threads)
    announce([mailbox_id])
    return None


@transaction.atomic
def rename_folder(mailbox_id: UUID, old: str, new: str) -> FolderProblem | None:
    """Rename a folder and those below it. Renaming INBOX moves its messages to a new folder (RFC 3501 §6.3.5)."""
    try:
        old, new = folder_name(old), folder_name(new)
    except InvalidFolderName:
        return FolderProblem.BAD_NAME
    if old == INBOX:
        made = create_folder(mailbox_id, new)
        if isinstance(made, FolderProblem):
            return made
        move_all(mailbox_id, Folder.objects.get(mailbox_id=mailbox_id, name=INBOX).id, made)
        return None
    found = _own_folder(mailbox_id, old)
    if isinstance(found, FolderProblem):
        return found
    return _rename_tree(mailbox_id, old, new)


def _rename_tree(mailbox_id: UUID, old: str, new: str) -> FolderProblem | None:
    existing = _names(mailbox_id)
    below = [name for name in existing if name.startswith(old + SEPARATOR)]
    renamed = {name: new + name[len(old) :] for name in [old, *below]}
    if new.startswith(old + SEPARATOR):
        return FolderProblem.BAD_NAME
    if any(name in existing and name not in renamed for name in renamed.values()):
        return FolderProblem.EXISTS
    try:
        for name in renamed.values():
            folder_name(name)
    except InvalidFolderName:
        return FolderProblem.BAD_NAME
    missing = [one for one in parents(new) if one not in existing]
    if len(existing) + len(missing) > MAX_FOLDERS:
        return FolderProblem.TOO_MANY
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_folder f SET name = t.new_name"
            " FROM unnest(%s::text[], %s::text[]) AS t(old_name, new_name)"
            " WHERE f.mailbox_id = %s AND f.name = t.old_name",
            [list(renamed), list(renamed.values()), mailbox_id],
        )
    add_folders([mailbox_id], missing)
    return None


@transaction.atomic
def subscribe(mailbox_id: UUID, name: str, *, subscribed: bool) -> FolderProblem | None:
    """Put a folder on the list that clients show, or take it off (RFC 3501 §6.3.6, §6.3.7)."""
    try:
        name = folder_name(name)
    except InvalidFolderName:
        return FolderProblem.MISSING
    changed = Folder.objects.filter(mailbox_id=mailbox_id, name=name).update(subscribed=subscribed)
    return None if changed else FolderProblem.MISSING


def _names(mailbox_id: UUID) -> set[str]:
    """The names of a mailbox's folders, all locked: two acts on one mailbox's folders come one after the other."""
    rows = Folder.objects.select_for_update(no_key=True).filter(mailbox_id=mailbox_id).order_by("id")
    return {row.name for row in rows}


def _own_folder(mailbox_id: UUID, name: str) -> Folder | FolderProblem:
    """A folder that may be renamed or deleted: not INBOX, and without a special use."""
    try:
        name = folder_name(name)
    except InvalidFolderName:
        return FolderProblem.MISSING
    found = Folder.objects.filter(mailbox_id=mailbox_id, name=name).first()
    if found is None:
        return FolderProblem.MISSING
    if found.name == INBOX or found.special_use:
        return FolderProblem.PROTECTED
    return found
