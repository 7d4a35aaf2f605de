"""How a person is reached, what they want to be told of, and what was sent."""

from django.db import models


class ContactPoint(models.Model):
    """Where a space's notifications go; the address is sealed under the space's key."""

    space_id = models.UUIDField(primary_key=True)
    email = models.BinaryField()
    language = models.CharField(max_length=2, default="fr")
    activated = models.BooleanField(default=False)

    class Meta:
        db_table = "notifications_contact_point"


class Preference(models.Model):
    """A kind of notification that the holder switched off for a channel (kinds not listed are on)."""

    space_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    channel = models.CharField(max_length=8, default="email", db_default="email")

    class Meta:
        db_table = "notifications_preference"
        constraints = [models.UniqueConstraint(fields=["space_id", "kind", "channel"], name="preference_once")]


class Notification(models.Model):
    """One notification about one thing; sent once."""

    id = models.UUIDField(primary_key=True)
    space_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    about = models.UUIDField()
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        db_table = "notifications_notification"
        constraints = [models.UniqueConstraint(fields=["space_id", "kind", "about"], name="notification_once")]
        indexes = [models.Index(fields=["created_at"], name="notification_waiting", condition=models.Q(outcome=""))]


class PushSender(models.Model):
    """The key by which push services know this installation, sealed; one row, made at first need."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    key = models.BinaryField()

    class Meta:
        db_table = "notifications_push_sender"


class PushSubscription(models.Model):
    """A browser that a holder wants to be told on. ``address`` (endpoint and keys) is sealed under the space's key.

    ``device`` is what the browser said it is, in the few words that the holder tells their devices apart by.
    """

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    endpoint_digest = models.BinaryField(max_length=32)
    address = models.BinaryField()
    device = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField()
    last_pushed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notifications_push_subscription"
        constraints = [models.UniqueConstraint(fields=["space_id", "endpoint_digest"], name="subscription_once")]


class PushNotice(models.Model):
    """One notification on its way to one browser; sent once."""

    id = models.UUIDField(primary_key=True)
    notification_id = models.UUIDField()
    space_id = models.UUIDField()
    subscription_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        db_table = "notifications_push_notice"
        constraints = [models.UniqueConstraint(fields=["notification_id", "subscription_id"], name="push_notice_once")]
        indexes = [
            models.Index(fields=["next_try_at"], name="push_notice_waiting", condition=models.Q(outcome="")),
            models.Index(fields=["created_at"], name="push_notice_age"),
        ]
