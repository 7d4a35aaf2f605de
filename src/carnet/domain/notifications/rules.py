"""Whether a notification is sent, and how."""

from collections.abc import Set

from carnet.domain.notifications.values import NotificationKind


def is_wanted(kind: NotificationKind, switched_off: Set[str]) -> bool:
    """Sent unless the holder switched this kind off; people who have not activated their space get them all."""
    return kind.value not in switched_off
