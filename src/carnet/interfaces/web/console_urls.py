"""The addresses of the console."""

from django.urls import path

from carnet.interfaces.web.views.console import closures, figures, mailboxes, overview, queue, trust

_DOMAIN = "console/courrier/<str:domain>"

urlpatterns = [
    path("console/", overview.overview, name="console"),
    path("console/confiance/", trust.trust_list, name="console_trust"),
    path("console/confiance/changements/", trust.changes, name="console_trust_changes"),
    path("console/courrier/", queue.queue, name="console_queue"),
    path("console/fermetures/", closures.closures, name="console_closures"),
    path("console/fermetures/<int:closure_id>/annulation/", closures.cancel, name="console_closure_cancel"),
    path(f"{_DOMAIN}/", queue.domain_queue, name="console_queue_domain"),
    path(f"{_DOMAIN}/relance/", queue.steer, {"act": "retry"}, name="console_queue_retry"),
    path(f"{_DOMAIN}/retenue/", queue.steer, {"act": "hold"}, name="console_queue_hold"),
    path(f"{_DOMAIN}/abandon/", queue.steer, {"act": "drop"}, name="console_queue_drop"),
    path(f"{_DOMAIN}/abandon/confirmation/", queue.confirm_drop, name="console_queue_confirm_drop"),
    path("console/boites/", mailboxes.mailboxes, name="console_mailboxes"),
    path("console/boites/<str:address>/", mailboxes.mailbox, name="console_mailbox"),
    path("console/chiffres/", figures.figures, name="console_statistics"),
    path("console/chiffres/csv/", figures.as_csv, name="console_statistics_csv"),
    path("console/chiffres/json/", figures.as_json, name="console_statistics_json"),
]
