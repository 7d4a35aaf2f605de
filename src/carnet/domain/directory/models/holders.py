"""Who may use a mailbox besides the professional that it belongs to, and whom it may not write to."""

from django.db import models
from django.db.models import F, Q

from carnet.domain.directory.models.mailboxes import Mailbox
from carnet.domain.identity.models import Organization, Professional


class MailboxDelegate(models.Model):
    """A professional who may use a shared mailbox, by name and for a time (ANS, BAL ORG: nominative access).

    ``is_responsible``: who answers for the mailbox in the establishment, and is told when a patient waits too long.
    """

    id = models.UUIDField(primary_key=True)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="delegates")
    professional = models.ForeignKey(Professional, on_delete=models.PROTECT)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    given_by = models.CharField(max_length=200)
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True, default="")
    is_responsible = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "directory_mailbox_delegate"
        indexes = [models.Index(fields=["professional", "mailbox"], name="delegate_of_professional")]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "professional"], name="delegate_once", condition=Q(revoked_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")), name="delegate_dates"
            ),
        ]


class MailboxCertificate(models.Model):
    """The subject of a certificate with which software may use an applicative mailbox (RFC 4514 text)."""

    id = models.UUIDField(primary_key=True)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="certificates")
    subject = models.CharField(max_length=1000)
    subject_key = models.CharField(max_length=64)
    given_by = models.CharField(max_length=200)
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "directory_mailbox_certificate"
        indexes = [models.Index(fields=["subject_key"], name="certificate_subject")]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "subject_key"], name="certificate_once", condition=Q(revoked_at__isnull=True)
            )
        ]


class PatientOpposition(models.Model):
    """A patient asked an establishment, or one mailbox, not to be written to by secure mail.

    The INS is sealed; it is found by its digest. Both are under a key that no other table uses.
    """

    id = models.UUIDField(primary_key=True)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT)
    mailbox = models.ForeignKey(Mailbox, null=True, on_delete=models.CASCADE)
    ins_digest = models.BinaryField(max_length=32)
    ins = models.BinaryField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "directory_patient_opposition"
        constraints = [
            models.CheckConstraint(
                condition=Q(organization__isnull=True, mailbox__isnull=False)
                | Q(organization__isnull=False, mailbox__isnull=True),
                name="opposition_to_one",
            ),
            models.UniqueConstraint(
                fields=["organization", "ins_digest"],
                name="opposition_to_organization",
                condition=Q(lifted_at__isnull=True, organization__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["mailbox", "ins_digest"],
                name="opposition_to_mailbox",
                condition=Q(lifted_at__isnull=True, mailbox__isnull=False),
            ),
        ]
