"""The contact list of a space: who may be written to, why not the others, and the pharmacies."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_id
from carnet.domain.directory.queries.pharmacies import Pharmacy, pharmacies_by_mailbox, pharmacies_by_structure
from carnet.domain.messaging import rules
from carnet.domain.messaging.models import Contact, KnownPharmacy
from carnet.domain.messaging.queries.conversations import Correspondent, contact_state, correspondent_of
from carnet.domain.messaging.queries.recipients import mailbox_state
from carnet.domain.messaging.values import RecipientState
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

Standing = rules.Standing
"""What is told of a correspondent before one writes: see ``rules.contacts``."""

MOST_CONTACTS = 200
MOST_PHARMACIES = 50


@dataclass(frozen=True)
class ContactRow:
    """A correspondent and what is told of them: ``standing.why_not`` is None for one that may be written to."""

    correspondent: Correspondent
    standing: Standing
    is_pharmacy: bool = False


def contact_list(space_id: UUID, limit: int = MOST_CONTACTS) -> list[ContactRow]:
    """Everyone with whom the space has exchanged, the latest first: who may be written to, and why not the others.

    Access is decided by the caller. At most ``limit`` rows, in three queries.
    """
    rows = list(Contact.objects.filter(space_id=space_id).order_by("-last_wrote_at", "id")[:limit])
    return _described(space_id, rows)


def contact_row(space_id: UUID, contact_id: UUID) -> ContactRow | None:
    """One correspondent of the space, as ``contact_list`` has them."""
    found = _described(space_id, list(Contact.objects.filter(space_id=space_id, id=contact_id)))
    return found[0] if found else None


def _described(space_id: UUID, rows: Sequence[Contact]) -> list[ContactRow]:
    key = owner_key(space_id)
    boxes = mailboxes_by_id([row.mailbox_id for row in rows if row.mailbox_id])
    never_wrote = [row.mailbox_id for row in rows if row.mailbox_id and not row.has_written]
    pharmacies = pharmacies_by_mailbox(never_wrote)
    return [_row(key, row, boxes, pharmacies) for row in rows]


def _row(key: OwnerKey, row: Contact, boxes: dict[UUID, MailboxFacts], pharmacies: dict[UUID, Pharmacy]) -> ContactRow:
    mailbox = boxes.get(row.mailbox_id) if row.mailbox_id else None
    first = row.mailbox_id in pharmacies
    state = contact_state(row, takes_first_message=first)
    return ContactRow(
        correspondent_of(key, row.id, row.address, mailbox), rules.standing(state, box_state(mailbox)), first
    )


def box_state(mailbox: MailboxFacts | None) -> rules.BoxState:
    """A mailbox as the rules of the contact list see it; of one that the directory does not know, nothing is known."""
    if mailbox is None:
        return rules.BoxState()
    here = mailbox_state(mailbox) if mailbox.hosted else RecipientState.OPEN
    return rules.BoxState(
        closed=here is RecipientState.CLOSED,
        suspended=here is RecipientState.SUSPENDED,
        listed=mailbox.active or mailbox.hosted,
        holder_active=mailbox.holder_active,
        absent=mailbox.absent and mailbox.hosted,
        absent_until=mailbox.absent_until,
        closes_on=mailbox.closes_on,
        answer_hours=mailbox.answer_hours,
    )


def known_pharmacies(space_id: UUID) -> list[Pharmacy]:
    """« Pharmacies déjà fréquentées »: those that dispensed to the holder, the latest first, and may be written to."""
    known = KnownPharmacy.objects.filter(space_id=space_id).order_by("-last_on", "structure_id")[:MOST_PHARMACIES]
    order = [one.structure_id for one in known]
    found = pharmacies_by_structure(order)
    return [found[one] for one in order if one in found]


def pharmacy(mailbox_id: UUID) -> Pharmacy | None:
    """The pharmacy of this mailbox, if holders may write to it first today."""
    return pharmacies_by_mailbox([mailbox_id]).get(mailbox_id)
