"""Whether a notification is sent, and how."""

from collections.abc import Set
from datetime import timedelta
from typing import Final

from carnet.domain.notifications.values import NotificationKind


def is_wanted(kind: NotificationKind, switched_off: Set[str]) -> bool:
    """Sent unless the holder switched this kind off; people who have not activated their space get them all."""
    return kind.value not in switched_off


GIVE_UP_AFTER: Final = timedelta(hours=48)


def is_too_late(age: timedelta) -> bool:
    """A notification that could not be sent for two days would only puzzle: what it is about shows at sign-in."""
    return age > GIVE_UP_AFTER
