"""Writing the profile: each change is the holder's own, by the one decision, with its trace."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone

from carnet.domain.identity.queries import traits_of
from carnet.domain.profile.models import ProfileEntry
from carnet.domain.profile.queries import KeptEntry, kept_entries
from carnet.domain.profile.rules import Problems, entry_problems, may_say_nothing
from carnet.domain.profile.values import Entry, EntryProblem, Section
from carnet.domain.spaces.access import Opened, open_space
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key


@dataclass(frozen=True)
class EntryRefused:
    """An entry that cannot be kept as it was typed, and why; nothing was changed and the trail has nothing of it."""

    problems: Problems


@transaction.atomic
def add_entry(actor: Actor, space_id: UUID, entry: Entry) -> UUID | EntryRefused | Decision:
    """Keep one more entry. Returns its id."""
    opened = _open(actor, space_id)
    if isinstance(opened, Decision):
        return opened
    kept = kept_entries(space_id)
    problems = entry_problems(entry, [one.entry for one in kept], birth_date=_born(opened), today=_today())
    if problems:
        return _undone(problems)
    _forget(space_id, [one for one in kept if one.entry.section is entry.section and one.entry.nothing])
    return _keep(space_id, entry)


@transaction.atomic
def change_entry(
    actor: Actor, space_id: UUID, entry_id: UUID, entry: Entry, *, version: int
) -> UUID | EntryRefused | Decision:
    """Put ``entry`` in the place of one that was read as ``version``. Returns its id."""
    opened = _open(actor, space_id, entry_id)
    if isinstance(opened, Decision):
        return opened
    kept = kept_entries(space_id)
    found = next((one for one in kept if one.id == entry_id and not one.entry.nothing), None)
    if found is None or found.entry.section is not entry.section:
        transaction.set_rollback(True)
        return refused(Refusal.NOT_FOUND)
    if found.version != version:
        return _undone({None: EntryProblem.CHANGED_MEANWHILE})
    others = [one.entry for one in kept if one.id != entry_id]
    problems = entry_problems(entry, others, birth_date=_born(opened), today=_today())
    if problems:
        return _undone(problems)
    ProfileEntry.objects.filter(space_id=space_id, id=entry_id).update(
        content=_sealed(space_id, entry_id, entry), version=version + 1, changed_at=now()
    )
    return entry_id


@transaction.atomic
def remove_entry(actor: Actor, space_id: UUID, entry_id: UUID) -> Decision | None:
    """Take an entry out; None when done. One that is not there any more is taken out already."""
    opened = _open(actor, space_id, entry_id)
    if isinstance(opened, Decision):
        return opened
    _forget(space_id, [one for one in kept_entries(space_id) if one.id == entry_id and not one.entry.nothing])
    return None


@transaction.atomic
def say_nothing(actor: Actor, space_id: UUID, section: Section, *, nothing: bool) -> Decision | None:
    """Say that there is nothing to tell in a section, or no longer say so; None when done."""
    opened = _open(actor, space_id)
    if isinstance(opened, Decision):
        return opened
    kept = kept_entries(space_id)
    said = [one for one in kept if one.entry.section is section and one.entry.nothing]
    if not nothing:
        _forget(space_id, said)
    elif not may_say_nothing(section, [one.entry for one in kept]):
        transaction.set_rollback(True)
        return refused(Refusal.NOT_PROVIDED)
    elif not said:
        _keep(space_id, Entry(section, nothing=True))
    return None


def _open(actor: Actor, space_id: UUID, entry_id: UUID | None = None) -> Opened | Decision:
    """The space, for a change. Its trail is locked until the commit, and with it the profile."""
    return open_space(actor, Act.CHANGE_PROFILE, space_id, target_kind="profile", target_id=entry_id)


def _undone(problems: Problems) -> EntryRefused:
    transaction.set_rollback(True)  # the event says that something changed
    return EntryRefused(problems)


def _born(opened: Opened) -> date | None:
    return traits_of(opened.space.person_id).birth_date


def _today() -> date:
    return timezone.localdate(now())


def _keep(space_id: UUID, entry: Entry) -> UUID:
    entry_id, at = new_id(), now()
    ProfileEntry.objects.create(
        space_id=space_id,
        id=entry_id,
        content=_sealed(space_id, entry_id, entry),
        created_at=at,
        changed_at=at,
    )
    return entry_id


def _sealed(space_id: UUID, entry_id: UUID, entry: Entry) -> bytes:
    return owner_key(space_id).seal(f"profile:{entry_id}", orjson.dumps(entry.kept()))


def _forget(space_id: UUID, entries: list[KeptEntry]) -> None:
    ProfileEntry.objects.filter(space_id=space_id, id__in=[one.id for one in entries]).delete()
