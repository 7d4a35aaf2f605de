"""Reading the profile."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from django.db import transaction

from carnet.domain.audit.commands import leave
from carnet.domain.identity.queries import traits_of
from carnet.domain.identity.values import StrictTraits
from carnet.domain.profile.models import ProfileEntry
from carnet.domain.profile.values import MOST_ENTRIES, SHAPES, Entry, Section, age, body_mass_index
from carnet.domain.spaces.access import decide, event, open_space
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.owner_keys import owner_key

_MOST = MOST_ENTRIES * len(Section)
_ADULT = 18


@dataclass(frozen=True)
class KeptEntry:
    """An entry as it is kept."""

    id: UUID
    entry: Entry
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class SectionTold:
    """What a holder told in one section, the latest first; ``nothing``: they said that there is nothing to tell."""

    section: Section
    entries: tuple[KeptEntry, ...]
    nothing: bool = False

    @property
    def may_be_none(self) -> bool:
        return SHAPES[self.section].may_be_none and not self.entries


@dataclass(frozen=True)
class Profile:
    """A holder's profile: every section, and who they are."""

    sections: tuple[SectionTold, ...]
    traits: StrictTraits
    ins: str
    body_mass_index: str = ""

    @property
    def told(self) -> tuple[SectionTold, ...]:
        """The sections in which something is said."""
        return tuple(one for one in self.sections if one.entries or one.nothing)


@transaction.atomic
def read_profile(actor: Actor, space_id: UUID, today: date, *, goes_on: bool = False) -> Profile | Decision:
    """The profile of a space, if ``actor`` may read it; the reading or its refusal is in the trail.

    ``goes_on``: this is part of a reading that the trail has already, such as the page after a change. The right to it
    is decided anew, and a refusal leaves its event.
    """
    space = _space_to_read(actor, space_id, goes_on)
    if isinstance(space, Decision):
        return space
    kept = kept_entries(space_id)
    sections = []
    for section in Section:
        own = [one for one in kept if one.entry.section is section]
        told = sorted(
            (one for one in own if not one.entry.nothing),
            key=lambda one: (one.entry.started, one.created_at),
            reverse=True,
        )
        sections.append(SectionTold(section, tuple(told), any(one.entry.nothing for one in own)))
    traits = traits_of(space.person_id)
    return Profile(tuple(sections), traits, space.ins, _index(sections, traits.birth_date, today))


@transaction.atomic
def read_entry(actor: Actor, space_id: UUID, entry_id: UUID, *, goes_on: bool = False) -> KeptEntry | Decision:
    """One entry, to be changed or taken out; as ``read_profile``. The trail keeps that there was none of that id."""
    state = HealthSpace.objects.filter(id=space_id).values_list("state", flat=True).first()
    found = None
    if state is not None and decide(actor, Act.READ_PROFILE, space_id, state):
        found = next((one for one in kept_entries(space_id) if one.id == entry_id and not one.entry.nothing), None)
        if found is None:
            decision = refused(Refusal.NOT_FOUND)
            leave(event(actor, Act.READ_PROFILE, space_id, decision, target_kind="profile", target_id=entry_id))
            return decision
    space = _space_to_read(actor, space_id, goes_on)
    if isinstance(space, Decision):
        return space
    return found if found is not None else refused(Refusal.NOT_FOUND)


def _space_to_read(actor: Actor, space_id: UUID, goes_on: bool) -> HealthSpace | Decision:
    if goes_on:
        space = HealthSpace.objects.filter(id=space_id).first()
        if space is not None and decide(actor, Act.READ_PROFILE, space_id, space.state):
            return space
    opened = open_space(actor, Act.READ_PROFILE, space_id, target_kind="profile")
    return opened if isinstance(opened, Decision) else opened.space


def kept_entries(space_id: UUID) -> list[KeptEntry]:
    """Everything that a profile holds: for those who have asked whether they may. Index: the primary key."""
    key = owner_key(space_id)
    return [
        KeptEntry(
            row.id,
            Entry.from_kept(orjson.loads(key.open(f"profile:{row.id}", row.content))),
            row.version,
            row.created_at,
            row.changed_at,
        )
        for row in ProfileEntry.objects.filter(space_id=space_id).order_by("id")[:_MOST]
    ]


def _index(sections: list[SectionTold], birth_date: date | None, today: date) -> str:
    """The body mass index of an adult, of the latest weight and height that are told."""
    if birth_date is None or age(birth_date, today) < _ADULT:
        return ""
    measures = next(one.entries for one in sections if one.section is Section.MEASURES)
    latest = {
        kind: next((m.entry.value for m in measures if m.entry.kind == kind), "") for kind in ("weight", "height")
    }
    return str(body_mass_index(latest["weight"], latest["height"]) or "")
