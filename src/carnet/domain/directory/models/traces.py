"""The functional traces of mailboxes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class MailboxTrace(models.Model):
    """One act on a mailbox, or a group of the same acts of one session. Partitioned by month of ``at``.

    What an operator and its clients trace (ANS, Référentiel socle MSSanté #2, ECO.4.1.1 and ECO.4.1.2): who, when, what
    act, its result, failures included. ``author`` is the number of who was authenticated (RPPS), the subject of a
    certificate, or ``operator:NAME``; empty when the mailbox's own password served. No address, no subject, no content.
    """

    pk = models.CompositePrimaryKey("at", "id")
    at = models.DateTimeField()
    id = models.UUIDField()
    mailbox_id = models.UUIDField()
    act = models.CharField(max_length=24)
    door = models.CharField(max_length=16)
    session = models.CharField(max_length=40, blank=True, default="")
    author = models.CharField(max_length=300, blank=True, default="")
    outcome = models.CharField(max_length=40, blank=True, default="")
    count = models.PositiveIntegerField(default=1)
    messages = ArrayField(models.UUIDField(), default=list)

    class Meta:
        db_table = "directory_mailbox_trace"
        indexes = [models.Index(fields=["mailbox_id", "at"], name="mailbox_trace_of_mailbox")]
