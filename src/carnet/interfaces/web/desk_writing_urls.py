"""The addresses of the desk where people write, and file documents with their patients."""

from django.urls import path

from carnet.interfaces.web.views.desk import patients, writing

_BOX = "bureau/<uuid:box>"
_DRAFT = f"{_BOX}/ecrire/<uuid:draft>"

urlpatterns = [
    path(f"{_BOX}/ecrire/", writing.new, name="desk_new"),
    path(f"{_DRAFT}/", writing.write, name="desk_new_draft"),
    path(f"{_DRAFT}/apercu/", writing.preview, name="desk_new_preview"),
    path(f"{_DRAFT}/documents/<int:number>/", writing.piece, name="desk_new_piece"),
    path(f"{_DRAFT}/documents/<int:number>/pages/<int:page>/", writing.piece_page, name="desk_new_piece_page"),
    path(f"{_DRAFT}/envoyer/", writing.send, name="desk_new_send"),
    path(f"{_DRAFT}/abandonner/", writing.discard, name="desk_new_discard"),
    path(f"{_BOX}/patients/", patients.listing, name="desk_patients"),
    path(f"{_BOX}/patients/chercher/", patients.search, name="desk_patients_search"),
    path(f"{_BOX}/patients/a-classer/", patients.to_file, name="desk_patients_to_file"),
    path(f"{_BOX}/patients/classer/", patients.file, name="desk_file"),
    path(f"{_BOX}/patients/declasser/", patients.unfile, name="desk_unfile"),
    path(f"{_BOX}/patients/<slug:patient>/", patients.show, name="desk_patient"),
]
