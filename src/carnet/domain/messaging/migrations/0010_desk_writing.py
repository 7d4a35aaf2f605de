"""What professionals begin to write at the desk, kept for a day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0009_desk_counts")]

    operations = [
        migrations.CreateModel(
            name="DeskDraft",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "mailbox_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mailbox_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("author", models.CharField(max_length=11)),
                ("content", models.BinaryField()),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_desk_draft",
                "indexes": [
                    models.Index(fields=["mailbox_id", "author", "-saved_at"], name="desk_draft_of"),
                    models.Index(fields=["saved_at"], name="desk_draft_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeskDraftFile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "mailbox_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mailbox_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("draft_id", models.UUIDField()),
                ("name", models.BinaryField()),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.BigIntegerField()),
                ("content", models.BinaryField()),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_desk_draft_file",
                "indexes": [
                    models.Index(fields=["mailbox_id", "draft_id", "added_at"], name="desk_draft_file_of"),
                    models.Index(fields=["added_at"], name="desk_draft_file_age"),
                ],
            },
        ),
    ]
