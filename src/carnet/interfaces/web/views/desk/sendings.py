"""Sending to many, before it leaves: template, list of patients, a look at each line, moment, confirmation."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.merge import KNOWN_COLUMNS
from carnet.domain.pathways.queries import SendingShown
from carnet.domain.pathways.values import LineState, PathwayRefusal, Refused, SendingAct, When
from carnet.interfaces.web.asked import number_of, uuid_of
from carnet.interfaces.web.desk.pathway_forms import NewSendingForm, PlanForm, SheetForm
from carnet.interfaces.web.desk.pathway_pages import for_sending, message_shown, refuse
from carnet.interfaces.web.desk.pathway_sentences import (
    LINE_STATES,
    SENDING_STATES,
    column_label,
    condition_sentences,
    file_remarks,
    line_sentence,
    refusal_words,
    timing_sentence,
)
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.session import not_found

_PAGE = 50


def step_context(who: AtDesk, sending: SendingShown | None, step: str) -> dict[str, Any]:
    """What each step's page shows of the whole: the steps, which is this one, which can be gone back to."""
    places = [
        ("template", _("Template"), None),
        ("file", _("List of patients"), "desk_sending_file"),
        ("lines", _("Check"), "desk_sending_lines"),
        ("plan", _("Moment"), "desk_sending_plan"),
        ("confirm", _("Confirm"), "desk_sending_confirm"),
    ]
    checked = sending is not None and SendingAct.START in sending.acts
    names = [name for name, *_rest in places]
    steps = []
    for place, (name, label, url_name) in enumerate(places):
        url = ""
        reachable = checked or name == "file"
        if sending is not None and url_name and reachable and not (name == "file" and sending.follows):
            url = reverse(url_name, kwargs={"box": who.mailbox.id, "sending": sending.id})
        done = place < names.index(step)
        steps.append({"label": label, "url": "" if name == step else url, "current": name == step, "done": done})
    return {"box": who.mailbox.id, "sending": sending, "steps": steps}


@require_safe
@for_desk
def index(request: HttpRequest, who: AtDesk) -> HttpResponse:
    before = uuid_of(request.GET.get("before", ""))
    found = queries.list_sendings(who.actor, before=before, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return render(
        request,
        "web/desk/sendings.html",
        {
            "box": who.mailbox.id,
            "sendings": [
                {"sending": one, "state": SENDING_STATES[one.state], "moment": timing_sentence(one.timing)}
                for one in shown
            ],
            "next_url": f"?before={shown[-1].id}" if len(found) > _PAGE else "",
            "has_establishment": bool(who.mailbox.finess),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def new(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Choose a template; with ``suite``, for those whom an earlier sending was written to."""
    asked = request.POST if request.method == "POST" else request.GET
    follows = uuid_of(asked.get("suite", ""))
    before = queries.open_sending(who.actor, follows) if follows else None
    if isinstance(before, Refused) or (asked.get("suite") and follows is None):
        return not_found(request)
    usable = [one for one in queries.list_templates(who.actor) if one.usable]
    chosen = {"template": request.GET.get("modele", "")}
    form = NewSendingForm(usable, request.POST if request.method == "POST" else None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = commands.create_sending(who.actor, UUID(values["template"]), title=values["title"], follows=follows)
        if not isinstance(made, Refused):
            step = "desk_sending_lines" if follows else "desk_sending_file"
            return redirect(step, box=who.mailbox.id, sending=made.id)
        refuse(form, made.reason)
    context = step_context(who, None, "template") | {"form": form, "before": before, "templates": usable}
    return form_page(request, "web/desk/sending_new.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_sending
def file(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """Give the list of patients. What is wrong with one line stays with that line: see ``lines``."""
    if not sending.preparing:
        return _as_it_goes(who, sending)
    sent = request.method == "POST"
    form = SheetForm(request.POST if sent else None, request.FILES if sent else None)
    read = form.read() if sent else None
    if read is not None:
        checked = commands.check_lines(who.actor, sending.id, read.rows)
        if not isinstance(checked, Refused):
            for remark in file_remarks(read):
                messages.warning(request, remark)
            return redirect("desk_sending_lines", box=who.mailbox.id, sending=sending.id)
        refuse(form, checked.reason, "file")
    template = queries.open_template(who.actor, sending.template_id, sending.template_version)
    wanted = () if isinstance(template, Refused) else template.content.columns
    context = step_context(who, sending, "file") | {
        "form": form,
        "known_columns": [{"name": name, "label": column_label(name)} for name in KNOWN_COLUMNS],
        "own_columns": wanted,
    }
    return form_page(request, "web/desk/sending_file.html", context)


@require_safe
@for_sending
def lines(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """The dry run: how many lines are good, each that is not and why, and the way to look at any of them."""
    if not sending.total:
        return redirect("desk_sending_file", box=who.mailbox.id, sending=sending.id)
    chosen = _states(request.GET.get("etat", ""))
    after = number_of(request.GET.get("apres", "")) or 0
    found = queries.list_lines(who.actor, sending.id, states=chosen, after=after, limit=_PAGE + 1)
    if isinstance(found, Refused):
        return not_found(request)
    state = chosen[0].value if chosen else ""
    context = step_context(who, sending, "lines") | {
        "lines": [{"line": one, "state": LINE_STATES[one.state], "why": line_sentence(one)} for one in found[:_PAGE]],
        "next_url": f"?etat={state}&apres={found[_PAGE - 1].number}" if len(found) > _PAGE else "",
        "tabs": _tabs(sending, state),
        "columns": [
            {"name": one, "label": column_label(one), "known": one in KNOWN_COLUMNS} for one in sending.columns
        ],
        "bad": sending.counts.get(LineState.BAD, 0),
        "skipped": sending.counts.get(LineState.SKIPPED, 0),
    }
    return render(request, "web/desk/sending_lines.html", context)


def _states(asked: str) -> list[LineState]:
    return [LineState(asked)] if asked in set(LineState) else []


def _tabs(shown: SendingShown, state: str) -> list[dict[str, Any]]:
    tabs = [{"url": "?", "label": _("All"), "count": shown.total, "current": not state}]
    for one, label in LINE_STATES.items():
        if count := shown.counts.get(one, 0):
            tabs.append({"url": f"?etat={one}", "label": label, "count": count, "current": state == one})
    return tabs


@require_safe
@for_sending
def preview(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """One message exactly as its patient will get it, and the way to the next and the one before."""
    found = queries.preview_line(who.actor, sending.id, number_of(request.GET.get("ligne", "")))
    if isinstance(found, Refused):
        messages.error(request, _("This file has no such line."))
        return redirect("desk_sending_lines", box=who.mailbox.id, sending=sending.id)
    context = step_context(who, sending, "lines") | {
        "line": found.line,
        "state": LINE_STATES[found.line.state],
        "why": line_sentence(found.line),
        "preview": message_shown(found.rendered) if found.rendered else None,
        "previous": found.previous,
        "next": found.next,
        "due_at": found.due_at,
        "cells": [(column_label(name), value) for name, value in found.line.cells.items() if value],
        "mailbox_label": who.mailbox.label,
    }
    return render(request, "web/desk/sending_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_sending
def plan(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """When the messages leave, and who is left out."""
    if not sending.preparing:
        return _as_it_goes(who, sending)
    form = PlanForm(sending, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        planned = commands.plan_sending(who.actor, sending.id, form.timing(), form.conditions())
        if not isinstance(planned, Refused):
            return redirect("desk_sending_confirm", box=who.mailbox.id, sending=sending.id)
        at = {PathwayRefusal.RECEIPT_NOT_ASKED: "opened", PathwayRefusal.PAST_DUE_CHOICE: "past_due"}
        moment = "at_day" if form.cleaned_data["when"] == When.AT else "anchor"
        refuse(form, planned.reason, at.get(planned.reason, moment))
    return form_page(request, "web/desk/sending_plan.html", step_context(who, sending, "plan") | {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@for_sending
def confirm(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """How many messages leave and when, for the last time. What is confirmed is this number."""
    if not sending.preparing:
        return _as_it_goes(who, sending)
    if SendingAct.START not in sending.acts:
        return redirect("desk_sending_file", box=who.mailbox.id, sending=sending.id)
    if request.method == "POST":
        count = number_of(request.POST.get("lines", ""))
        started = commands.start_sending(who.actor, sending.id, lines=-1 if count is None else count)
        if not isinstance(started, Refused):
            messages.success(request, _("It is confirmed: the messages leave as planned."))
            return _as_it_goes(who, sending)
        messages.error(request, refusal_words(started.reason))
        return redirect("desk_sending_confirm", box=who.mailbox.id, sending=sending.id)
    context = step_context(who, sending, "confirm") | {
        "moment": timing_sentence(sending.timing),
        "conditions": condition_sentences(sending.conditions),
        "bad": sending.counts.get(LineState.BAD, 0),
        "skipped": sending.counts.get(LineState.SKIPPED, 0),
        "mailbox_label": who.mailbox.label,
    }
    return render(request, "web/desk/sending_confirm.html", context)


def _as_it_goes(who: AtDesk, sending: SendingShown) -> HttpResponse:
    """To the page of a sending that has been confirmed."""
    return redirect("desk_sending", box=who.mailbox.id, sending=sending.id)


def _act(
    request: HttpRequest, who: AtDesk, sending: UUID, do: Callable[..., SendingShown | Refused], said: str
) -> HttpResponse:
    done = do(who.actor, sending)
    if isinstance(done, Refused):
        if done.reason is PathwayRefusal.NOT_FOUND:
            return not_found(request)
        messages.error(request, refusal_words(done.reason))
    else:
        messages.success(request, said)
    return redirect("desk_sending", box=who.mailbox.id, sending=sending)


@require_POST
@for_desk
def pause(request: HttpRequest, who: AtDesk, sending: UUID) -> HttpResponse:
    return _act(request, who, sending, commands.pause_sending, _("It is paused: nothing leaves until you go on."))


@require_POST
@for_desk
def resume(request: HttpRequest, who: AtDesk, sending: UUID) -> HttpResponse:
    return _act(request, who, sending, commands.resume_sending, _("It goes on."))


@require_http_methods(["GET", "HEAD", "POST"])
@for_sending
def cancel(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """Cancel what has not left yet, once confirmed; one that is still being prepared is deleted.

    What was asked is done or refused: a colleague may have confirmed it since the page was shown.
    """
    place = {"box": who.mailbox.id, "sending": sending.id}
    asked = request.POST.get("act")
    if asked == SendingAct.CANCEL:
        return _act(request, who, sending.id, commands.cancel_sending, _("It is cancelled: nothing more leaves."))
    if asked == SendingAct.DELETE:
        refusal = commands.delete_draft(who.actor, sending.id)
        if refusal is not None:
            messages.error(request, refusal_words(refusal.reason))
            return _as_it_goes(who, sending)
        messages.success(request, _("It is deleted. Nothing has left."))
        return redirect("desk_sendings", box=who.mailbox.id)
    draft = SendingAct.DELETE in sending.acts
    text = (
        _("The list that you gave is forgotten. Nothing has left.")
        if draft
        else _("What has left cannot be called back. Everything that waits is cancelled for good.")
    )
    return render(
        request,
        "web/desk/sending_cancel.html",
        {
            "box": who.mailbox.id,
            "title": _("Delete this sending?") if draft else _("Cancel this sending?"),
            "text": text,
            "action_url": reverse("desk_sending_cancel", kwargs=place),
            "confirm_label": _("Delete") if draft else _("Cancel what waits"),
            "act": (SendingAct.DELETE if draft else SendingAct.CANCEL).value,
            "cancel_url": reverse("desk_sending", kwargs=place),
        },
        status=422 if request.method == "POST" else 200,
    )
