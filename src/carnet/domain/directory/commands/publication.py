"""What operators write by the API: the mailboxes of their domains, each write traced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from carnet.domain.directory.commands.life import announce_closing
from carnet.domain.directory.commands.mailboxes import (
    MailboxChange,
    MailboxRefused,
    NewMailbox,
    change_mailbox,
    create_mailbox,
)
from carnet.domain.directory.models import ApiWrite, Mailbox, Practice, TrustedDomain, TrustEntry
from carnet.domain.directory.publication import (
    BoxField,
    Change,
    FieldValue,
    NewBox,
    Refusal,
    RemoveBox,
    ReplaceBox,
    SetField,
    kind_may_hang,
    may_carry,
)
from carnet.domain.directory.queries.api_keys import KeyFacts
from carnet.domain.directory.queries.criteria import Carrier
from carnet.domain.directory.rules import sender_label
from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.models import Professional, Structure
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

_OPERATIONS = {NewBox: "insert", ReplaceBox: "replace", SetField: "replace", RemoveBox: "delete"}
_EMPTY: dict[BoxField, FieldValue] = {
    BoxField.RED_LIST: False,
    BoxField.PAPERLESS: False,
    BoxField.DESCRIPTION: "",
    BoxField.SERVICE: "",
    BoxField.RESPONSIBLE: "",
}


@dataclass(frozen=True)
class Refused:
    """The change at ``place`` is refused, and with it all."""

    place: int
    reason: Refusal
    sentence: str


@dataclass(frozen=True)
class _Holder:
    """What carries the mailboxes: numbers of who and where, and how the label names it."""

    carrier: Carrier
    professional: Professional | None = None
    structure: Structure | None = None
    practice: UUID | None = None


class _Stop(Exception):
    def __init__(self, reason: Refusal, sentence: str = "") -> None:
        self.reason = reason
        self.sentence = sentence or reason.sentence


def publish(carrier: Carrier, key: str, changes: Sequence[Change], who: KeyFacts) -> Refused | None:
    """Do the changes in their order, all or none. Returns the refusal, whose trace is kept, or ``None``.

    An operator writes the mailboxes of the domains that the trust list gives it. One hosted here goes through the same
    commands as by hand: opened against the directory, removed by a closing with notice.
    """
    refused: Refused | None = None
    with transaction.atomic():
        try:
            with transaction.atomic():
                holder = _holder(carrier, key)
                for place, change in enumerate(changes):
                    try:
                        _do(holder, change, who)
                    except MailboxRefused as refusal:
                        raise _At(place, Refusal.RULES, str(refusal)) from refusal
                    except _Stop as stop:
                        raise _At(place, stop.reason, stop.sentence) from stop
        except _At as at:
            refused = Refused(at.place, at.reason, at.sentence)
        _trace(carrier, key, changes, who, refused)
    return refused


class _At(Exception):
    def __init__(self, place: int, reason: Refusal, sentence: str) -> None:
        self.place, self.reason, self.sentence = place, reason, sentence


def _holder(carrier: Carrier, key: str) -> _Holder:
    """The carrier, locked, so that two writers of one come one after the other."""
    match carrier:
        case Carrier.PROFESSIONAL:
            person = Professional.objects.select_for_update().get(rpps=key)
            if not person.active:
                raise _At(0, Refusal.ENDED, Refusal.ENDED.sentence)
            return _Holder(carrier, professional=person)
        case Carrier.PRACTICE:
            practice = Practice.objects.select_for_update(of=("self",)).select_related("professional").get(id=key)
            if not practice.active or not practice.professional.active:
                raise _At(0, Refusal.ENDED, Refusal.ENDED.sentence)
            structure = Structure.objects.filter(id_nat=practice.structure_id).first()
            return _Holder(carrier, practice.professional, structure, practice.id)
        case Carrier.STRUCTURE:
            structure = Structure.objects.select_for_update().get(id_nat=key)
            if not structure.active:
                raise _At(0, Refusal.ENDED, Refusal.ENDED.sentence)
            return _Holder(carrier, structure=structure)


def _do(holder: _Holder, change: Change, who: KeyFacts) -> None:
    domain = TrustedDomain.objects.filter(Q(by_hand=True) | Q(on_list=True), domain=str(change.address.domain)).first()
    if domain is None or not _answers_for(who.operator, domain):
        # Before anything is looked up: what exists in another's domain is none of this operator's business.
        raise _Stop(Refusal.NOT_YOUR_DOMAIN)
    box = Mailbox.objects.select_for_update().filter(address=change.address.key).first()
    if isinstance(change, NewBox):
        _open(holder, change, box, domain, who)
        return
    if box is None or box.state == Mailbox.State.CLOSED or not _carries(holder, box):
        raise _Stop(Refusal.NOT_HERE)
    if isinstance(change, RemoveBox):
        _remove(box, who)
        return
    if isinstance(change, ReplaceBox):
        if change.kind.value != box.kind:
            raise _Stop(Refusal.OTHER_KIND)
        fields = {**_EMPTY, **change.fields}
    else:
        fields = {change.field: change.value}
    _set(box, fields, who)


def _answers_for(operator: str, domain: TrustedDomain) -> bool:
    """Whether the trust list gives the domain to this operator; one that changes operators has two for a while."""
    return operator == domain.operator or TrustEntry.objects.filter(domain=domain.domain, operator=operator).exists()


def _carries(holder: _Holder, box: Mailbox) -> bool:
    match holder.carrier:
        case Carrier.PROFESSIONAL:
            return holder.professional is not None and (
                box.professional_id == holder.professional.rpps and box.practice_id is None
            )
        case Carrier.PRACTICE:
            return box.practice_id is not None and box.practice_id == holder.practice
        case Carrier.STRUCTURE:
            return (
                holder.structure is not None
                and box.structure_id == holder.structure.id_nat
                and MailboxKind(box.kind).belongs_to_structure
            )


def _open(holder: _Holder, new: NewBox, before: Mailbox | None, domain: TrustedDomain, who: KeyFacts) -> None:
    if not kind_may_hang(new.kind, on_structure=holder.carrier is Carrier.STRUCTURE):
        raise _Stop(Refusal.WRONG_CARRIER)
    _check(new.kind, new.fields)
    if domain.hosted:
        _open_hosted(holder, new, before, who)
        return
    if before is not None and (
        before.hosted or before.kind != new.kind.value or not _was(holder, before) or _is_open(before)
    ):
        raise _Stop(Refusal.TAKEN)
    box = before or Mailbox(id=new_id(), address=new.address.key, kind=new.kind.value, created_at=now())
    box.domain_id = domain.domain
    box.professional = holder.professional
    box.structure = holder.structure
    box.organization_id = holder.structure.organization_id if holder.structure else None
    box.practice_id = holder.practice
    box.label = _label(holder, new.kind, new.address, str(new.fields.get(BoxField.SERVICE, "")))
    box.hosted, box.published, box.state, box.seen_in = False, True, Mailbox.State.ACTIVE, ""
    for what, value in {**_EMPTY, **new.fields}.items():
        setattr(box, what.value, value)
    box.save(force_insert=before is None)


def _open_hosted(holder: _Holder, new: NewBox, before: Mailbox | None, who: KeyFacts) -> None:
    structure = holder.structure
    if before is not None and before.hosted:
        raise _Stop(Refusal.TAKEN)
    fields = new.fields
    mailbox_id = create_mailbox(
        NewMailbox(
            address=new.address,
            kind=new.kind,
            label=_label(holder, new.kind, new.address, str(fields.get(BoxField.SERVICE, ""))),
            rpps=Rpps(holder.professional.rpps) if holder.professional else None,
            finess=Finess(structure.organization_id) if structure and structure.organization_id else None,
            description=str(fields.get(BoxField.DESCRIPTION, "")),
            service=str(fields.get(BoxField.SERVICE, "")),
            responsible=str(fields.get(BoxField.RESPONSIBLE, "")),
            red_list=bool(fields.get(BoxField.RED_LIST, False)),
            rank=int(fields[BoxField.RANK]) if BoxField.RANK in fields else None,
        ),
        by=_author(who),
    )
    Mailbox.objects.filter(id=mailbox_id).update(
        paperless=bool(fields.get(BoxField.PAPERLESS, False)), structure=structure, practice_id=holder.practice
    )


def _was(holder: _Holder, box: Mailbox) -> bool:
    """Whether a mailbox that is no longer open was of the same professional or structure."""
    if holder.professional is not None:
        return box.professional_id == holder.professional.rpps
    return holder.structure is not None and box.structure_id == holder.structure.id_nat


def _is_open(box: Mailbox) -> bool:
    return box.published and box.state != Mailbox.State.CLOSED


def _set(box: Mailbox, fields: dict[BoxField, FieldValue], who: KeyFacts) -> None:
    _check(MailboxKind(box.kind), fields)
    if box.hosted:
        known = {what.value: value for what, value in fields.items() if what is not BoxField.PAPERLESS}
        change_mailbox(box.id, MailboxChange(**known), _author(who))  # type: ignore[arg-type]
        if BoxField.PAPERLESS in fields:
            Mailbox.objects.filter(id=box.id).update(paperless=bool(fields[BoxField.PAPERLESS]))
        return
    for what, value in fields.items():
        setattr(box, what.value, value)
    box.save(update_fields=[what.value for what in fields])


def _check(kind: MailboxKind, fields: Mapping[BoxField, FieldValue]) -> None:
    for what, value in fields.items():
        if not may_carry(kind, what, value):
            raise _Stop(Refusal.NOT_CARRIED, f"{Refusal.NOT_CARRIED.sentence}: {what.value} of {kind.value}")


def _remove(box: Mailbox, who: KeyFacts) -> None:
    """Out of the directory. A mailbox that is hosted here still takes mail until its notice has passed."""
    if box.hosted:
        if box.closes_on is None:
            notice = timedelta(days=settings.CARNET_MAILBOX_CLOSING_NOTICE_DAYS)
            announce_closing(box.id, timezone.localdate() + notice, _author(who))
        Mailbox.objects.filter(id=box.id).update(published=False)
        return
    box.published, box.state, box.closed_at = False, Mailbox.State.CLOSED, now()
    box.save(update_fields=["published", "state", "closed_at"])


def _label(holder: _Holder, kind: MailboxKind, address: MailboxAddress, service: str) -> str:
    person, structure = holder.professional, holder.structure
    entity = (structure.trade_name or structure.name) if structure else ""
    label = sender_label(
        MailboxKind.PER if person else kind,
        title=person.title if person else "",
        given_name=person.given_name if person else "",
        family_name=person.family_name if person else "",
        functional_label=" – ".join(part for part in (entity, service) if part),
    )
    return "" if label == address.key else label[:200]


def _author(who: KeyFacts) -> str:
    return f"api:{who.name}"


def _trace(carrier: Carrier, key: str, changes: Sequence[Change], who: KeyFacts, refused: Refused | None) -> None:
    at = now()
    ApiWrite.objects.bulk_create(
        ApiWrite(
            key_id=who.id,
            at=at,
            resource=f"{carrier.value}/{key}",
            operation=_OPERATIONS[type(change)],
            address=change.address.key,
            outcome="done" if refused is None else refused.reason.value if place == refused.place else "not-done",
        )
        for place, change in enumerate(changes)
    )
