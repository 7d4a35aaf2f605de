"""The addresses of pathways, templates and sendings at the desk."""

from django.urls import path

from carnet.interfaces.web.views.desk import pathways, sending_results, sendings, templates

_BOX = "bureau/<uuid:box>"
_TEMPLATE = f"{_BOX}/modeles/<uuid:template>"
_SENDING = f"{_BOX}/envois/<uuid:sending>"

urlpatterns = [
    path(f"{_BOX}/parcours/", pathways.index, name="desk_pathways"),
    path(f"{_BOX}/parcours/nouveau/", pathways.new, name="desk_pathway_new"),
    path(f"{_BOX}/parcours/<uuid:pathway>/", pathways.edit, name="desk_pathway"),
    path(f"{_BOX}/modeles/", templates.index, name="desk_templates"),
    path(f"{_BOX}/modeles/nouveau/", templates.new, name="desk_template_new"),
    path(f"{_BOX}/modeles/exemples/<slug:key>/", templates.copy_starter, name="desk_template_starter"),
    path(f"{_TEMPLATE}/", templates.edit, name="desk_template"),
    path(f"{_TEMPLATE}/versions/", templates.versions, name="desk_template_versions"),
    path(f"{_TEMPLATE}/fichiers/<uuid:file>/", templates.file, name="desk_template_file"),
    path(f"{_TEMPLATE}/rangement/", templates.archive, name="desk_template_archive"),
    path(f"{_TEMPLATE}/copie/", templates.copy, name="desk_template_copy"),
    path(f"{_BOX}/envois/", sendings.index, name="desk_sendings"),
    path(f"{_BOX}/envois/nouveau/", sendings.new, name="desk_sending_new"),
    path(f"{_BOX}/envois/sejours/", sending_results.stays, name="desk_sending_stays"),
    path(f"{_BOX}/envois/chiffres/", sending_results.figures, name="desk_sending_figures"),
    path(f"{_SENDING}/", sending_results.show, name="desk_sending"),
    path(f"{_SENDING}/fichier/", sendings.file, name="desk_sending_file"),
    path(f"{_SENDING}/lignes/", sendings.lines, name="desk_sending_lines"),
    path(f"{_SENDING}/apercu/", sendings.preview, name="desk_sending_preview"),
    path(f"{_SENDING}/moment/", sendings.plan, name="desk_sending_plan"),
    path(f"{_SENDING}/confirmation/", sendings.confirm, name="desk_sending_confirm"),
    path(f"{_SENDING}/pause/", sendings.pause, name="desk_sending_pause"),
    path(f"{_SENDING}/reprise/", sendings.resume, name="desk_sending_resume"),
    path(f"{_SENDING}/annulation/", sendings.cancel, name="desk_sending_cancel"),
    path(f"{_SENDING}/non-joints/", sending_results.unreached, name="desk_sending_unreached"),
    path(f"{_SENDING}/rapport/<str:kind>/", sending_results.report, name="desk_sending_report"),
    path(f"{_SENDING}/non-joints/<str:kind>/", sending_results.unreached_table, name="desk_sending_unreached_table"),
]
