"""Documents of the record: the list, one of them, adding one."""

from datetime import datetime, time
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.nomenclature.values import Category
from carnet.domain.record.access import OpenedDocument, open_document
from carnet.domain.record.commands import add_file, mark_read
from carnet.domain.record.queries import DocumentRow, documents, row_of, versions
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision
from carnet.interfaces.web.forms import DocumentFilter, DocumentForm, form_page
from carnet.interfaces.web.pieces import inner_file, page_picture, served, view_of
from carnet.interfaces.web.rows import document_row, page
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import (
    SignedIn,
    begin_reading,
    for_holder,
    is_prefetch,
    reading_goes_on,
    refusal_page,
)


@require_safe
@for_holder
def show_all(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.LIST_DOCUMENTS, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    filters = DocumentFilter(request.GET)
    category = filters.cleaned_data["category"] if filters.is_valid() else ""
    found = documents(who.actor, category=category, before=request.GET.get("before", ""))
    return render(
        request,
        "web/documents.html",
        {"page": page(request, [document_row(row) for row in found.rows], found.next_before), "filters": filters},
    )


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn, document_id: UUID) -> HttpResponse:
    opened = open_document(who.actor, who.space.id, document_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    begin_reading(request, str(document_id))
    if not is_prefetch(request):
        mark_read(who.space.id, document_id)
    row = row_of(opened.document, opened.entry)
    document = {
        **document_row(row),
        "newer_url": reverse("document", args=[opened.document.replaced_by]) if opened.document.replaced_by else "",
        "download_url": reverse("document_download", args=[document_id]),
        "versions": _versions(row, versions(who.actor, opened.document)),
        **view_of(
            opened.content(),
            row.mime,
            reverse("document_content", args=[document_id]),
            lambda number: reverse("document_page", args=[document_id, number]),
        ),
    }
    return render(request, "web/document.html", {"document": document})


def _versions(shown: DocumentRow, others: list[DocumentRow]) -> list[dict[str, object]]:
    """This document and its other versions, numbered from the oldest, the newest first."""
    if not others:
        return []
    ordered = sorted([shown, *others], key=lambda row: (not row.replaced, row.added_at))
    numbered = [
        {
            "url": reverse("document", args=[row.id]),
            "version": number,
            "added_at": row.added_at,
            "current": not row.replaced,
            "shown": row.id == shown.id,
        }
        for number, row in enumerate(ordered, 1)
    ]
    return numbered[::-1]


@require_safe
@for_holder
def page_of(request: HttpRequest, who: SignedIn, document_id: UUID, number: int) -> HttpResponse:
    """One page of a PDF, as a picture."""
    goes_on = reading_goes_on(request, str(document_id))
    opened = open_document(who.actor, who.space.id, document_id, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return page_picture(opened.content(), opened.document.mime_type, number)


@require_safe
@for_holder
def content(request: HttpRequest, who: SignedIn, document_id: UUID) -> HttpResponse:
    return _serve(request, who, document_id, inline=True)


@require_safe
@for_holder
def download(request: HttpRequest, who: SignedIn, document_id: UUID) -> HttpResponse:
    return _serve(request, who, document_id, inline=False)


def _serve(request: HttpRequest, who: SignedIn, document_id: UUID, *, inline: bool) -> HttpResponse:
    goes_on = inline and reading_goes_on(request, str(document_id))
    opened = open_document(who.actor, who.space.id, document_id, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return served(*inner_file(opened.content(), opened.document.mime_type, _file_name(opened)), inline=inline)


def _file_name(opened: OpenedDocument) -> str:
    entry = opened.entry
    name = entry.title or "document"
    if "." in entry.uri and entry.uri.rpartition(".")[2].lower() != "xml":
        return f"{name}.{entry.uri.rpartition('.')[2].lower()}"
    return f"{name}.xml" if opened.document.mime_type == "text/xml" else name


@require_http_methods(["GET", "POST"])
@for_holder
def add(request: HttpRequest, who: SignedIn) -> HttpResponse:
    sent = request.method == "POST"
    form = DocumentForm(*([request.POST, request.FILES] if sent else []))
    if sent and form.is_valid():
        values = form.cleaned_data
        upload = values["file"]
        if upload.size > settings.CARNET_HOLDER_DOCUMENT_BYTES:
            form.add_error("file", _("This file is too large: 5 MB at most."))
        else:
            done = add_file(
                who.actor,
                who.space.id,
                upload.read(),
                file_name=upload.name,
                title=values["title"],
                category=Category(values["category"]),
                date=make_aware(datetime.combine(values["date"], time(12))),
            )
            if not isinstance(done, Decision):
                document_id, was_there = done.documents[0]
                if was_there:
                    messages.info(request, _("This document is already in your documents."))
                else:
                    messages.success(request, _("Your document is added."))
                return redirect("document", document_id)
            form.add_error("file", refusal_sentence(done.reason))
    shown = {"form": form, "max_bytes": settings.CARNET_HOLDER_DOCUMENT_BYTES}
    return form_page(request, "web/document_add.html", shown)
