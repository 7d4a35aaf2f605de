"""What an establishment writes again and again: its pathways, and its templates with their versions and files."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from carnet.domain.identity.models import Organization
from carnet.domain.pathways.values import MAX_VALIDATED_BY


class Pathway(models.Model):
    """A pathway of care of an establishment (HOP'EN 2, P1.08: chosen and validated by its medical committee)."""

    id = models.UUIDField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=2000, blank=True, default="")
    active = models.BooleanField(default=True)
    validated_on = models.DateField(null=True)
    validated_by = models.CharField(max_length=MAX_VALIDATED_BY, blank=True, default="")
    updated_by = models.CharField(max_length=11)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "pathways_pathway"
        constraints = [models.UniqueConstraint("organization", Lower("name"), name="pathway_named_once")]


class Template(models.Model):
    """A message that an establishment sends to many. ``version`` is the number of the one in use.

    Its files are sealed under a key of its own: nothing of a patient is in them, but they may be withdrawn.
    """

    id = models.UUIDField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "pathways_template"
        indexes = [models.Index(fields=["organization", "id"], name="template_of_organization")]


class TemplateVersion(models.Model):
    """What a template said from one saving to the next; never changed, since sendings keep the version they used."""

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    use_case = models.CharField(max_length=30)
    subject = models.CharField(max_length=200)
    text = models.CharField(max_length=20_000)
    columns = ArrayField(models.CharField(max_length=40), default=list)
    pathway = models.ForeignKey(Pathway, null=True, on_delete=models.PROTECT)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    takes_answer = models.BooleanField(default=True)
    receipt_wanted = models.BooleanField(default=False)
    files = ArrayField(models.UUIDField(), default=list)
    saved_by = models.CharField(max_length=11)
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "pathways_template_version"
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_once"),
            models.CheckConstraint(
                condition=models.Q(valid_from=None)
                | models.Q(valid_until=None)
                | models.Q(valid_until__gte=models.F("valid_from")),
                name="template_version_dates",
            ),
        ]


class TemplateFile(models.Model):
    """A file that goes with the messages of a template. ``scan`` is what the antivirus said of it."""

    id = models.UUIDField(primary_key=True)
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="all_files")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    body = models.BinaryField(max_length=32)
    scan = models.CharField(max_length=10)
    added_by = models.CharField(max_length=11)
    added_at = models.DateTimeField()

    class Meta:
        db_table = "pathways_template_file"
