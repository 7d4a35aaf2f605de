from django.db import migrations

SERVICE = """
CREATE INDEX mailbox_service_parts ON directory_mailbox USING gin (identity_fold(service) gin_trgm_ops)
    WHERE service <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("directory", "0005_refused_peers"), ("identity", "0002_structures")]

    operations = [migrations.RunSQL(SERVICE, "DROP INDEX mailbox_service_parts;")]
