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
    "console": "console/",
    "console_trust": "console/confiance/",
    "console_trust_changes": "console/confiance/changements/",
    "console_queue": "console/courrier/",
    "console_queue_domain": "console/courrier/<str:domain>/",
    "console_queue_retry": "console/courrier/<str:domain>/relance/",
    "console_queue_hold": "console/courrier/<str:domain>/retenue/",
    "console_queue_confirm_drop": "console/courrier/<str:domain>/abandon/",
    "console_closures": "console/fermetures/",
    "console_closure_cancel": "console/fermetures/<int:closure>/",
    "console_mailboxes": "console/boites/",
    "console_mailbox": "console/boites/<str:address>/",
    "console_statistics": "console/chiffres/",
    "console_statistics_csv": "console/chiffres/csv/",
    "console_statistics_json": "console/chiffres/json/",
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
