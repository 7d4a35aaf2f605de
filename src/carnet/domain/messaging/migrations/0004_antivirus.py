"""What the antivirus keeps from people, and what it has still to look at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0003_outbound_queue"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuarantinedMail",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("body", models.BinaryField(max_length=32)),
                ("envelope", models.BinaryField()),
                ("size", models.BigIntegerField()),
                ("signature", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("kept", "Kept"), ("released", "Released")], default="kept", max_length=8
                    ),
                ),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_quarantined_mail",
                "indexes": [models.Index(fields=["kept_at"], name="quarantined_mail_age")],
            },
        ),
        migrations.CreateModel(
            name="UnscannedMessage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "owner_id", "message_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("owner_id", models.UUIDField()),
                ("message_id", models.UUIDField()),
                ("next_try_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "db_table": "messaging_unscanned_message",
                "indexes": [models.Index(fields=["next_try_at"], name="unscanned_message_due")],
            },
        ),
    ]
