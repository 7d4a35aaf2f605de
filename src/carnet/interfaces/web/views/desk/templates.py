"""Message templates of an establishment: the list by use case, one with its preview, its versions, its files."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.merge import FIELDS
from carnet.domain.pathways.queries import TemplateShown
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import PathwayRefusal, Refused, TemplateContent, TemplateProblems, UseCase
from carnet.interfaces.web.desk.pathway_forms import TemplateForm, UseCaseFilter
from carnet.interfaces.web.desk.pathway_pages import message_shown, refuse
from carnet.interfaces.web.desk.pathway_sentences import USE_CASES, column_label, refusal_words
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.pieces import served
from carnet.interfaces.web.session import not_found


@require_safe
@for_desk
def index(request: HttpRequest, who: AtDesk) -> HttpResponse:
    filters = UseCaseFilter(request.GET)
    asked = filters.cleaned_data if filters.is_valid() else {}
    use_case = UseCase(asked["use_case"]) if asked.get("use_case") else None
    archived = bool(asked.get("archived"))
    found = queries.list_templates(who.actor, use_case=use_case, archived=archived)
    grouped: dict[UseCase, list[TemplateShown]] = {}
    for one in found:
        grouped.setdefault(one.content.use_case, []).append(one)
    return render(
        request,
        "web/desk/templates.html",
        {
            "box": who.mailbox.id,
            "filters": filters,
            "groups": [(USE_CASES[case], templates) for case, templates in grouped.items()],
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
def edit(request: HttpRequest, who: AtDesk, template: UUID | None = None) -> HttpResponse:
    """A template to change, or a new one. It previews on request, and saves the files that came with it first: a
    version lists files that are there."""
    shown = queries.open_template(who.actor, template) if template else None
    if isinstance(shown, Refused):
        return not_found(request)
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
    return form_page(
        request,
        "web/desk/template.html",
        {
            "box": who.mailbox.id,
            "form": form,
            "template": shown,
            "preview": preview,
            "fields": [{"name": f"{{{{{one.value}}}}}", "label": column_label(one.value)} for one in FIELDS],
        },
    )


def _preview(who: AtDesk, form: TemplateForm, content: TemplateContent) -> dict[str, object] | None:
    rendered = queries.preview_template(who.actor, content)
    if isinstance(rendered, TemplateProblems):
        if form.is_bound:
            form.say(rendered.problems)
        return None
    return message_shown(rendered)


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
        refuse(form, saved.reason, saved.field)
        return None
    return saved


def _add_files(who: AtDesk, form: TemplateForm, template: UUID, files: list[UploadedFile]) -> list[UUID] | None:
    added = []
    for file in files:
        kept = commands.add_template_file(
            who.actor, template, name=file.name or "", media_type=file.content_type or "", content=file.read()
        )
        if isinstance(kept, Refused):
            refuse(form, kept.reason, "new_files")
            return None
        added.append(kept.id)
    return added


@require_safe
@for_desk
def versions(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    found = queries.open_template(who.actor, template)
    if isinstance(found, Refused):
        return not_found(request)
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
        return not_found(request)
    return served(opened.content, opened.media_type, opened.name, inline=False)


@require_POST
@for_desk
def archive(request: HttpRequest, who: AtDesk, template: UUID) -> HttpResponse:
    """Put a template away, or take it out again."""
    away = request.POST.get("archived") == "yes"
    done = commands.archive_template(who.actor, template, away)
    if isinstance(done, Refused):
        return not_found(request)
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
        if made.reason is PathwayRefusal.NOT_FOUND:
            return not_found(request)
        messages.error(request, refusal_words(made.reason))
        return redirect("desk_templates", box=who.mailbox.id)
    messages.success(request, _("It is copied: change it as you like."))
    return redirect("desk_template", box=who.mailbox.id, template=made.id)
