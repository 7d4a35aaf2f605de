from django.apps import AppConfig


class ProfileConfig(AppConfig):
    name = "carnet.domain.profile"
    label = "profile"
