"""Message templates of an establishment: the list by use case, one with its preview, its versions, its files."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.messaging.mime.html import text_to_html
from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.merge import FIELDS
from carnet.domain.pathways.queries import Rendered, TemplateShown
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import Refused, TemplateContent, TemplateProblems, UseCase
from carnet.foundation.clock import now
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.pathway_forms import TemplateForm, UseCaseFilter
from carnet.interfaces.web.pathway_sentences import PARIS, USE_CASES, column_label, refusal_words
from carnet.interfaces.web.pieces import served
from carnet.interfaces.web.views.desk.pathways import not_there


@require_safe
@for_desk
def index(request: HttpRequest, who: AtDesk) -> HttpResponse:
    filters = UseCaseFilter(request.GET)
    asked = filters.cleaned_data if filters.is_valid() else {}
    use_case = UseCase(asked["use_case"]) if asked.get("use_case") else None
    archived = bool(asked.get("archived"))
    found = queries.list_templates(who.actor, use_case=use_case, archived=archived)
    today = now().astimezone(PARIS).date()
    grouped: dict[UseCase, list[dict[str, object]]] = {}
    for one in found:
        grouped.setdefault(one.content.use_case, []).append({"template": one, "valid": one.valid_on(today)})
    return render(
        request,
        "web/desk/templates.html",
        {
            "box": who.mailbox.id,
            "filters": filters,
            "groups": [(USE_CASES[case], rows) for case, rows in grouped.items()],
            "starters": [
                {"key": one.key, "use_case": USE_CASES[one.content.use_case], "name": one.content.name}
                for one in STARTERS
                if use_case in (None, one.content.use_case)
            ],
            "has_establishment": bool(who.mailbox.finess),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def new(request: HttpRequest, who: AtDesk) -> HttpResponse:
    return _edit(request, who, None)


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def edit(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    found = queries.open_template(who.actor, template)
    return not_there(request) if isinstance(found, Refused) else _edit(request, who, found)


def _edit(request: HttpRequest, who: AtDesk, shown: TemplateShown | None) -> HttpResponse:
    """The form of a template. It previews on request, and saves the files that came with it first: a version lists
    files that are there."""
    sent = request.method == "POST"
    form = TemplateForm(
        queries.list_pathways(who.actor),
        shown.files if shown else (),
        request.POST if sent else None,
        request.FILES if sent else None,
        initial=TemplateForm.values_of(shown.content) if shown else None,
    )
    preview: dict[str, object] | None = None
    if not sent:
        preview = _preview(who, form, shown.content) if shown else None
    elif form.is_valid():
        if "preview" in request.POST:
            preview = _preview(who, form, form.content())
        else:
            saved = _save(who, form, shown)
            if saved is not None:
                messages.success(request, _("The template is saved."))
                return redirect("desk_template", box=who.mailbox.id, template=saved.id)
    return render(
        request,
        "web/desk/template.html",
        {
            "box": who.mailbox.id,
            "form": form,
            "template": shown,
            "preview": preview,
            "fields": [{"name": f"{{{{{one.value}}}}}", "label": column_label(one.value)} for one in FIELDS],
        },
        status=400 if form.errors and "preview" not in request.POST else 200,
    )


def _preview(who: AtDesk, form: TemplateForm, content: TemplateContent) -> dict[str, object] | None:
    rendered = queries.preview_template(who.actor, content)
    if isinstance(rendered, TemplateProblems):
        if form.is_bound:
            form.say(rendered.problems)
        return None
    return message_shown(rendered)


def message_shown(rendered: Rendered) -> dict[str, object]:
    """A message as its patient will read it: the text made into paragraphs by the same function as in their page."""
    html: SafeString = mark_safe(text_to_html(rendered.text))  # noqa: S308 - escapes everything
    return {"message": rendered, "html": html}


def _save(who: AtDesk, form: TemplateForm, shown: TemplateShown | None) -> TemplateShown | None:
    content = form.content()
    saved: TemplateShown | TemplateProblems | Refused | None = shown
    files: list[UploadedFile] = form.cleaned_data["new_files"]
    if shown is None or not files:
        saved = commands.save_template(who.actor, shown.id if shown else None, content)
    if isinstance(saved, TemplateShown) and files:
        added = _add_files(who, form, saved.id, files)
        if added is None:
            return None
        saved = commands.save_template(who.actor, saved.id, replace(content, files=(*content.files, *added)))
    if isinstance(saved, TemplateProblems):
        form.say(saved.problems)
        return None
    if isinstance(saved, Refused):
        form.add_error(saved.field if saved.field in form.fields else None, refusal_words(saved.reason))
        return None
    return saved


def _add_files(who: AtDesk, form: TemplateForm, template: UUID, files: list[UploadedFile]) -> list[UUID] | None:
    added = []
    for file in files:
        kept = commands.add_template_file(
            who.actor, template, name=file.name or "", media_type=file.content_type or "", content=file.read()
        )
        if isinstance(kept, Refused):
            form.add_error("new_files", refusal_words(kept.reason))
            return None
        added.append(kept.id)
    return added


@require_safe
@for_desk
def versions(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    found = queries.open_template(who.actor, template)
    if isinstance(found, Refused):
        return not_there(request)
    shown = []
    for one in queries.template_versions(who.actor, template):
        rendered = queries.preview_template(who.actor, one.content)
        preview = None if isinstance(rendered, TemplateProblems) else message_shown(rendered)
        shown.append({"template": one, "preview": preview})
    context = {"box": who.mailbox.id, "template": found, "versions": shown}
    return render(request, "web/desk/template_versions.html", context)


@require_safe
@for_desk
def file(request: HttpRequest, who: AtDesk, template: UUID, file: UUID) -> HttpResponse:
    opened = queries.open_template_file(who.actor, template, file)
    if isinstance(opened, Refused):
        return not_there(request)
    return served(opened.content, opened.media_type, opened.name, inline=False)


@require_POST
@for_desk
def archive(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    """Put a template away, or take it out again."""
    away = request.POST.get("archived") == "yes"
    done = commands.archive_template(who.actor, template, away)
    if isinstance(done, Refused):
        return not_there(request)
    messages.success(request, _("The template is put away.") if away else _("The template is in use again."))
    return redirect("desk_templates", box=who.mailbox.id)


@require_POST
@for_desk
def copy(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    return _copied(request, who, commands.copy_template(who.actor, template))


@require_POST
@for_desk
def copy_starter(request: HttpRequest, who: AtDesk, key: str) -> HttpResponse:
    return _copied(request, who, commands.copy_starter(who.actor, key))


def _copied(request: HttpRequest, who: AtDesk, made: TemplateShown | Refused) -> HttpResponse:
    if isinstance(made, Refused):
        if made.reason == "not-found":
            return not_there(request)
        messages.error(request, refusal_words(made.reason))
        return redirect("desk_templates", box=who.mailbox.id)
    messages.success(request, _("It is copied: change it as you like."))
    return redirect("desk_template", box=who.mailbox.id, template=made.id)
