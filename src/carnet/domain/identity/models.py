"""Persons, professionals and organizations, as the national references name them."""

from django.db import models


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
    """A professional of the RPPS, as the Annuaire Santé publishes them."""

    rpps = models.CharField(max_length=11, primary_key=True)
    title = models.CharField(max_length=20, blank=True, default="")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    profession = models.CharField(max_length=10)
    specialty = models.CharField(max_length=20, blank=True, default="")
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "identity_professional"


class Organization(models.Model):
    """A structure of the FINESS: ``finess`` is the geographic establishment, ``finess_ej`` its juridical entity."""

    finess = models.CharField(max_length=9, primary_key=True)
    finess_ej = models.CharField(max_length=9, blank=True, default="")
    name = models.CharField(max_length=200)
    city = models.CharField(max_length=100, blank=True, default="")
    department = models.CharField(max_length=3, blank=True, default="")

    class Meta:
        db_table = "identity_organization"
