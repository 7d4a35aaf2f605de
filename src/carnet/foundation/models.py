"""What the foundation stores: wrapped keys, bodies, and the index of the spool."""

from django.db import models


class OwnerKeyRow(models.Model):
    """An owner's data key, wrapped by a master key. Deleting the row deletes all that the owner sealed."""

    owner_id = models.UUIDField(primary_key=True)
    wrapped = models.BinaryField()
    master_id = models.CharField(max_length=8)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "foundation_owner_key"
        indexes = [models.Index(fields=["master_id", "owner_id"], name="owner_key_master")]


class Body(models.Model):
    """A sealed body: its address under the owner's key; small ones lie in ``inline``, large ones in the body store.

    Partitioned by hash of ``owner_id``.
    """

    pk = models.CompositePrimaryKey("owner_id", "address")
    owner_id = models.UUIDField()
    address = models.BinaryField(max_length=32)
    size = models.BigIntegerField()
    inline = models.BinaryField(null=True)
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "foundation_body"


class SpoolEntry(models.Model):
    """Where an accepted message waits: the record ``position`` of a segment file, until the drain has taken it."""

    spool_id = models.UUIDField()
    segment = models.UUIDField()
    position = models.BigIntegerField()
    length = models.BigIntegerField()
    accepted_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    held = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "foundation_spool_entry"
        constraints = [models.UniqueConstraint(fields=["segment", "position"], name="spool_entry_once")]
        indexes = [models.Index(fields=["spool_id", "id"], name="spool_entry_waiting", condition=models.Q(held=""))]


class PlannedClosure(models.Model):
    """A time during which a part of the service is closed on purpose; at ``until`` it opens again."""

    class Scope(models.TextChoices):
        MAIL = "mail"

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=8, choices=Scope)
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    message_fr = models.CharField(max_length=300, blank=True, default="")
    message_en = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "foundation_planned_closure"
        indexes = [models.Index(fields=["until"], name="closure_to_come", condition=models.Q(cancelled_at=None))]
        constraints = [
            models.CheckConstraint(condition=models.Q(until__gt=models.F("starts_at")), name="closure_lasts")
        ]
