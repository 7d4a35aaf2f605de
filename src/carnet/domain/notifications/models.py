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
    """A kind of notification that the holder switched off (kinds not listed are on)."""

    space_id = models.UUIDField()
    kind = models.CharField(max_length=24)

    class Meta:
        db_table = "notifications_preference"
        constraints = [models.UniqueConstraint(fields=["space_id", "kind"], name="preference_once")]


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
