"""What a team knows of the mail of its mailbox beyond the folders: its conversations, who looks after which.

Everything here is drawn from folder entries and messages (``commands.desk_index``) or was done by a person at the desk;
what was read and what lies in a folder is never copied: the entries that IMAP shares say so.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class DeskBox(models.Model):
    """A mailbox that has been opened at the desk: its conversations are kept up to date from then on."""

    mailbox_id = models.UUIDField(primary_key=True)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_desk_box"


class DeskThread(models.Model):
    """The messages that a mailbox exchanged in one conversation, with a patient or with colleagues.

    ``head`` is sealed under the mailbox's key (``desk.values.ThreadHead``: subject, who it is with).
    ``correspondent_digest`` and ``participants`` are digests of addresses under the mailbox's key; ``patient`` says
    that the correspondent is a patient. ``in_…``, ``unread``, ``messages``, ``waiting_since``, ``last_at``,
    ``outgoing_last`` and ``failed`` are what ``desk.recounting`` counts from folder entries and messages, in the
    transaction that changes these. ``waiting_since`` is when the oldest message that nobody has answered came in; NULL
    once it is answered, or settled at ``settled_at``. ``ended_at``: the box ended the exchange for this patient.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    head = models.BinaryField()
    correspondent_digest = models.BinaryField(max_length=32)
    participants = ArrayField(models.BinaryField(max_length=32), default=list)
    patient = models.BooleanField()
    pathway_id = models.UUIDField(null=True)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    in_inbox = models.BooleanField(default=False)
    in_sent = models.BooleanField(default=False)
    in_other = models.BooleanField(default=False)
    in_trash = models.BooleanField(default=False)
    unread = models.IntegerField(default=0)
    messages = models.IntegerField(default=0)
    outgoing_last = models.BooleanField(default=False)
    failed = models.BooleanField(default=False)
    waiting_since = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
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
                fields=["mailbox_id", "-last_at", "-id"], name="desk_thread_inbox", condition=models.Q(in_inbox=True)
            ),
            models.Index(
                fields=["mailbox_id", "-last_at", "-id"], name="desk_thread_sent", condition=models.Q(in_sent=True)
            ),
            models.Index(
                fields=["mailbox_id", "-last_at", "-id"], name="desk_thread_trash", condition=models.Q(in_trash=True)
            ),
            models.Index(
                fields=["mailbox_id", "-last_at", "-id"], name="desk_thread_unread", condition=models.Q(unread__gt=0)
            ),
            models.Index(
                fields=["mailbox_id", "waiting_since", "id"],
                name="desk_thread_waiting",
                condition=models.Q(waiting_since__isnull=False),
            ),
            models.Index(
                fields=["waiting_since"],
                name="desk_thread_late_untold",
                condition=models.Q(waiting_since__isnull=False, told_late_at=None, patient=True),
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
            models.Index(
                fields=["mailbox_id", "-last_at"], name="desk_thread_ended", condition=models.Q(ended_at__isnull=False)
            ),
        ]


class DeskMessage(models.Model):
    """A message of a conversation of the desk: which way it went, who wrote it, the words that find it.

    ``head`` is sealed (``desk.values.DeskHead``: names, where an answer goes, the first words). ``words`` are 64-bit
    digests of the words of its text, subject, names and file names, under the mailbox's key. ``author`` is the RPPS of
    who sent it from the desk, empty for what came by another way. ``kind`` tells a message from a receipt, a report or
    an automatic answer, which tell of the message ``about``. ``waits``: a person wrote it to the box and may expect an
    answer; ``answers``: it went out and answers what came before. ``outcome`` is why it did not arrive, or what a
    report says; ``read_at`` when a receipt says that it was read.
    """

    pk = models.CompositePrimaryKey("mailbox_id", "message_id")
    mailbox_id = models.UUIDField()
    message_id = models.UUIDField()
    thread_id = models.UUIDField()
    direction = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, default="message")
    about = models.UUIDField(null=True)
    at = models.DateTimeField()
    head = models.BinaryField(default=b"")
    has_documents = models.BooleanField(default=False)
    waits = models.BooleanField(default=False)
    answers = models.BooleanField(default=False)
    author = models.CharField(max_length=11, blank=True, default="")
    outcome = models.CharField(max_length=24, blank=True, default="")
    read_at = models.DateTimeField(null=True)
    words = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "messaging_desk_message"
        indexes = [
            models.Index(fields=["mailbox_id", "thread_id", "at", "message_id"], name="desk_message_of_thread"),
            GinIndex(fields=["words"], name="desk_message_words"),
        ]


class DeskSending(models.Model):
    """A form of the desk that was sent, by the token that it carried: sent twice, it sends once."""

    pk = models.CompositePrimaryKey("mailbox_id", "token", "part")
    mailbox_id = models.UUIDField()
    token = models.UUIDField()
    part = models.SmallIntegerField(default=0)
    thread_id = models.UUIDField()
    message_id = models.UUIDField()
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_desk_sending"
        indexes = [models.Index(fields=["sent_at"], name="desk_sending_age")]


class MessagePathway(models.Model):
    """The pathway of a message that went out and is not in the conversations of the desk yet."""

    pk = models.CompositePrimaryKey("mailbox_id", "message_id")
    mailbox_id = models.UUIDField()
    message_id = models.UUIDField()
    pathway_id = models.UUIDField()

    class Meta:
        db_table = "messaging_message_pathway"


class DeskDocument(models.Model):
    """A clinical document that came into the mailbox, and whether it was filed with its patient.

    ``head`` is sealed (``desk.document_values.DocumentHead``: title, type, date, author, patient's name, INS). The
    digests are under the mailbox's key: of the patient's INS (else of the traits), of the document's uniqueId, of the
    one that it says it replaces; ``words`` are 64-bit ones of the patient's names and INS.
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
    words = ArrayField(models.BigIntegerField(), default=list)

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
            models.Index(fields=["mailbox_id", "-at", "-id"], name="desk_document_newest"),
            GinIndex(fields=["words"], name="desk_document_words"),
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


class DeskDraft(models.Model):
    """What a professional has begun to write at the desk, for nobody but them; it goes after a day.

    A new message, or the answer that they have begun in the conversation ``thread_id``, one each. ``content`` is sealed
    under the mailbox's key: ``desk.draft_values.DraftContent`` (recipients, subject, text, documents), of an answer
    ``AnswerContent`` (text, ticks).
    """

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    thread_id = models.UUIDField(null=True)
    author = models.CharField(max_length=11)
    content = models.BinaryField()
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_desk_draft"
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox_id", "thread_id", "author"],
                name="desk_draft_answer_once",
                condition=models.Q(thread_id__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["mailbox_id", "author", "-saved_at"], name="desk_draft_of"),
            models.Index(fields=["saved_at"], name="desk_draft_age"),
        ]


class DeskDraftFile(models.Model):
    """A file put into a draft of the desk. ``name`` and ``content`` are sealed."""

    pk = models.CompositePrimaryKey("mailbox_id", "id")
    mailbox_id = models.UUIDField()
    id = models.UUIDField()
    draft_id = models.UUIDField()
    name = models.BinaryField()
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    content = models.BinaryField()
    added_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_desk_draft_file"
        indexes = [
            models.Index(fields=["mailbox_id", "draft_id", "added_at"], name="desk_draft_file_of"),
            models.Index(fields=["added_at"], name="desk_draft_file_age"),
        ]
