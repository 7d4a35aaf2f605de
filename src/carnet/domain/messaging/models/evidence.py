"""What is kept of exchanges for the indicators and the counts: who wrote to whom and when, never what."""

from django.db import models


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
