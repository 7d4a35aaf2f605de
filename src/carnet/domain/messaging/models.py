"""Messages, the conversations of a space, and the folders of a mailbox.

A message is immutable and belongs to one owner (a space or a mailbox): each side keeps its own copy under its own
key. What changes lies apart: a space's view of a message in ``ConversationEntry``, a mailbox's in ``FolderEntry``.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


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


class Folder(models.Model):
    """A folder of a mailbox, with its IMAP counters (RFC 3501 §2.3.1, RFC 7162) and those of what it holds.

    ``pruned_modseq``: removals up to that modification sequence are remembered no more.
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

    class Meta:
        db_table = "messaging_folder_entry"
        indexes = [
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


class Dispatch(models.Model):
    """The evidence of one message written to a patient, for the indicators: who wrote to whom, when, what became of it.

    No content. Opened and answered are read from the conversation.
    """

    id = models.BigAutoField(primary_key=True)
    mailbox_id = models.UUIDField()
    ins = models.CharField(max_length=15)
    space_id = models.UUIDField(null=True)
    message_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField()
    outcome = models.CharField(max_length=24)
    automatic_double = models.BooleanField(default=False)

    class Meta:
        db_table = "messaging_dispatch"
        indexes = [
            models.Index(fields=["mailbox_id", "sent_at"], name="dispatch_of_mailbox"),
            models.Index(fields=["space_id", "message_id"], name="dispatch_of_message"),
        ]


class PatientLetter(models.Model):
    """The evidence of one message written by a holder to a mailbox: the two sides' copies, and the first answer.

    ``seen_at`` keeps when the mailbox's copy was seen once that copy is taken out of its folder.
    """

    id = models.BigAutoField(primary_key=True)
    space_id = models.UUIDField()
    message_id = models.UUIDField()
    mailbox_id = models.UUIDField(null=True)
    mailbox_message_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField()
    first_answer_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_patient_letter"
        constraints = [models.UniqueConstraint(fields=["space_id", "message_id"], name="patient_letter_once")]
        indexes = [
            models.Index(fields=["mailbox_id", "sent_at"], name="patient_letter_of_mailbox"),
            models.Index(
                fields=["mailbox_message_id"],
                name="patient_letter_copy",
                condition=models.Q(mailbox_message_id__isnull=False),
            ),
        ]


class MailCount(models.Model):
    """How many messages of hosted mailboxes there were in a day, by kind of mailbox and by what is counted.

    ``detail`` is the document's or the product's code where one is counted. Each database connection adds to a row of
    its own (``shard``), so that no delivery waits for another's commit: readers sum them.
    """

    pk = models.CompositePrimaryKey("day", "kind", "measure", "detail", "shard")
    day = models.DateField()
    kind = models.CharField(max_length=3)
    measure = models.CharField(max_length=24)
    detail = models.CharField(max_length=40, blank=True, default="")
    shard = models.SmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        db_table = "messaging_mail_count"


class AutomaticAnswer(models.Model):
    """That a mailbox answered a correspondent by itself on an occasion: once is enough (RFC 3834 §2)."""

    pk = models.CompositePrimaryKey("mailbox_id", "occasion", "correspondent")
    mailbox_id = models.UUIDField()
    occasion = models.CharField(max_length=60)
    correspondent = models.BinaryField(max_length=32)
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_automatic_answer"
