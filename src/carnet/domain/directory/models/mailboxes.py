"""Mailboxes, and what becomes of them."""

from django.db import models
from django.db.models import F, Q

from carnet.domain.directory.models.practice import Practice
from carnet.domain.directory.models.trust import TrustedDomain
from carnet.domain.identity.models import Organization, Professional, Structure


class Mailbox(models.Model):
    """A secure mailbox of a professional or an organization; address and kind never change (ANS, BAL MSS).

    ``closes_on`` is the day from which an announced closing counts, ``emptied_at`` when the content was deleted: the
    row stays, so that the address never goes to another. The ``absence_*`` columns hold the one absence told at a time.

    The directory shows a box with what carries it: the practice if there is one, else the professional, else the
    structure. ``structure`` is there for every structure, ``organization`` for those of the FINESS. A box of another
    operator may be of a domain that the trust list does not name: nothing but this row says so, hence no constraint.
    ``published`` is false for one that the public extraction no longer names, ``seen_in`` is ``mailboxes`` for one that
    came from it, ``paperless`` says that it takes documents (« dématérialisation »).
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True)
    address = models.CharField(max_length=254, unique=True)
    domain = models.ForeignKey(TrustedDomain, on_delete=models.DO_NOTHING, db_constraint=False)
    kind = models.CharField(max_length=3)
    professional = models.ForeignKey(Professional, null=True, on_delete=models.PROTECT)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT)
    label = models.CharField(max_length=200)
    description = models.CharField(max_length=500, blank=True, default="")
    service = models.CharField(max_length=200, blank=True, default="")
    responsible = models.CharField(max_length=200, blank=True, default="")
    rank = models.PositiveSmallIntegerField(default=1)
    red_list = models.BooleanField(default=False)
    hosted = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    login = models.CharField(max_length=254, null=True, unique=True)
    password = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    answer_hours = models.PositiveIntegerField(null=True)
    last_access_on = models.DateField(null=True)
    dormancy_told_on = models.DateField(null=True)
    suspended_at = models.DateTimeField(null=True)
    closes_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)
    absence_id = models.UUIDField(null=True)
    absence_from = models.DateField(null=True)
    absence_until = models.DateField(null=True)
    absence_text = models.CharField(max_length=2000, blank=True, default="")
    structure = models.ForeignKey(Structure, null=True, on_delete=models.PROTECT)
    practice = models.ForeignKey(Practice, null=True, on_delete=models.SET_NULL)
    published = models.BooleanField(default=True, db_default=True)
    paperless = models.BooleanField(default=False, db_default=False)
    seen_in = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        db_table = "directory_mailbox"
        indexes = [
            models.Index(fields=["organization", "id"], name="mailbox_organization"),
            models.Index(fields=["professional", "id"], name="mailbox_professional"),
            models.Index(fields=["closes_on"], name="mailbox_closing", condition=Q(closes_on__isnull=False)),
            models.Index(fields=["suspended_at"], name="mailbox_suspended", condition=Q(state="suspended")),
            models.Index(fields=["closed_at"], name="mailbox_closed", condition=Q(state="closed")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="PER") | Q(professional__isnull=False) | Q(hosted=False), name="mailbox_per_has_rpps"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["ORG", "APP"]) | Q(organization__isnull=False) | Q(hosted=False),
                name="mailbox_org_has_finess",
            ),
            models.CheckConstraint(condition=Q(login__isnull=True) | Q(hosted=True), name="mailbox_login_only_hosted"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="mailbox_rank"),
            models.CheckConstraint(condition=~Q(address=F("label")), name="mailbox_label_is_not_address"),
            models.CheckConstraint(
                condition=~Q(kind="CAB") | Q(professional__isnull=False) | Q(hosted=False), name="mailbox_cab_has_rpps"
            ),
            models.CheckConstraint(
                condition=Q(absence_id__isnull=True)
                | Q(absence_from__isnull=False, absence_until__gte=F("absence_from")),
                name="mailbox_absence_has_dates",
            ),
        ]


class MailboxActiveMonth(models.Model):
    """That somebody or some software signed in to a mailbox in a month, which its first day names."""

    pk = models.CompositePrimaryKey("month", "mailbox_id")
    month = models.DateField()
    mailbox_id = models.UUIDField()

    class Meta:
        db_table = "directory_mailbox_active_month"
