"""The medical profile: what a holder tells of their own health, and its PDF."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.profile import commands
from carnet.domain.profile.commands import EntryRefused
from carnet.domain.profile.pdf import profile_file_name, profile_pdf
from carnet.domain.profile.queries import Profile, SectionTold, read_entry, read_profile
from carnet.domain.profile.values import SHAPES, Section
from carnet.domain.profile.words import ADDING, NOTHING, SECTIONS, entry_words
from carnet.domain.spaces.access import decide
from carnet.domain.spaces.values import Act, Decision, Refusal
from carnet.foundation.clock import now
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.profile_forms import EntryForm, VersionForm, initial_of, today_in
from carnet.interfaces.web.session import SignedIn, begin_reading, for_holder, reading_goes_on, refusal_page

_READING = "profile"


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn) -> HttpResponse:
    goes_on = reading_goes_on(request, _READING)
    profile = read_profile(who.actor, who.space.id, timezone.localdate(now()), goes_on=goes_on)
    if isinstance(profile, Decision):
        return refusal_page(request, profile)
    if not goes_on:
        begin_reading(request, _READING)
    return render(request, "web/profile.html", profile_context(profile))


def profile_context(profile: Profile) -> dict[str, Any]:
    """What the page shows of a profile."""
    return {
        "sections": [_section(told, profile.body_mass_index) for told in profile.sections],
        "has_something": bool(profile.told),
    }


def _section(told: SectionTold, body_mass_index: str) -> dict[str, Any]:
    section = told.section
    full = section is Section.BLOOD_GROUP and bool(told.entries)
    return {
        "anchor": section.value,
        "title": SECTIONS[section],
        "entries": [
            {
                "words": entry_words(one.entry),
                "change_url": reverse("profile_entry", args=[one.id]),
                "remove_url": reverse("profile_remove", args=[one.id]),
            }
            for one in told.entries
        ],
        "nothing": NOTHING[section] if told.nothing else "",
        "nothing_offer": NOTHING[section] if told.may_be_none and not told.nothing else "",
        "nothing_url": reverse("profile_nothing", args=[section.value]) if SHAPES[section].may_be_none else "",
        "add_label": "" if full else ADDING[section],
        "add_url": reverse("profile_add", args=[section.value]),
        "index": number_format(body_mass_index) if section is Section.MEASURES and body_mass_index else "",
    }


@require_http_methods(["GET", "POST"])
@for_holder
def add(request: HttpRequest, who: SignedIn, section: str) -> HttpResponse:
    wanted = _section_named(section)
    decision = decide(who.actor, Act.CHANGE_PROFILE, who.space.id, who.space.state)
    if wanted is None or not decision:
        return refusal_page(request, Decision(False, Refusal.NOT_FOUND) if decision else decision)
    posted = request.POST if request.method == "POST" else None
    form = EntryForm(wanted, posted, initial=today_in(wanted, timezone.localdate(now())))
    if request.method == "POST" and form.is_valid():
        done = commands.add_entry(who.actor, who.space.id, form.entry())
        answer = _answered(request, form, done)
        if answer is not None:
            return answer
    shown = {"form": form, "title": ADDING[wanted], "anchor": wanted.value}
    return form_page(request, "web/profile_entry.html", shown)


@require_http_methods(["GET", "POST"])
@for_holder
def change(request: HttpRequest, who: SignedIn, entry_id: UUID) -> HttpResponse:
    found = read_entry(who.actor, who.space.id, entry_id, goes_on=reading_goes_on(request, _READING))
    if isinstance(found, Decision):
        return refusal_page(request, found)
    section = found.entry.section
    version = VersionForm(request.POST)
    seen = version.cleaned_data["version"] if version.is_valid() else found.version
    posted = request.POST if request.method == "POST" else None
    form = EntryForm(section, posted, initial=initial_of(found.entry))
    if request.method == "POST" and form.is_valid():
        done = commands.change_entry(who.actor, who.space.id, entry_id, form.entry(), version=seen)
        answer = _answered(request, form, done)
        if answer is not None:
            return answer
    return form_page(
        request,
        "web/profile_entry.html",
        {
            "form": form,
            "title": SECTIONS[section],
            "anchor": section.value,
            "version": seen,
            "remove_url": reverse("profile_remove", args=[entry_id]),
        },
    )


def _answered(request: HttpRequest, form: EntryForm, done: UUID | EntryRefused | Decision) -> HttpResponse | None:
    """Back to the profile once it is kept; None to show the form again with what is wrong."""
    if isinstance(done, EntryRefused):
        form.refuse(done)
        return None
    if isinstance(done, Decision):
        return refusal_page(request, done)
    messages.success(request, _("Your profile is up to date."))
    return redirect(f"{reverse('profile')}#{form.section.value}")


@require_http_methods(["GET", "POST"])
@for_holder
def remove(request: HttpRequest, who: SignedIn, entry_id: UUID) -> HttpResponse:
    if request.method == "POST":
        refusal = commands.remove_entry(who.actor, who.space.id, entry_id)
        if refusal is not None:
            return refusal_page(request, refusal)
        messages.success(request, _("It is taken out of your profile."))
        return redirect("profile")
    found = read_entry(who.actor, who.space.id, entry_id, goes_on=reading_goes_on(request, _READING))
    if isinstance(found, Decision):
        return refusal_page(request, found)
    return render(
        request,
        "web/confirm.html",
        {
            "title": _("Take this out of your profile?"),
            "text": entry_words(found.entry).title,
            "action_url": reverse("profile_remove", args=[entry_id]),
            "confirm_label": _("Take out"),
            "cancel_url": f"{reverse('profile')}#{found.entry.section.value}",
            "danger": True,
        },
    )


@require_POST
@for_holder
def nothing(request: HttpRequest, who: SignedIn, section: str) -> HttpResponse:
    """Say that there is nothing to tell in a section, or take that back."""
    wanted = _section_named(section)
    if wanted is None:
        return refusal_page(request, Decision(False, Refusal.NOT_FOUND))
    refusal = commands.say_nothing(who.actor, who.space.id, wanted, nothing=request.POST.get("nothing") == "yes")
    if refusal is not None:
        return refusal_page(request, refusal)
    messages.success(request, _("Your profile is up to date."))
    return redirect(f"{reverse('profile')}#{wanted.value}")


@require_safe
@for_holder
def download(request: HttpRequest, who: SignedIn) -> HttpResponse:
    language = (get_language() or "fr")[:2]
    pdf = profile_pdf(who.actor, who.space.id, language)
    if isinstance(pdf, Decision):
        return refusal_page(request, pdf)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{profile_file_name(language)}"'
    return response


def _section_named(name: str) -> Section | None:
    try:
        return Section(name)
    except ValueError:
        return None
