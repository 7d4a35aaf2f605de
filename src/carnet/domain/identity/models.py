"""Persons, professionals and organizations, as the national references name them."""

from django.db import models
from django.db.models.functions import Now

from carnet.foundation.clock import now


class Person(models.Model):
    """Someone who has an INS, which is in clear since mail arrives by it. The traits are sealed under their own key."""

    id = models.UUIDField(primary_key=True)
    ins = models.CharField(max_length=15, unique=True)
    oid = models.CharField(max_length=64)
    status = models.CharField(max_length=12)
    attributes = models.JSONField(default=list)
    traits = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "identity_person"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ins__regex=r"^[1-8][0-9]{4}[0-9][0-9AB][0-9]{8}$"), name="person_ins_shape"
            )
        ]


class Professional(models.Model):
    """A professional of the RPPS, as the Annuaire Santé publishes them.

    ``qualifications`` is a list of ``{"profession", "category", "skill_type", "skill"}``, codes of the national lists,
    ``profession`` and ``specialty`` the first of them. ``seen_in`` is the extraction that told of them (``activity``,
    ``mailboxes``), empty for who was registered by hand. ``updated_at`` moves with their published mailboxes too.
    """

    rpps = models.CharField(max_length=11, primary_key=True)
    title = models.CharField(max_length=20, blank=True, default="")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    profession = models.CharField(max_length=10)
    specialty = models.CharField(max_length=20, blank=True, default="")
    active = models.BooleanField(default=True)
    civility = models.CharField(max_length=10, blank=True, default="", db_default="")
    category = models.CharField(max_length=5, blank=True, default="", db_default="")
    qualifications = models.JSONField(default=list, db_default=[])
    seen_in = models.CharField(max_length=10, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(default=now, db_default=Now())

    class Meta:
        db_table = "identity_professional"


class Organization(models.Model):
    """A structure of the FINESS: ``finess`` is the geographic establishment, ``finess_ej`` its juridical entity."""

    finess = models.CharField(max_length=9, primary_key=True)
    finess_ej = models.CharField(max_length=9, blank=True, default="")
    name = models.CharField(max_length=200)
    city = models.CharField(max_length=100, blank=True, default="")
    department = models.CharField(max_length=3, blank=True, default="")
    active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "identity_organization"


class Structure(models.Model):
    """Any structure that the Annuaire Santé publishes, by its national identifier, the IdNat_Struct: an establishment
    of the FINESS, a company's site by its SIRET, a practice by the rank of its professional.

    ``address`` holds the parts of the postal address by name (``complement``, ``point``, ``number``, ``repeat``,
    ``street_type``, ``street``, ``mention``, ``routing``), ``insee`` the commune's code.
    """

    id_nat = models.CharField(max_length=64, primary_key=True)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT)
    finess_ej = models.CharField(max_length=9, blank=True, default="", db_default="")
    legal = models.BooleanField(default=False, db_default=False)
    siret = models.CharField(max_length=14, blank=True, default="", db_default="")
    siren = models.CharField(max_length=9, blank=True, default="", db_default="")
    technical_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    name = models.CharField(max_length=200, blank=True, default="", db_default="")
    trade_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    sector = models.CharField(max_length=10, blank=True, default="", db_default="")
    address = models.JSONField(default=dict, db_default={})
    postal_code = models.CharField(max_length=10, blank=True, default="", db_default="")
    insee = models.CharField(max_length=5, blank=True, default="", db_default="")
    city = models.CharField(max_length=100, blank=True, default="", db_default="")
    department = models.CharField(max_length=3, blank=True, default="", db_default="")
    country = models.CharField(max_length=5, blank=True, default="", db_default="")
    phone = models.CharField(max_length=40, blank=True, default="", db_default="")
    phone2 = models.CharField(max_length=40, blank=True, default="", db_default="")
    fax = models.CharField(max_length=40, blank=True, default="", db_default="")
    email = models.CharField(max_length=254, blank=True, default="", db_default="")
    active = models.BooleanField(default=True, db_default=True)
    seen_in = models.CharField(max_length=10, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(default=now, db_default=Now())

    class Meta:
        db_table = "identity_structure"
        indexes = [
            models.Index(fields=["siret"], name="structure_siret", condition=~models.Q(siret="")),
            models.Index(fields=["technical_id"], name="structure_technical", condition=~models.Q(technical_id="")),
            models.Index(fields=["finess_ej"], name="structure_juridical", condition=~models.Q(finess_ej="")),
            models.Index(fields=["sector", "id_nat"], name="structure_sector"),
        ]
