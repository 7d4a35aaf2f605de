"""What leaves for other operators, and what an antivirus keeps back."""

from django.db import models


class OutboundMail(models.Model):
    """A message on its way to another operator, for one recipient.

    ``addresses`` are the sender, the recipient and what RFC 3461 lets a sender add (the original recipient, the
    envelope identifier), sealed under the owner's key. ``next_try_at`` is also the end of a claim, while
    ``claimed_by`` names the process that is sending it.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        HELD = "held"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField()
    message_id = models.UUIDField(null=True)
    body = models.BinaryField(max_length=32)
    size = models.BigIntegerField(default=0)
    domain = models.CharField(max_length=255)
    addresses = models.BinaryField()
    notify = models.CharField(max_length=24, blank=True, default="")
    ret = models.CharField(max_length=4, blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    claimed_by = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_code = models.CharField(max_length=16, blank=True, default="")
    last_problem = models.CharField(max_length=32, blank=True, default="")
    warned_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_outbound_mail"
        indexes = [
            models.Index(fields=["domain", "next_try_at"], name="outbound_due", condition=models.Q(state="queued")),
            models.Index(
                fields=["created_at"], name="outbound_oldest", condition=models.Q(state__in=["queued", "held"])
            ),
        ]


class OutboundDestination(models.Model):
    """What is known of a domain of another operator that cannot be reached, or whose mail a person holds back.

    While ``next_try_at`` lies ahead nothing is sent there, and then one message alone at first.
    """

    domain = models.CharField(max_length=255, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    down_since = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    last_code = models.CharField(max_length=16, blank=True, default="")
    last_problem = models.CharField(max_length=32, blank=True, default="")
    held_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_outbound_destination"


class QuarantinedMail(models.Model):
    """A message that the antivirus kept from its recipients, whole, until a person decides or its time is over.

    The body and the envelope (who sent it to whom, when) are sealed under the key of Carnet itself; ``signature`` is
    the name of what was found, in the antivirus's own base.
    """

    class State(models.TextChoices):
        KEPT = "kept"
        RELEASED = "released"

    id = models.UUIDField(primary_key=True)
    body = models.BinaryField(max_length=32)
    envelope = models.BinaryField()
    size = models.BigIntegerField()
    signature = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.KEPT)
    kept_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_quarantined_mail"
        indexes = [models.Index(fields=["kept_at"], name="quarantined_mail_age")]


class UnscannedMessage(models.Model):
    """One owner's copy of a message that was delivered while the antivirus was away: it is looked at later."""

    pk = models.CompositePrimaryKey("owner_id", "message_id")
    owner_id = models.UUIDField()
    message_id = models.UUIDField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "messaging_unscanned_message"
        indexes = [models.Index(fields=["next_try_at"], name="unscanned_message_due")]
