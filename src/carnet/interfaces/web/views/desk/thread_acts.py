"""What a team does with a conversation besides reading and answering it: each act is one form."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from carnet.domain.messaging.desk import acts
from carnet.domain.messaging.desk.access import open_thread
from carnet.domain.messaging.desk.answering import end_exchanges
from carnet.domain.messaging.desk.outgoing import Sent
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.interfaces.web.asked import uuid_of
from carnet.interfaces.web.desk.forms import NoteForm
from carnet.interfaces.web.desk.rows import back_place, inbox_url, thread_url
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import not_found, refusal_page
from carnet.interfaces.web.views.desk.conversation import thread_page

_GONE = (Refusal.NOT_FOUND, Refusal.NOT_YOURS)


@require_POST
@for_desk
def take(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Look after a conversation, take it over, let it go, or hand it to a colleague."""
    act = request.POST.get("act", "")
    done: int | Decision
    if act == "release":
        done, said = acts.release(who.actor, [thread]), _("Anybody of the team may look after it now.")
    elif act == "hand":
        done, said = acts.hand_over(who.actor, thread, request.POST.get("to", "")), _("It is handed over.")
    else:
        done, said = acts.take(who.actor, [thread], over=act == "over"), _("You look after this conversation.")
    return _after(request, who, thread, done, said)


@require_POST
@for_desk
def settle(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Say that nobody waits for an answer here, or that somebody does after all."""
    if request.POST.get("act") == "unsettle":
        return _after(request, who, thread, acts.unsettle(who.actor, [thread]), _("It waits for an answer again."))
    done = acts.settle(who.actor, [thread])
    return _after(request, who, thread, done, _("It needs no answer any more."), to_list=True)


@require_POST
@for_desk
def unread(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    done = acts.mark_unread(who.actor, [thread])
    return _after(request, who, thread, done, _("It is marked as unread."), to_list=True)


@require_POST
@for_desk
def trash(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Put a conversation into the trash, or back from there."""
    if request.POST.get("act") == "restore":
        done = acts.restore(who.actor, [thread])
        return _after(request, who, thread, done, _("It is back in its place."))
    done = acts.trash(who.actor, [thread])
    said = _("It is in the trash: it can be put back from there.")
    return _after(request, who, thread, done, said, to_list=True)


@require_POST
@for_desk
def note(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """Write a note for the team. What is wrong with it is shown in the page, with what was typed."""
    form = NoteForm(request.POST)
    if form.is_valid():
        done = acts.add_note(who.actor, thread, form.cleaned_data["note"])
        if done or done.reason in _GONE:
            return _after(request, who, thread, done, _("The note is kept. Only your team sees it."))
        form.add_error("note", refusal_sentence(done.reason))
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return thread_page(request, who, opened, note=form, status=422)


@require_http_methods(["GET", "POST"])
@for_desk
def end(request: HttpRequest, who: AtDesk, thread: UUID) -> HttpResponse:
    """End every exchange of the mailbox with this patient, after asking whether that is meant."""
    place = back_place(request)
    if request.method == "POST":
        token = uuid_of(request.POST.get("token", ""))
        done: Any = end_exchanges(who.actor, thread, token=token) if token else refused(Refusal.NOT_FOUND)
        if isinstance(done, Sent):
            messages.success(
                request, _("The exchanges with this patient are ended. They open again when you write again.")
            )
            return redirect(thread_url(who, thread, place))
        return _after(request, who, thread, done, "")
    opened = open_thread(who.actor, thread, mark_read=False)
    if isinstance(opened, Decision) or not opened.correspondent.patient:
        return not_found(request)
    return render(
        request,
        "web/confirm.html",
        {
            "frame": "web/desk/base.html",
            "title": _("End all exchanges with this patient?"),
            "text": _(
                "The patient is told, and cannot answer any of your messages any more. What was written stays. The"
                " exchange opens again when you write again."
            ),
            "action_url": reverse("desk_end", args=[who.mailbox.id, thread]),
            "hidden": {"token": str(uuid4()), "back": place},
            "confirm_label": _("End all exchanges"),
            "cancel_url": thread_url(who, thread, place),
            "danger": True,
        },
    )


def _after(
    request: HttpRequest, who: AtDesk, thread: UUID, done: int | Decision, said: str, *, to_list: bool = False
) -> HttpResponse:
    """What an act has left to say, and the page to go to: the list when the conversation is done with."""
    place = back_place(request)
    if isinstance(done, Decision) and not done:
        if done.reason in _GONE:
            return refusal_page(request, done)
        messages.error(request, refusal_sentence(done.reason))
        return redirect(thread_url(who, thread, place))
    if not isinstance(done, Decision) and done == 0:
        messages.info(request, _("Nothing had to be changed."))
    elif said:
        messages.success(request, said)
    return redirect(inbox_url(who, place) if to_list else thread_url(who, thread, place))
