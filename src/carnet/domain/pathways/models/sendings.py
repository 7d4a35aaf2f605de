"""Messages to many: a sending of a mailbox, and a line for each patient."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from carnet.domain.identity.models import Organization
from carnet.domain.pathways.models.templates import Pathway, Template


class Sending(models.Model):
    """A template sent to many patients from a mailbox. Its lines are sealed under a key of its own.

    ``columns`` are the names of the columns of the file that the lines came from. ``follows``: a reminder, whose lines
    are those of the sending before.
    """

    id = models.UUIDField(primary_key=True)
    mailbox_id = models.UUIDField()
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    template = models.ForeignKey(Template, on_delete=models.PROTECT)
    template_version = models.PositiveIntegerField()
    pathway = models.ForeignKey(Pathway, null=True, on_delete=models.PROTECT)
    follows = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    columns = ArrayField(models.CharField(max_length=40), default=list)
    when = models.CharField(max_length=10, default="now")
    at = models.DateTimeField(null=True)
    anchor = models.CharField(max_length=12, blank=True, default="")
    days = models.SmallIntegerField(default=0)
    hour = models.TimeField()
    past_due = models.CharField(max_length=4, blank=True, default="")
    unless_answered = models.BooleanField(default=False)
    opened = models.CharField(max_length=10, default="any")
    created_by = models.CharField(max_length=11)
    created_at = models.DateTimeField()
    started_by = models.CharField(max_length=11, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "pathways_sending"
        indexes = [
            models.Index(fields=["mailbox_id", "-id"], name="sending_newest"),
            models.Index(fields=["organization", "started_at"], name="sending_of_organization"),
            models.Index(fields=["id"], name="sending_running", condition=models.Q(state="running")),
        ]


class SendingLine(models.Model):
    """One patient of a sending: sealed who and what for, in clear what becomes of it.

    ``content`` holds the INS, the dates of the stay and the cells of the row. The digests, under the mailbox's key,
    find the lines of a patient among reminders and those of a stay that has moved. ``own_message_id`` is the mailbox's
    copy of what was sent, ``space_id`` and ``message_id`` the patient's.
    """

    id = models.UUIDField(primary_key=True)
    sending = models.ForeignKey(Sending, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    patient_digest = models.BinaryField(max_length=32, null=True)
    stay_digest = models.BinaryField(max_length=32, null=True)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, blank=True, default="")
    column = models.CharField(max_length=40, blank=True, default="")
    other_line = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=24, blank=True, default="")
    space_id = models.UUIDField(null=True)
    message_id = models.UUIDField(null=True)
    own_message_id = models.UUIDField(null=True)

    class Meta:
        db_table = "pathways_sending_line"
        constraints = [models.UniqueConstraint(fields=["sending", "number"], name="sending_line_once")]
        indexes = [
            models.Index(
                fields=["sending", "due_at", "number"], name="sending_line_due", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["sending", "patient_digest"], name="sending_line_patient"),
            models.Index(
                fields=["stay_digest"],
                name="sending_line_stay",
                condition=models.Q(state="waiting", stay_digest__isnull=False),
            ),
        ]
