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
    "message_search": "messages/recherche/",
    "contacts": "messages/contacts/",
    "pharmacies": "messages/pharmacies/",
    "pharmacy_write": "messages/pharmacies/ecrire/",
    "draft": "messages/brouillons/<uuid:draft>/",
    "draft_delete": "messages/brouillons/<uuid:draft>/suppression/",
    "draft_documents": "messages/brouillons/<uuid:draft>/documents/",
    "attachments_save": "messages/<uuid:conversation>/<uuid:message>/garder/",
    "documents": "documents/",
    "document_add": "documents/ajouter/",
    "document": "documents/<uuid:document>/",
    "profile": "profil/",
    "profile_pdf": "profil/pdf/",
    "profile_entry": "profil/<uuid:entry_id>/",
    "profile_remove": "profil/<uuid:entry_id>/suppression/",
    "profile_add": "profil/<slug:section>/ajout/",
    "profile_nothing": "profil/<slug:section>/rien/",
    "activity": "activite/",
    "settings": "reglages/",
    "device_add": "reglages/appareils/",
    "device_remove": "reglages/appareils/<uuid:device>/retrait/",
    "manifest": "carnet.webmanifest",
    "offline": "hors-ligne/<str:language>/",
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
    "desk": "bureau/",
    "desk_sign_in": "connexion/professionnel/",
    "desk_sign_in_back": "connexion/professionnel/retour/",
    "desk_inbox": "bureau/<uuid:box>/",
    "desk_find": "bureau/<uuid:box>/rechercher/",
    "desk_new": "bureau/<uuid:box>/ecrire/",
    "desk_new_draft": "bureau/<uuid:box>/ecrire/<uuid:draft>/",
    **{f"desk_new_{name}": f"bureau/<uuid:box>/ecrire/<uuid:draft>/{name}/" for name in ("preview", "send", "discard")},
    "desk_patients": "bureau/<uuid:box>/patients/",
    "desk_patients_search": "bureau/<uuid:box>/patients/chercher/",
    "desk_patients_to_file": "bureau/<uuid:box>/patients/a-classer/",
    "desk_file": "bureau/<uuid:box>/patients/classer/",
    "desk_unfile": "bureau/<uuid:box>/patients/declasser/",
    "desk_patient": "bureau/<uuid:box>/patients/<slug:patient>/",
    "desk_search": "bureau/<uuid:box>/recherche/",
    "desk_several": "bureau/<uuid:box>/selection/",
    "desk_news": "bureau/<uuid:box>/nouveautes/",
    "desk_keys": "bureau/<uuid:box>/raccourcis/",
    "desk_replies": "bureau/<uuid:box>/reponses/",
    "desk_reply": "bureau/<uuid:box>/reponses/<uuid:reply>/",
    "desk_reply_delete": "bureau/<uuid:box>/reponses/<uuid:reply>/suppression/",
    **{
        f"desk_{name}": f"bureau/<uuid:box>/echanges/<uuid:thread>/{name}/"
        for name in ("thread", "answer", "take", "note", "settle", "unread", "trash", "end", "print")
    },
    "desk_pathways": "bureau/<uuid:box>/parcours/",
    "desk_pathway_new": "bureau/<uuid:box>/parcours/nouveau/",
    "desk_pathway": "bureau/<uuid:box>/parcours/<uuid:pathway>/",
    "desk_templates": "bureau/<uuid:box>/modeles/",
    "desk_template_new": "bureau/<uuid:box>/modeles/nouveau/",
    "desk_template_starter": "bureau/<uuid:box>/modeles/exemples/<slug:key>/",
    "desk_template": "bureau/<uuid:box>/modeles/<uuid:template>/",
    "desk_template_file": "bureau/<uuid:box>/modeles/<uuid:template>/fichiers/<uuid:file>/",
    **{
        f"desk_template_{name}": f"bureau/<uuid:box>/modeles/<uuid:template>/{name}/"
        for name in ("versions", "archive", "copy")
    },
    "desk_sendings": "bureau/<uuid:box>/envois/",
    **{f"desk_sending_{name}": f"bureau/<uuid:box>/envois/{name}/" for name in ("new", "stays", "figures")},
    "desk_sending": "bureau/<uuid:box>/envois/<uuid:sending>/",
    **{
        f"desk_sending_{name}": f"bureau/<uuid:box>/envois/<uuid:sending>/{name}/"
        for name in ("file", "lines", "preview", "plan", "confirm", "pause", "resume", "cancel", "unreached")
    },
    "desk_sending_report": "bureau/<uuid:box>/envois/<uuid:sending>/rapport/<str:kind>/",
    "desk_sending_unreached_table": "bureau/<uuid:box>/envois/<uuid:sending>/liste/<str:kind>/",
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
