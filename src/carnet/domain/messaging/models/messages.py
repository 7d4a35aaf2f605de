"""Messages, and the conversations of a space.

A message is immutable and belongs to one owner (a space or a mailbox): each side keeps its own copy under its own
key. What changes lies apart: a space's view of a message in ``ConversationEntry``, a mailbox's in ``FolderEntry``.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Message(models.Model):
    """One owner's copy of a message. Partitioned by hash of ``owner_id``.

    ``envelope`` (addresses, subject, dates, identifiers: see ``envelopes``) and ``structure`` (what IMAP answers with)
    are sealed under the owner's key; ``message_id_digest`` is the Message-ID's address under the same key.
    """

    pk = models.CompositePrimaryKey("owner_id", "id")
    owner_id = models.UUIDField()
    id = models.UUIDField()
    message_id_digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    size = models.BigIntegerField()
    body = models.BinaryField(max_length=32)
    envelope = models.BinaryField()
    structure = models.BinaryField()
    spool_segment = models.UUIDField(null=True)
    spool_position = models.BigIntegerField(null=True)

    class Meta:
        db_table = "messaging_message"
        indexes = [models.Index(fields=["owner_id", "message_id_digest"], name="message_by_message_id")]
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "spool_segment", "spool_position"], name="message_arrives_once")
        ]


class Contact(models.Model):
    """A mailbox that has written to a space: to it, and only to it, the holder may write."""

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    address_digest = models.BinaryField(max_length=32)
    address = models.BinaryField()
    mailbox_id = models.UUIDField(null=True)
    has_written = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)
    last_wrote_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_contact"
        constraints = [models.UniqueConstraint(fields=["space_id", "address_digest"], name="contact_once")]


class Conversation(models.Model):
    """The exchange of a space with one mailbox. ``subject`` is sealed under the space's key.

    ``participants`` are the digests of the addresses that took part: only they can go on with it or end it.
    """

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    contact_id = models.UUIDField()
    subject = models.BinaryField()
    participants = ArrayField(models.BinaryField(max_length=32), default=list)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended = models.CharField(max_length=12, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    trashed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_conversation"
        indexes = [
            models.Index(
                fields=["space_id", "-last_at", "-id"],
                name="conversation_newest",
                condition=models.Q(trashed_at=None),
            ),
            models.Index(
                fields=["space_id", "-trashed_at", "-id"],
                name="conversation_trashed",
                condition=models.Q(trashed_at__isnull=False),
            ),
            models.Index(fields=["space_id", "contact_id"], name="conversation_contact"),
        ]


class ConversationEntry(models.Model):
    """A message as a space sees it. Partitioned by hash of ``space_id``.

    ``content`` is sealed under the space's key: the text to show and the list of attachments (see ``contents``).
    """

    pk = models.CompositePrimaryKey("space_id", "message_id")
    space_id = models.UUIDField()
    message_id = models.UUIDField()
    conversation_id = models.UUIDField()
    direction = models.CharField(max_length=3)
    at = models.DateTimeField()
    has_attachments = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)
    receipt_wanted = models.BooleanField(default=False)
    receipt_sent_at = models.DateTimeField(null=True)
    delivery = models.CharField(max_length=12, blank=True, default="")
    content = models.BinaryField()

    class Meta:
        db_table = "messaging_conversation_entry"
        indexes = [
            models.Index(fields=["space_id", "conversation_id", "at", "message_id"], name="entry_of_conversation"),
            models.Index(
                fields=["space_id", "conversation_id"],
                name="entry_unread",
                condition=models.Q(direction="in", read_at=None),
            ),
        ]
