"""The answers that a team gives often, kept to start from."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from carnet.domain.messaging.desk.replies import Reply, delete_reply, save_reply, saved_replies
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.desk.forms import ReplyForm
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import not_found, refusal_page


@require_http_methods(["GET", "POST"])
@for_desk
def show_all(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """The saved replies, and a form for a new one."""
    return _page(request, who, None)


@require_http_methods(["GET", "POST"])
@for_desk
def change(request: HttpRequest, who: AtDesk, reply: UUID) -> HttpResponse:
    found = _find(who, reply)
    return _page(request, who, found) if found else not_found(request)


@require_http_methods(["GET", "POST"])
@for_desk
def delete(request: HttpRequest, who: AtDesk, reply: UUID) -> HttpResponse:
    found = _find(who, reply)
    if found is None:
        return not_found(request)
    if request.method == "POST":
        done = delete_reply(who.actor, reply)
        if not done:
            return refusal_page(request, done)
        messages.success(request, _("The saved reply is deleted."))
        return redirect("desk_replies", who.mailbox.id)
    return render(
        request,
        "web/confirm.html",
        {
            "frame": "web/desk/base.html",
            "title": _("Delete this saved reply?"),
            "text": _("“%(title)s” will no longer be offered to anybody of the team.") % {"title": found.title},
            "action_url": reverse("desk_reply_delete", args=[who.mailbox.id, reply]),
            "confirm_label": _("Delete"),
            "cancel_url": reverse("desk_replies", args=[who.mailbox.id]),
            "danger": True,
        },
    )


def _find(who: AtDesk, reply_id: UUID) -> Reply | None:
    return next((one for one in saved_replies(who.actor) if one.id == reply_id), None)


def _page(request: HttpRequest, who: AtDesk, changed: Reply | None) -> HttpResponse:
    """The list with its form: for a new reply, or for the one that is changed."""
    form = ReplyForm(
        request.POST if request.method == "POST" else None,
        initial={"title": changed.title, "text": changed.text} if changed else None,
    )
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        done = save_reply(who.actor, values["title"], values["text"], changed.id if changed else None)
        if not isinstance(done, Decision):
            messages.success(request, _("The saved reply is kept."))
            return redirect("desk_replies", who.mailbox.id)
        if done.reason is Refusal.ALREADY_THERE:
            form.add_error("title", _("Another saved reply has this title."))
        elif done.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
            return refusal_page(request, done)
        else:
            form.add_error(None, refusal_sentence(done.reason))
    shown = {"box": who.mailbox.id, "replies": saved_replies(who.actor), "form": form, "changed": changed}
    return form_page(request, "web/desk/replies.html", shown)
