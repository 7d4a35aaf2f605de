"""The addresses of the professional's desk."""

from django.urls import path

from carnet.interfaces.web import desk_mail_urls as mail
from carnet.interfaces.web import desk_writing_urls as writing
from carnet.interfaces.web import pathway_urls as pathways
from carnet.interfaces.web.views.desk import choosing, finding, signing_in

_BOX = "bureau/<uuid:box>"

urlpatterns = [
    path("connexion/professionnel/", signing_in.sign_in, name="desk_sign_in"),
    path("connexion/professionnel/retour/", signing_in.come_back, name="desk_sign_in_back"),
    path("bureau/", choosing.choose, name="desk"),
    path(f"{_BOX}/rechercher/", finding.find, name="desk_find"),
    *mail.urlpatterns,
    *writing.urlpatterns,
    *pathways.urlpatterns,
]
