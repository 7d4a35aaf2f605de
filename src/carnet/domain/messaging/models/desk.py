"""What a team knows of the mail of its mailbox beyond the folders: its conversations, who looks after which.

Everything here is drawn from folder entries and messages (``commands.desk_index``) or was done by a person at the desk;
what was read and what lies in a folder is never copied: the entries that IMAP shares say so.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class DeskThread(models.Model):
    """The messages that a mailbox exchanged in one conversation, with a patient or with a colleague.

    ``head`` is sealed under the mailbox's key: subject, correspondent's name and address (``desk.values.ThreadHead``).
    ``correspondent_digest`` is the digest of the correspondent's address under the mailbox's key; ``patient`` says that
    the address is a patient's. ``waiting_since`` is when the oldest message that nobody has answered came in; NULL once
    it is answered or settled. ``ended``: the box ended the exchange for this patient.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    head = models.BinaryField()
    correspondent_digest = models.BinaryField(max_length=32)
    patient = models.BooleanField()
    pathway_id = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    has_documents = models.BooleanField(default=False)
    taken_by = models.CharField(max_length=11, blank=True, default="")
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    told_late_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_desk_thread"
        indexes = [
            models.Index(fields=["mailbox_id", "-last_at", "-id"], name="desk_thread_newest"),
            models.Index(
                fields=["mailbox_id", "waiting_since", "id"],
                name="desk_thread_waiting",
                condition=models.Q(waiting_since__isnull=False),
            ),
            models.Index(fields=["mailbox_id", "correspondent_digest", "-last_at"], name="desk_thread_of"),
            models.Index(
                fields=["mailbox_id", "taken_by", "-last_at"],
                name="desk_thread_taken",
                condition=~models.Q(taken_by=""),
            ),
            models.Index(
                fields=["mailbox_id", "pathway_id", "-last_at"],
                name="desk_thread_pathway",
                condition=models.Q(pathway_id__isnull=False),
            ),
            models.Index(
                fields=["mailbox_id", "-last_at"],
                name="desk_thread_documents",
                condition=models.Q(has_documents=True),
            ),
        ]


class DeskMessage(models.Model):
    """A message of a conversation of the desk: which way it went, who wrote it, the words that find it.

    ``words`` are 64-bit digests of the words of its text, subject and file names, under the mailbox's key.
    ``author`` is the RPPS of who sent it from the desk, empty for what came by another way.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "message_id")
    mailbox_id = models.UUIDField()
    message_id = models.UUIDField()
    thread_id = models.UUIDField()
    direction = models.CharField(max_length=3)
    at = models.DateTimeField()
    has_documents = models.BooleanField(default=False)
    author = models.CharField(max_length=11, blank=True, default="")
    words = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "messaging_desk_message"
        indexes = [
            models.Index(fields=["mailbox_id", "thread_id", "at", "message_id"], name="desk_message_of_thread"),
            GinIndex(fields=["words"], name="desk_message_words"),
        ]


class DeskDocument(models.Model):
    """A clinical document that came into the mailbox, and whether it was filed with its patient.

    ``head`` is sealed (``desk.values.DocumentHead``: title, type, date, author, patient's name, INS). The digests are
    under the mailbox's key: of the patient's INS, of the document's uniqueId, of the one that it says it replaces.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    message_id = models.UUIDField()
    path = models.CharField(max_length=100)
    head = models.BinaryField()
    patient_digest = models.BinaryField(max_length=32)
    unique_digest = models.BinaryField(max_length=32)
    replaces_digest = models.BinaryField(max_length=32, null=True)
    at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True)
    filed_by = models.CharField(max_length=11, blank=True, default="")

    class Meta:
        db_table = "messaging_desk_document"
        constraints = [models.UniqueConstraint(fields=["mailbox_id", "message_id", "path"], name="desk_document_once")]
        indexes = [
            models.Index(fields=["mailbox_id", "patient_digest", "-at"], name="desk_document_patient"),
            models.Index(fields=["mailbox_id", "unique_digest"], name="desk_document_unique"),
            models.Index(
                fields=["mailbox_id", "replaces_digest"],
                name="desk_document_replaces",
                condition=models.Q(replaces_digest__isnull=False),
            ),
            models.Index(fields=["mailbox_id", "-at"], name="desk_document_unfiled", condition=models.Q(filed_at=None)),
        ]


class DeskNote(models.Model):
    """An internal note of the team on a conversation: sealed, and never sent to anybody."""

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    thread_id = models.UUIDField()
    author = models.CharField(max_length=11)
    at = models.DateTimeField()
    text = models.BinaryField()

    class Meta:
        db_table = "messaging_desk_note"
        indexes = [models.Index(fields=["mailbox_id", "thread_id", "at"], name="desk_note_of_thread")]


class DeskReading(models.Model):
    """When a member of the team last opened a conversation."""

    pk = models.CompositePrimaryKey("mailbox_id", "thread_id", "reader")
    mailbox_id = models.UUIDField()
    thread_id = models.UUIDField()
    reader = models.CharField(max_length=11)
    at = models.DateTimeField()

    class Meta:
        db_table = "messaging_desk_reading"


class SavedReply(models.Model):
    """An answer that the team of a mailbox gives often; it holds nothing of a patient, and is in clear."""

    id = models.UUIDField(primary_key=True)
    mailbox_id = models.UUIDField()
    title = models.CharField(max_length=100)
    text = models.CharField(max_length=10_000)
    updated_by = models.CharField(max_length=11)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_saved_reply"
        constraints = [models.UniqueConstraint(fields=["mailbox_id", "title"], name="saved_reply_once")]
