"""Asking for notifications, and keeping how people are reached."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from carnet.domain.notifications.jobs import send_activation_code, send_waiting
from carnet.domain.notifications.models import ContactPoint, Notification, Preference
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key


def notify(space_id: UUID, kind: NotificationKind, about: UUID) -> None:
    """Ask for one notification: see ``notify_all``."""
    notify_all([(space_id, kind, about)])


def notify_all(wanted: Iterable[tuple[UUID, NotificationKind, UUID]]) -> None:
    """Ask for a notification about each thing; part of the caller's transaction, and once however often it is asked."""
    at = now()
    rows = [
        Notification(id=new_id(), space_id=space_id, kind=kind.value, about=about, created_at=at)
        for space_id, kind, about in wanted
    ]
    if rows:
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        send_waiting.defer()


def set_contact_point(space_id: UUID, *, email: str, language: str) -> None:
    """Where the space's notifications go from now on."""
    sealed = owner_key(space_id).seal_text("contact-email", email)
    ContactPoint.objects.update_or_create(space_id=space_id, defaults={"email": sealed, "language": language})


def set_language(space_id: UUID, language: str) -> None:
    """The language that notifications are written in from now on."""
    ContactPoint.objects.filter(space_id=space_id).update(language=language)


def mark_activated(space_id: UUID) -> None:
    """From now on notifications no longer explain how to activate."""
    ContactPoint.objects.filter(space_id=space_id).update(activated=True)


@transaction.atomic
def set_preferences(space_id: UUID, wanted: set[NotificationKind], channel: Channel = Channel.EMAIL) -> None:
    """Keep which kinds the holder wants by this channel; the others are switched off there."""
    Preference.objects.filter(space_id=space_id, channel=channel.value).delete()
    Preference.objects.bulk_create(
        [
            Preference(space_id=space_id, kind=kind.value, channel=channel.value)
            for kind in NotificationKind
            if kind not in wanted
        ]
    )


def send_code(space_id: UUID, code: str) -> None:
    """Ask for an activation code to be sent to the person; it travels sealed, since a job's arguments lie in clear."""
    sealed = owner_key(space_id).seal_text("activation-code", code).hex()
    send_activation_code.defer(space_id=str(space_id), sealed=sealed)
