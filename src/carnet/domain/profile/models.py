"""The medical profile, as its holder tells it."""

from django.db import models


class ProfileEntry(models.Model):
    """One entry of a holder's profile. ``content`` is sealed under the space's key (``values.Entry``): which section is
    told of is sealed too. ``version`` grows with each change, so that an older page never overwrites a newer one.
    """

    pk = models.CompositePrimaryKey("space_id", "id")
    space_id = models.UUIDField()
    id = models.UUIDField()
    content = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "profile_entry"
