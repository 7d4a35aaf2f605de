from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "carnet.interfaces.web"
    label = "web"
