"""The domains of the trust space."""

from django.db import models


class TrustedDomain(models.Model):
    """A domain of the trust space; ``hosted`` when its mailboxes are here."""

    domain = models.CharField(max_length=255, primary_key=True)
    operator = models.CharField(max_length=200)
    hosted = models.BooleanField(default=False)
    since = models.DateTimeField()

    class Meta:
        db_table = "directory_trusted_domain"
