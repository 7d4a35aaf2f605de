"""The trash of a holder is listed: the latest moved there first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0010_desk_writing")]

    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("trashed_at__isnull", False)),
                fields=["space_id", "-trashed_at", "-id"],
                name="conversation_trashed",
            ),
        ),
    ]
