from django.apps import AppConfig


class NomenclatureConfig(AppConfig):
    name = "carnet.domain.nomenclature"
    label = "nomenclature"
    default_auto_field = "django.db.models.BigAutoField"
