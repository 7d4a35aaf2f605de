"""The addresses of the portal."""

from django.urls import include, path

urlpatterns = [
    path("", include("carnet.interfaces.web.urls")),
]

handler400 = "carnet.interfaces.web.errors.bad_request"
handler404 = "carnet.interfaces.web.errors.not_found"
handler500 = "carnet.interfaces.web.errors.server_error"
