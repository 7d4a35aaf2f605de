"""The access trail of each space: every act on it, chained so that a change or a gap shows."""

from django.db import models


class AccessEvent(models.Model):
    """One act on a space. Partitioned by month of ``occurred_at`` (see the migration).

    ``detail`` is sealed under the space's key: who (name as shown), on what (title as shown). ``hash`` covers the
    row and ``previous``, the hash of the event before it in the same space.
    """

    pk = models.CompositePrimaryKey("occurred_at", "space_id", "sequence")
    occurred_at = models.DateTimeField()
    space_id = models.UUIDField()
    sequence = models.BigIntegerField()
    actor_kind = models.CharField(max_length=24)
    act = models.CharField(max_length=40)
    target_kind = models.CharField(max_length=24, blank=True, default="")
    target_id = models.UUIDField(null=True)
    allowed = models.BooleanField(default=True)
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_access_event"
        indexes = [models.Index(fields=["space_id", "-occurred_at", "-sequence"], name="access_event_space")]


class ChainHead(models.Model):
    """The last event of each space: where its chain goes on."""

    space_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_chain_head"
