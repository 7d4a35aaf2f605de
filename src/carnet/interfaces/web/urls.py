"""The addresses of the portal."""

from allauth.account import views as allauth_views
from django.urls import path

from carnet.interfaces.web import console_urls as console
from carnet.interfaces.web.views import (
    account,
    activation,
    attachments,
    documents,
    mail_clients,
    messages,
    pages,
    sign_in,
)

_PIECE = "messages/<uuid:conversation_id>/<uuid:message_id>/<str:piece>"

urlpatterns = [
    path("", pages.welcome, name="welcome"),
    path("aide/", pages.help_page, name="help"),
    path("accessibilite/", pages.accessibility, name="accessibility"),
    path("mentions/", pages.legal, name="legal"),
    path("langue/", pages.set_language, name="set_language"),
    path("connexion/", sign_in.login, name="account_login"),
    path("connexion/code/", allauth_views.confirm_login_code, name="account_confirm_login_code"),
    path("deconnexion/", sign_in.logout, name="account_logout"),
    path("connexion/inactif/", allauth_views.account_inactive, name="account_inactive"),
    path("reglages/mot-de-passe/", allauth_views.password_change, name="account_change_password"),
    path("activation/", activation.ask, name="activate"),
    path("activation/code/", activation.confirm, name="activate_code"),
    path("accueil/", account.home, name="home"),
    path("messages/", messages.inbox, name="messages"),
    path("messages/nouveau/", messages.new, name="new_message"),
    path("messages/<uuid:conversation_id>/", messages.show, name="conversation"),
    path("messages/<uuid:conversation_id>/reponse/", messages.send_answer, name="conversation_answer"),
    path("messages/<uuid:conversation_id>/suppression/", messages.trash, name="conversation_trash"),
    path(f"{_PIECE}/", attachments.show, name="attachment"),
    path(f"{_PIECE}/contenu/", attachments.content, name="attachment_content"),
    path(f"{_PIECE}/page/<int:number>/", attachments.page_of, name="attachment_page"),
    path(f"{_PIECE}/fichier/", attachments.download, name="attachment_download"),
    path(f"{_PIECE}/garder/", attachments.save, name="attachment_save"),
    path("documents/", documents.show_all, name="documents"),
    path("documents/ajout/", documents.add, name="document_add"),
    path("documents/<uuid:document_id>/", documents.show, name="document"),
    path("documents/<uuid:document_id>/contenu/", documents.content, name="document_content"),
    path("documents/<uuid:document_id>/page/<int:number>/", documents.page_of, name="document_page"),
    path("documents/<uuid:document_id>/fichier/", documents.download, name="document_download"),
    path("activite/", account.activity, name="activity"),
    path("reglages/", account.change_settings, name="settings"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", mail_clients.show_autoconfig, name="autoconfig"),
    path("mail/config-v1.1.xml", mail_clients.show_autoconfig),
    path("autodiscover/autodiscover.xml", mail_clients.show_autodiscover, name="autodiscover"),
    path("Autodiscover/Autodiscover.xml", mail_clients.show_autodiscover),
    *console.urlpatterns,
    path("health/live", pages.live, name="health_live"),
    path("health/ready", pages.ready, name="health_ready"),
    path("metrics", pages.metrics, name="metrics"),
]
