"""The addresses that templates name, leading nowhere: templates are looked at without the views behind them."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def nowhere(request: HttpRequest, **captured: object) -> HttpResponse:
    return HttpResponse(b"")


_PLACES = {
    "welcome": "",
    "home": "accueil/",
    "messages": "messages/",
    "new_message": "messages/nouveau/",
    "conversation": "messages/<uuid:conversation>/",
    "conversation_answer": "messages/<uuid:conversation>/repondre/",
    "documents": "documents/",
    "document_add": "documents/ajouter/",
    "document": "documents/<uuid:document>/",
    "activity": "activite/",
    "settings": "reglages/",
    "set_language": "langue/",
    "accessibility": "accessibilite/",
    "legal": "mentions-legales/",
    "help": "aide/",
    "activate": "activer/",
    "activate_code": "activer/code/",
    "account_login": "connexion/",
    "account_confirm_login_code": "connexion/code/",
    "account_logout": "deconnexion/",
    "account_change_password": "mot-de-passe/",
}
urlpatterns = [path(where, nowhere, name=name) for name, where in _PLACES.items()]
