"""Folders count what they hold, removals are remembered for a time, and a mailbox may have a bound of its own."""

from django.db import migrations, models
from django.db.models.functions import Now

_COUNT = """
UPDATE messaging_folder f SET messages = t.n, octets = t.octets
FROM (
    SELECT mailbox_id, folder_id, count(*) AS n, sum(size)::bigint AS octets
    FROM messaging_folder_entry GROUP BY mailbox_id, folder_id
) AS t
WHERE f.id = t.folder_id AND f.mailbox_id = t.mailbox_id
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.AddField("folder", "pruned_modseq", models.BigIntegerField(db_default=0)),
        migrations.AddField("folder", "messages", models.BigIntegerField(db_default=0)),
        migrations.AddField("folder", "octets", models.BigIntegerField(db_default=0)),
        migrations.RunSQL(_COUNT, migrations.RunSQL.noop),
        migrations.AddField("expungedentry", "expunged_at", models.DateTimeField(db_default=Now())),
        migrations.AddIndex("expungedentry", models.Index(fields=["expunged_at"], name="expunged_entry_age")),
        migrations.CreateModel(
            name="MailboxQuota",
            fields=[
                ("mailbox_id", models.UUIDField(primary_key=True, serialize=False)),
                ("octets", models.BigIntegerField()),
            ],
            options={
                "db_table": "messaging_mailbox_quota",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("octets__gte", 0)), name="quota_not_negative")
                ],
            },
        ),
    ]
