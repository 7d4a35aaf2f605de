"""A conversation of the team: read, answered, printed."""

from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.access import open_thread
from carnet.domain.messaging.desk.acts import team
from carnet.domain.messaging.desk.answering import AnsweredMeanwhile, answer
from carnet.domain.messaging.desk.begun_answers import (
    BegunAnswer,
    Kept,
    OtherPage,
    begun_answer,
    colleagues_answering,
    discard_answer,
    keep_answer,
    version_of,
)
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.draft_values import AnswerContent
from carnet.domain.messaging.desk.outgoing import Sent
from carnet.domain.messaging.desk.replies import saved_replies
from carnet.domain.messaging.desk.shown import OpenedThread
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.asked import wants_json
from carnet.interfaces.web.desk.forms import DeskAnswerForm, HandOverForm, InsertForm, NoteForm
from carnet.interfaces.web.desk.rows import back_place, heading, inbox_url, thread_url, timeline
from carnet.interfaces.web.desk.sentences import say_sent
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import is_prefetch, not_found, refusal_page
from carnet.interfaces.web.templatetags.web import moment_in_words
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
    """Send an answer; or, asked by their buttons, keep it for later, or put a saved reply into the text."""
    if request.POST.get("do") == "keep":
        return _keep(request, who, thread)
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    if "insert" in request.POST:
        return thread_page(request, who, opened, form=_with_saved_reply(request, who, opened))
    form = DeskAnswerForm(_posted(request), request.FILES, **_kinds(opened))
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
        say_sent(request, done, answer=True)
        return redirect(thread_url(who, thread, back_place(request), f"message-{done.message_id}"))
    if isinstance(done, AnsweredMeanwhile):
        form = _seen_since(request, opened, done)
        return thread_page(request, who, opened, form=form, meanwhile=done, status=409)
    if done.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
        return refusal_page(request, done)
    form.add_error(None, refusal_sentence(done.reason))
    return thread_page(request, who, opened, form=form, status=422)


def _keep(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Keep what was typed, for a button or for the page itself: that reads nothing, and is no reading."""
    form = DeskAnswerForm(_posted(request), patient=True, several=True)
    if not form.is_valid():
        words = [str(error) for errors in form.errors.values() for error in errors]
        return _not_kept(request, who, thread, " ".join(words))
    values = form.cleaned_data
    content = AnswerContent(values["text"], values["receipt"], values["end"], values["everyone"])
    version = request.POST.get("version")
    done = keep_answer(who.actor, thread, content, token=values["token"], version=version, seen=values["seen"])
    if isinstance(done, Decision):
        if done.reason is Refusal.NOT_FOUND and not wants_json(request):
            return refusal_page(request, done)
        return _not_kept(request, who, thread, refusal_sentence(done.reason))
    if isinstance(done, OtherPage):
        return _kept_elsewhere(request, who, thread, done)
    if isinstance(done, Sent):
        where = thread_url(who, done.thread_id, back_place(request), f"message-{done.message_id}")
        if wants_json(request):
            return JsonResponse({"state": "sent", "url": where})
        say_sent(request, done, answer=True)
        return redirect(where)
    if wants_json(request):
        return JsonResponse({"state": "kept", "saved": _kept_words(done), "version": version_of(done.at)})
    if done.at is None:
        messages.info(request, _("There is nothing to keep: write something first."))
    else:
        messages.success(
            request, _("Your answer is kept for a day. Your team sees that you have begun it, not the text.")
        )
    if request.FILES:
        messages.warning(request, _("The files are not kept: choose them again before you send."))
    return redirect(thread_url(who, thread, back_place(request), "answer"))


def _kept_words(kept: Kept) -> str:
    return _("Kept %(when)s.") % {"when": moment_in_words(kept.at)} if kept.at else ""


def _not_kept(request: HttpRequest, who: AtDesk, thread: UUID, sentence: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"state": "refused", "sentence": sentence})
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    form = DeskAnswerForm(_posted(request), **_kinds(opened))
    if form.is_valid():
        form.add_error(None, sentence)
    return thread_page(request, who, opened, form=form, status=422)


def _kept_elsewhere(request: HttpRequest, who: AtDesk, thread: UUID, other: OtherPage) -> HttpResponse:
    """Another page of this person is newer: both texts are shown, nothing is replaced until they say so."""
    if wants_json(request):
        content = other.content or AnswerContent()
        return JsonResponse(
            {
                "state": "conflict",
                "version": other.version,
                "seen": str(other.seen or ""),
                "deleted": other.content is None,
                "text": content.text,
                "ticks": {"receipt": content.receipt, "end": content.end, "everyone": content.everyone},
                "sentence": _kept_elsewhere_words(other),
            }
        )
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    form = _typed(request, opened, **({"seen": other.seen} if other.seen else {}))
    return thread_page(request, who, opened, form=form, other=other, status=409)


def _kept_elsewhere_words(other: OtherPage) -> str:
    if other.content is None:
        return _("You have answered from another page since. What you wrote here is not lost: you can keep it again.")
    return _("This answer was changed on another page. Nothing is lost: choose which text to keep.")


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def discard(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Throw away the answer that was begun; asked first."""
    found = discard_answer(who.actor, thread) if request.method == "POST" else begun_answer(who.actor, thread)
    if isinstance(found, Decision):
        return refusal_page(request, found)
    place = back_place(request)
    if request.method == "POST":
        if found:
            messages.success(request, _("What you had begun is thrown away."))
        return redirect(thread_url(who, thread, place))
    if found is None:
        return not_found(request)
    return render(
        request,
        "web/confirm.html",
        {
            "frame": "web/desk/base.html",
            "title": _("Throw this answer away?"),
            "text": _("What you typed is deleted. Nothing was sent."),
            "action_url": reverse("desk_answer_discard", args=[who.mailbox.id, thread]),
            "confirm_label": _("Throw away"),
            "cancel_url": thread_url(who, thread, place, "answer"),
            "hidden": {"back": place},
            "danger": True,
        },
    )


def _posted(request: HttpRequest) -> QueryDict:
    """What was typed, with the line breaks that the browser counts: it sends two characters for each."""
    posted = request.POST.copy()
    posted["text"] = posted.get("text", "").replace("\r\n", "\n")
    return posted


def _kinds(opened: OpenedThread) -> dict[str, bool]:
    return {"patient": opened.correspondent.patient, "several": len(opened.people) > 1}


def new_answer(opened: OpenedThread, begun: BegunAnswer | None) -> DeskAnswerForm:
    """An answer to what is shown now: an empty one, or what was begun."""
    typed = asdict(begun.content) if begun else {}
    return DeskAnswerForm(initial={**typed, "token": uuid4(), "seen": opened.last_message}, **_kinds(opened))


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
    other: OtherPage | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a conversation, with what was typed into its forms."""
    place = back_place(request)
    refusal = opened.answer_refusal
    begun = begun_answer(who.actor, opened.id)
    if isinstance(begun, Decision):
        return refusal_page(request, begun)
    known = version_of(begun.saved_at if begun else None)
    replies = saved_replies(who.actor)
    colleagues = [(one.rpps, one.name) for one in team(who.actor) if one.rpps not in (who.rpps, opened.taken_by)]
    return render(
        request,
        "web/desk/thread.html",
        {
            "box": who.mailbox.id,
            "thread": heading(opened, who, pathway_names(who)),
            "items": timeline(opened, who),
            "form": None if refusal else form or new_answer(opened, begun),
            "begun": begun,
            "resumed": begun is not None and form is None,
            "version": other.version if other else request.POST.get("version", known),
            "other": other,
            "other_words": _kept_elsewhere_words(other) if other else "",
            "answering": colleagues_answering(who.actor, opened.id),
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
