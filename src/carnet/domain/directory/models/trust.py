"""The domains of the trust space, who may speak for them, and the lists that said so."""

from django.db import models


class TrustedDomain(models.Model):
    """A domain that the trust space knows or knew; ``hosted`` when its mailboxes are here.

    Trusted while somebody added it by hand (``by_hand``) or the trust list names it (``on_list``). One that is neither
    stays for the mailboxes that it had.
    """

    domain = models.CharField(max_length=255, primary_key=True)
    operator = models.CharField(max_length=200)
    hosted = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=True)
    on_list = models.BooleanField(default=False)
    since = models.DateTimeField()

    class Meta:
        db_table = "directory_trusted_domain"


class TrustSource(models.TextChoices):
    """Who says that a certificate speaks for a domain."""

    LIST = "list"
    HAND = "hand"


class TrustEntry(models.Model):
    """One domain and one certificate that may speak for it; a domain that changes operators has two for a while.

    ``subject`` is the canonical writing of the certificate's subject, ``written`` the list's own.
    """

    id = models.BigAutoField(primary_key=True)
    domain = models.CharField(max_length=255)
    subject = models.CharField(max_length=2000)
    written = models.CharField(max_length=2000)
    source = models.CharField(max_length=4, choices=TrustSource)
    operator = models.CharField(max_length=200)
    description = models.CharField(max_length=500, blank=True, default="")
    responsible_contact = models.CharField(max_length=254, blank=True, default="")
    support_contact = models.CharField(max_length=254, blank=True, default="")
    updated_on = models.DateField(null=True)

    class Meta:
        db_table = "directory_trust_entry"
        constraints = [
            models.UniqueConstraint(fields=["domain", "subject", "source"], name="trust_entry_once"),
        ]


class TrustListVersion(models.Model):
    """One reading of the trust list: taken, the same as before, or refused and why. The last one taken counts."""

    class Outcome(models.TextChoices):
        TAKEN = "taken"
        UNCHANGED = "unchanged"
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    read_at = models.DateTimeField()
    source = models.CharField(max_length=500)
    outcome = models.CharField(max_length=9, choices=Outcome)
    reason = models.CharField(max_length=500, blank=True, default="")
    generated_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    entries = models.PositiveIntegerField(default=0)
    domains = models.PositiveIntegerField(default=0)
    operators = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list)
    """Lines left out: ``[[line, reason], …]``, the first hundred."""
    raw = models.BinaryField(null=True)
    """The list itself (zlib), for the last thirty that were taken."""

    class Meta:
        db_table = "directory_trust_list_version"
        indexes = [models.Index(fields=["outcome", "-id"], name="trust_version_outcome")]


class TrustChange(models.Model):
    """What changed in the trust space, from a list or by hand; the last one's number tells caches that it did."""

    class Kind(models.TextChoices):
        ADDED = "added"
        REMOVED = "removed"
        UPDATED = "updated"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    version = models.ForeignKey(TrustListVersion, null=True, on_delete=models.CASCADE)
    kind = models.CharField(max_length=7, choices=Kind)
    source = models.CharField(max_length=4, choices=TrustSource)
    domain = models.CharField(max_length=255)
    written = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        db_table = "directory_trust_change"
        indexes = [models.Index(fields=["domain", "-id"], name="trust_change_domain")]


class RefusedPeer(models.Model):
    """Who was turned away at the operators' door: reason, and the subject that the certificate showed."""

    id = models.BigAutoField(primary_key=True)
    reason = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=16, blank=True)
    subject = models.CharField(max_length=2000, blank=True)
    count = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "directory_refused_peer"
        indexes = [models.Index(fields=["-last_at"], name="refused_peer_last")]
        constraints = [models.UniqueConstraint(fields=["reason", "fingerprint"], name="refused_peer_once")]
