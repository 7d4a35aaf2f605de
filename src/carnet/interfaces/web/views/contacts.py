"""Whom a holder may write to, the pharmacies, and searching in the messages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.directory.queries.pharmacies import Pharmacy, find_pharmacies
from carnet.domain.messaging.queries.contacts import contact_list, known_pharmacies
from carnet.domain.messaging.queries.holder_search import Found, Hit, search_messages
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision
from carnet.interfaces.web.contact_sentences import delay_words, recipient
from carnet.interfaces.web.forms import MessageSearchForm, PharmacySearchForm, form_page
from carnet.interfaces.web.session import SignedIn, for_holder, refusal_page


@require_safe
@for_holder
def show_contacts(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """Everyone with whom there was an exchange: who may be written to, and why not the others."""
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    rows = contact_list(who.space.id)
    return render(
        request,
        "web/contacts.html",
        {
            "writable": [recipient(row) for row in rows if row.standing.may_write],
            "others": [recipient(row) for row in rows if not row.standing.may_write],
        },
    )


@require_http_methods(["GET", "POST"])
@for_holder
def show_pharmacies(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """The pharmacies where the holder has been, and others by name or town. What is looked for is in no address."""
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    form = PharmacySearchForm(request.POST if request.method == "POST" else None)
    found = find_pharmacies(form.cleaned_data["text"]) if form.is_valid() else []
    return form_page(
        request,
        "web/pharmacies.html",
        {
            "form": form,
            "known": [_pharmacy(one) for one in known_pharmacies(who.space.id)],
            "found": [_pharmacy(one) for one in found],
            "searched": form.is_valid(),
        },
    )


def _pharmacy(one: Pharmacy) -> dict[str, object]:
    place = " ".join(part for part in (one.postal_code, one.city) if part)
    return {
        "id": one.mailbox_id,
        "name": one.name,
        "place": ", ".join(part for part in (one.street, place) if part),
        "delay": delay_words(one.answer_hours),
    }


@require_http_methods(["GET", "POST"])
@for_holder
def search(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """Searching in the messages. The words travel in the form, never in an address, which would be kept."""
    form = MessageSearchForm(request.POST if request.method == "POST" else None)
    found = None
    if form.is_valid():
        opened = open_space(who.actor, Act.SEARCH_MESSAGES, who.space.id)
        if isinstance(opened, Decision):
            return refusal_page(request, opened)
        found = search_messages(who.space.id, form.cleaned_data["text"], before=request.POST.get("before", ""))
    context = {"form": form, "found": _found(found) if found is not None else None}
    return form_page(request, "web/message_search.html", context)


def _found(found: Found) -> dict[str, object]:
    return {
        "hits": [_hit(one) for one in found.hits],
        "looked_at": found.looked_at,
        "next_before": found.next_before,
    }


def _hit(hit: Hit) -> dict[str, object]:
    return {
        "url": f"{reverse('conversation', args=[hit.conversation_id])}#message-{hit.message_id}",
        "name": hit.correspondent.name,
        "at": hit.at,
        "direction": hit.direction,
        "subject": hit.subject.parts,
        "excerpt": hit.excerpt.parts,
        "files": [one.parts for one in hit.files],
    }
