"""Mailboxes, and who holds them."""

from django.db import models
from django.db.models import F, Q

from carnet.domain.directory.models.trust import TrustedDomain
from carnet.domain.identity.models import Organization, Professional


class Mailbox(models.Model):
    """A secure mailbox of a professional or an organization; address and kind never change (ANS, BAL MSS)."""

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True)
    address = models.CharField(max_length=254, unique=True)
    domain = models.ForeignKey(TrustedDomain, on_delete=models.PROTECT)
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

    class Meta:
        db_table = "directory_mailbox"
        indexes = [models.Index(fields=["organization", "id"], name="mailbox_organization")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="PER") | Q(professional__isnull=False), name="mailbox_per_has_rpps"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["ORG", "APP"]) | Q(organization__isnull=False),
                name="mailbox_org_has_finess",
            ),
            models.CheckConstraint(condition=Q(login__isnull=True) | Q(hosted=True), name="mailbox_login_only_hosted"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="mailbox_rank"),
            models.CheckConstraint(condition=~Q(address=F("label")), name="mailbox_label_is_not_address"),
        ]
