"""An answer that a professional has begun in a conversation is kept, one a conversation and person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0011_trash")]

    operations = [
        migrations.AddField(
            model_name="deskdraft",
            name="thread_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name="deskdraft",
            constraint=models.UniqueConstraint(
                condition=models.Q(("thread_id__isnull", False)),
                fields=("mailbox_id", "thread_id", "author"),
                name="desk_draft_answer_once",
            ),
        ),
    ]
