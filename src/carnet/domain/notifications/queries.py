"""Reading how a person is reached and what they want to be told of."""

from uuid import UUID

from carnet.domain.notifications.models import ContactPoint, Preference
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.foundation.owner_keys import owner_key


def wanted_kinds(space_id: UUID, channel: Channel = Channel.EMAIL) -> set[NotificationKind]:
    """The kinds that the holder has not switched off for this channel."""
    off = set(Preference.objects.filter(space_id=space_id, channel=channel.value).values_list("kind", flat=True))
    return {kind for kind in NotificationKind if kind.value not in off}


def contact_email(space_id: UUID) -> str:
    """The e-mail address of a space, or an empty text."""
    sealed = ContactPoint.objects.filter(space_id=space_id).values_list("email", flat=True).first()
    return owner_key(space_id).open_text("contact-email", sealed) if sealed else ""
