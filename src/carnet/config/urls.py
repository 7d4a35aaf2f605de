"""The addresses of the portal."""

from django.urls import include, path

urlpatterns = [
    path("", include("carnet.interfaces.web.urls")),
]
