"""A conversation of the team: read, answered, printed."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.access import OpenedThread, open_thread
from carnet.domain.messaging.desk.acts import team
from carnet.domain.messaging.desk.answering import AnsweredMeanwhile, answer
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.outgoing import Sent
from carnet.domain.messaging.desk.replies import saved_replies
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.desk_forms import DeskAnswerForm, HandOverForm, InsertForm, NoteForm
from carnet.interfaces.web.desk_rows import back_place, heading, inbox_url, thread_url, timeline
from carnet.interfaces.web.desk_sentences import outcome_sentence
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import is_prefetch, refusal_page
from carnet.interfaces.web.views.desk.inbox import pathway_names


@require_safe
@for_desk
def show(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Showing a conversation is reading it, for the whole team, unless a program reads ahead."""
    prepare(who.mailbox.id)
    opened = open_thread(who.actor, thread, mark_read=not is_prefetch(request))
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return thread_page(request, who, opened)


@require_safe
@for_desk
def print_out(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """The conversation on paper: who with, every message with its date, the names of what was attached."""
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    place = back_place(request)
    return render(
        request,
        "web/desk/print.html",
        {
            "thread": heading(opened, who, pathway_names(who)),
            "items": timeline(opened, who),
            "mailbox": who.mailbox,
            "printed_by": who.name,
            "back_url": thread_url(who, thread, place),
        },
    )


@require_POST
@for_desk
def send_answer(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Send an answer, or, asked by the button beside the saved replies, put one of them into the text."""
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    if "insert" in request.POST:
        return thread_page(request, who, opened, form=_with_saved_reply(request, who, opened))
    form = DeskAnswerForm(request.POST, request.FILES, **_kinds(opened))
    if not form.is_valid():
        return thread_page(request, who, opened, form=form, status=422)
    values = form.cleaned_data
    done = answer(
        who.actor,
        thread,
        values["text"],
        [NewFile(file.name or "", file.read()) for file in values["attached"]],
        token=values["token"],
        seen=values["seen"],
        end=bool(values.get("end")),
        receipt=values["receipt"],
        everyone=bool(values.get("everyone")),
    )
    if isinstance(done, Sent):
        _say_sent(request, done)
        return redirect(thread_url(who, thread, back_place(request), f"message-{done.message_id}"))
    if isinstance(done, AnsweredMeanwhile):
        form = _seen_since(request, opened, done)
        return thread_page(request, who, opened, form=form, meanwhile=done, status=409)
    if done.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
        return refusal_page(request, done)
    form.add_error(None, refusal_sentence(done.reason))
    return thread_page(request, who, opened, form=form, status=422)


def _say_sent(request: HttpRequest, done: Sent) -> None:
    refused = [one for one in done.handed if outcome_sentence(one.outcome) and one.outcome != "delivered"]
    for one in refused:
        messages.warning(
            request,
            _("Not delivered to %(address)s. %(why)s") % {"address": one.address, "why": outcome_sentence(one.outcome)},
        )
    if done.again:
        messages.info(request, _("This answer was sent already: it was not sent twice."))
    elif len(refused) < len(done.handed) or not done.handed:
        messages.success(request, _("Your answer is sent."))


def _kinds(opened: OpenedThread) -> dict[str, bool]:
    return {"patient": opened.correspondent.patient, "several": len(opened.people) > 1}


def new_answer(opened: OpenedThread) -> DeskAnswerForm:
    """An empty answer to what is shown now."""
    return DeskAnswerForm(initial={"token": uuid4(), "seen": opened.last_message}, **_kinds(opened))


def _typed(request: HttpRequest, opened: OpenedThread, **changed: Any) -> DeskAnswerForm:
    """The answer as it was typed, to be gone on with: a form that nobody has sent yet."""
    typed = {name: request.POST[name] for name in ("text", "token", "seen") if name in request.POST}
    ticked = {name: name in request.POST for name in ("receipt", "end", "everyone")}
    return DeskAnswerForm(initial={**typed, **ticked, **changed}, **_kinds(opened))


def _with_saved_reply(request: HttpRequest, who: AtDesk, opened: OpenedThread) -> DeskAnswerForm:
    chosen = request.POST.get("reply", "")
    found = next((one.text for one in saved_replies(who.actor) if str(one.id) == chosen), "")
    before = request.POST.get("text", "").rstrip()
    return _typed(request, opened, text=f"{before}\n\n{found}" if before and found else found or before)


def _seen_since(request: HttpRequest, opened: OpenedThread, done: AnsweredMeanwhile) -> DeskAnswerForm:
    return _typed(request, opened, seen=done.message_id)


def thread_page(
    request: HttpRequest,
    who: AtDesk,
    opened: OpenedThread,
    *,
    form: DeskAnswerForm | None = None,
    note: NoteForm | None = None,
    meanwhile: AnsweredMeanwhile | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a conversation, with what was typed into its forms."""
    place = back_place(request)
    refusal = opened.answer_refusal
    replies = saved_replies(who.actor)
    colleagues = [(one.rpps, one.name) for one in team(who.actor) if one.rpps not in (who.rpps, opened.taken_by)]
    return render(
        request,
        "web/desk/thread.html",
        {
            "box": who.mailbox.id,
            "thread": heading(opened, who, pathway_names(who)),
            "items": timeline(opened, who),
            "form": None if refusal else form or new_answer(opened),
            "answer_to": opened.answer_to,
            "cannot_answer": refusal_sentence(refusal),
            "replies": replies,
            "insert": InsertForm([(str(one.id), one.title) for one in replies]) if replies else None,
            "note": note or NoteForm(),
            "hand_over": HandOverForm(colleagues) if colleagues else None,
            "meanwhile": meanwhile,
            "budget": settings.CARNET_HOLDER_MESSAGE_BYTES,
            "place": place,
            "list_url": inbox_url(who, place),
        },
        status=status,
    )
