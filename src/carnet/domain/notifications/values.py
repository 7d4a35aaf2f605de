"""What people can be told of."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """The kinds that a holder can switch on and off (Mon espace santé's own preference codes)."""

    MESSAGE = "NOTIF_MESSAGE"
    DOCUMENT = "NOTIF_DOCUMENT"


class Channel(StrEnum):
    """The ways in which people are told."""

    EMAIL = "email"
    PUSH = "push"
