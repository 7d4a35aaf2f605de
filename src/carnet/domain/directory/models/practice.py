"""Who practises where, as the Annuaire Santé publishes it, and the words of its codes."""

from django.db import models
from django.db.models.functions import Now

from carnet.domain.identity.models import Professional, Structure
from carnet.foundation.clock import now


class Practice(models.Model):
    """An activity of a professional, most often in a structure (FHIR PractitionerRole; MOS, SituationExercice).

    Extractions give activities no number: the id is drawn from what the activity is (``values.practice_id``),
    so that the same activity keeps it from one extraction to the next.
    """

    id = models.UUIDField(primary_key=True)
    professional = models.ForeignKey(Professional, on_delete=models.CASCADE)
    structure = models.ForeignKey(Structure, null=True, on_delete=models.PROTECT)
    profession = models.CharField(max_length=10, blank=True, default="", db_default="")
    category = models.CharField(max_length=5, blank=True, default="", db_default="")
    mode = models.CharField(max_length=10, blank=True, default="", db_default="")
    sector = models.CharField(max_length=10, blank=True, default="", db_default="")
    section = models.CharField(max_length=10, blank=True, default="", db_default="")
    function = models.CharField(max_length=20, blank=True, default="", db_default="")
    genre = models.CharField(max_length=20, blank=True, default="", db_default="")
    active = models.BooleanField(default=True, db_default=True)
    seen_in = models.CharField(max_length=10, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(default=now, db_default=Now())

    class Meta:
        db_table = "directory_practice"
        indexes = [
            models.Index(fields=["professional", "structure"], name="practice_where"),
            models.Index(fields=["structure", "id"], name="practice_of_structure"),
        ]


class CodeLabel(models.Model):
    """The label that the extractions give to a code of a national list (``TRE_R38-SpecialiteOrdinale`` …)."""

    pk = models.CompositePrimaryKey("code_list", "code")
    code_list = models.CharField(max_length=40)
    code = models.CharField(max_length=20)
    label = models.CharField(max_length=200)

    class Meta:
        db_table = "directory_code_label"
