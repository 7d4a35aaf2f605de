"""What a holder has begun to write and not sent, and the pharmacies that they know."""

from django.db import models


class Draft(models.Model):
    """A message that a holder has begun: an answer in a conversation, or a new message to a contact.

    ``content`` is sealed under the space's key (``drafts.DraftContent``: subject, text, the list of files). ``version``
    grows with each saving, so that an older page never overwrites a newer one. One draft a conversation; ``sent_as`` is
    the message that it became, kept a while so that sending it again sends nothing.
    """

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    conversation_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    content = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    sent_as = models.UUIDField(null=True)

    class Meta:
        db_table = "messaging_draft"
        constraints = [
            models.UniqueConstraint(
                fields=["space_id", "conversation_id"],
                name="one_draft_a_conversation",
                condition=models.Q(conversation_id__isnull=False, sent_as=None),
            )
        ]
        indexes = [
            models.Index(fields=["space_id", "-saved_at"], name="draft_newest", condition=models.Q(sent_as=None)),
            models.Index(fields=["saved_at"], name="draft_sent_age", condition=models.Q(sent_as__isnull=False)),
        ]


class DraftFile(models.Model):
    """A file put into a draft. ``name`` is sealed; ``body`` is the address of the content under the space's key."""

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    draft_id = models.UUIDField()
    name = models.BinaryField()
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    body = models.BinaryField(max_length=32)
    added_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_draft_file"
        indexes = [models.Index(fields=["space_id", "draft_id", "added_at"], name="draft_file_of_draft")]


class KnownPharmacy(models.Model):
    """A pharmacy that dispensed to a holder, as the health insurance knows it (« pharmacies déjà fréquentées »)."""

    pk = models.CompositePrimaryKey("space_id", "structure_id")
    space_id = models.UUIDField()
    structure_id = models.CharField(max_length=64)
    last_on = models.DateField()

    class Meta:
        db_table = "messaging_known_pharmacy"
