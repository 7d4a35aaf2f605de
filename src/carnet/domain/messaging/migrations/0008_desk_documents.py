"""Patients' documents at the desk are found by their names, and listed newest first."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_desk_and_drafts")]

    operations = [
        migrations.AddField(
            model_name="deskdocument",
            name="words",
            field=ArrayField(base_field=models.BigIntegerField(), default=list, size=None),
        ),
        migrations.AddIndex(
            model_name="deskdocument",
            index=models.Index(fields=["mailbox_id", "-at", "-id"], name="desk_document_newest"),
        ),
        migrations.AddIndex(
            model_name="deskdocument",
            index=GinIndex(fields=["words"], name="desk_document_words"),
        ),
    ]
