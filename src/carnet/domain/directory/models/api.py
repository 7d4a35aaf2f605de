"""Who may ask the directory by its API, and what operators wrote through it."""

from django.db import models


class ApiKey(models.Model):
    """A key of the directory's API. With an ``operator``, it writes the mailboxes of that operator's domains."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    digest = models.BinaryField(max_length=32, unique=True)
    operator = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "directory_api_key"


class ApiWrite(models.Model):
    """The trace of one operation that an operator asked for, done or refused."""

    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT)
    at = models.DateTimeField()
    resource = models.CharField(max_length=100)
    operation = models.CharField(max_length=10)
    address = models.CharField(max_length=254, blank=True, default="")
    outcome = models.CharField(max_length=40)

    class Meta:
        db_table = "directory_api_write"
        indexes = [
            models.Index(fields=["key", "id"], name="api_write_of_key"),
            models.Index(fields=["address", "id"], name="api_write_of_address"),
        ]
