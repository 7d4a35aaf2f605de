"""The folders of a mailbox, which IMAP and the desk share."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Folder(models.Model):
    """A folder of a mailbox, with its IMAP counters (RFC 3501 §2.3.1, RFC 7162) and those of what it holds.

    ``pruned_modseq``: removals up to that modification sequence are remembered no more. ``threaded_uid``: entries up to
    that UID are in the conversations of the desk.
    """

    id = models.BigAutoField(primary_key=True)
    mailbox_id = models.UUIDField()
    name = models.CharField(max_length=200)
    special_use = models.CharField(max_length=12, blank=True, default="")
    uid_validity = models.BigIntegerField()
    uid_next = models.BigIntegerField(default=1)
    highest_modseq = models.BigIntegerField(default=1)
    pruned_modseq = models.BigIntegerField(db_default=0)
    messages = models.BigIntegerField(db_default=0)
    octets = models.BigIntegerField(db_default=0)
    subscribed = models.BooleanField(default=True)
    threaded_uid = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "messaging_folder"
        constraints = [models.UniqueConstraint(fields=["mailbox_id", "name"], name="folder_once")]


class FolderEntry(models.Model):
    """A message in a folder. Partitioned by hash of ``mailbox_id``. Deleting it leaves the message: it is evidence."""

    pk = models.CompositePrimaryKey("mailbox_id", "folder_id", "uid")
    mailbox_id = models.UUIDField()
    folder_id = models.BigIntegerField()
    uid = models.BigIntegerField()
    message_id = models.UUIDField()
    flags = ArrayField(models.CharField(max_length=100), default=list)
    internal_date = models.DateTimeField()
    size = models.BigIntegerField()
    modseq = models.BigIntegerField(default=1)
    seen_at = models.DateTimeField(null=True)
    thread_id = models.UUIDField(null=True)

    class Meta:
        db_table = "messaging_folder_entry"
        indexes = [
            models.Index(
                fields=["mailbox_id", "thread_id"],
                name="folder_entry_of_thread",
                condition=models.Q(thread_id__isnull=False),
            ),
            models.Index(fields=["mailbox_id", "folder_id", "modseq"], name="folder_entry_changed"),
            models.Index(
                fields=["mailbox_id", "folder_id", "uid"],
                name="folder_entry_unseen",
                condition=~models.Q(flags__contains=["\\Seen"]),
            ),
        ]


class ExpungedEntry(models.Model):
    """A UID that left a folder, so that other sessions and later ones learn of it."""

    pk = models.CompositePrimaryKey("mailbox_id", "folder_id", "uid")
    mailbox_id = models.UUIDField()
    folder_id = models.BigIntegerField()
    uid = models.BigIntegerField()
    modseq = models.BigIntegerField()
    expunged_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "messaging_expunged_entry"
        indexes = [
            models.Index(fields=["mailbox_id", "folder_id", "modseq"], name="expunged_entry_changed"),
            models.Index(fields=["expunged_at"], name="expunged_entry_age"),
        ]


class MailboxQuota(models.Model):
    """How much one mailbox may hold, where that differs from what the installation grants to all; 0 for no bound."""

    mailbox_id = models.UUIDField(primary_key=True)
    octets = models.BigIntegerField()

    class Meta:
        db_table = "messaging_mailbox_quota"
        constraints = [models.CheckConstraint(condition=models.Q(octets__gte=0), name="quota_not_negative")]
