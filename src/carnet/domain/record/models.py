"""The record (DMP): documents with their XDS metadata, and the lots that brought them."""

from django.db import models


class Submission(models.Model):
    """A submission set (lot de soumission): who added which documents, when, by which door."""

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    submitted_at = models.DateTimeField()
    source = models.CharField(max_length=16)
    content_type_code = models.CharField(max_length=20, blank=True, default="")
    metadata = models.BinaryField()

    class Meta:
        db_table = "record_submission"


class Document(models.Model):
    """One version of a document's metadata (DocumentEntry). Partitioned by hash of ``space_id``.

    ``id`` is the entryUUID, ``logical_id`` the ``lid``. Title, authors and the rest of the metadata are sealed in
    ``metadata``; codes and times that a list filters by, and that rights are decided on, are columns.
    """

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    logical_id = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    submission_id = models.UUIDField()
    unique_id_digest = models.BinaryField(max_length=32)
    status = models.CharField(max_length=12)
    source = models.CharField(max_length=16)
    type_code = models.CharField(max_length=40)
    class_code = models.CharField(max_length=20)
    category = models.CharField(max_length=12)
    confidentiality = models.JSONField(default=list)
    mime_type = models.CharField(max_length=60)
    size = models.BigIntegerField()
    body = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    service_start = models.DateTimeField()
    added_at = models.DateTimeField()
    replaced_by = models.UUIDField(null=True)
    replaces_digest = models.BinaryField(max_length=32, null=True)
    from_message = models.UUIDField(null=True)
    read_at = models.DateTimeField(null=True)
    metadata = models.BinaryField()

    class Meta:
        db_table = "record_document"
        indexes = [
            models.Index(fields=["space_id", "-service_start", "-id"], name="document_newest"),
            models.Index(fields=["space_id", "unique_id_digest"], name="document_unique_id"),
            models.Index(
                fields=["space_id", "replaces_digest"],
                name="document_replaces",
                condition=models.Q(replaces_digest__isnull=False),
            ),
        ]


class DocumentKey(models.Model):
    """Which uniqueIds a space holds: one document each, whatever door or how often it comes."""

    pk = models.CompositePrimaryKey("space_id", "unique_id_digest")
    space_id = models.UUIDField()
    unique_id_digest = models.BinaryField(max_length=32)
    logical_id = models.UUIDField()

    class Meta:
        db_table = "record_document_key"
