"""The profile on paper: a PDF that a screen reader reads and an archive keeps (PDF/UA-1, ISO 14289-1; PDF/A-2a, ISO
19005-2), to be sent with a message or given to a carer.
"""

import json
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import typst
from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from carnet.domain.identity.queries import display_name
from carnet.domain.identity.values import Ins
from carnet.domain.profile.queries import Profile, SectionTold, read_profile
from carnet.domain.profile.values import Section
from carnet.domain.profile.words import NOTHING, SECTIONS, date_words, entry_words
from carnet.domain.spaces.values import Actor, Decision
from carnet.foundation.clock import now

_PAGE = files("carnet.domain.profile").joinpath("profile.typ").read_bytes()
_NO_LETTER = "□"


def profile_pdf(actor: Actor, space_id: UUID, language: str) -> bytes | Decision:
    """The profile as PDF in ``fr`` or ``en``, the sections in which something is told; the reading is in the trail.

    Made from data alone: what people typed is never part of the page's source.
    """
    at = now()
    profile = read_profile(actor, space_id, timezone.localdate(at))
    return profile if isinstance(profile, Decision) else draw_profile(profile, language, at)


def profile_file_name(language: str) -> str:
    """The name of the file, which says nothing of whose it is."""
    with translation.override(language):
        name = _("medical-profile")
    return f"{name}.pdf"


def draw_profile(profile: Profile, language: str, at: datetime) -> bytes:
    """The PDF of a profile made at ``at``: the same bytes for the same profile at the same time."""
    with translation.override(language):
        given = _given(profile, language, at)
    try:
        return _compile(given, at)
    except typst.TypstError:
        # A letter that no font of the compiler has may not be in an archive: it is shown as an empty box.
        return _compile(_shown(given), at)


def _compile(given: dict[str, Any], at: datetime) -> bytes:
    pdf: bytes = typst.compile(
        _PAGE,
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        sys_inputs={"given": json.dumps(given)},
        ignore_system_fonts=True,
        timestamp=at.replace(microsecond=0),
    )
    return pdf


def _given(profile: Profile, language: str, at: datetime) -> dict[str, Any]:
    traits = profile.traits
    day = date_words(timezone.localdate(at).isoformat())
    holder = display_name(traits)
    identity = [(_("Name"), f"{traits.given_names_text or traits.first_given_name} {traits.birth_name}".strip())]
    if traits.birth_date:
        identity.append((_("Born on"), date_words(traits.birth_date.isoformat())))
    identity.append((_("INS"), Ins(profile.ins, check_key=False).display))
    return {
        "language": language,
        "title": _("Medical profile"),
        "holder": holder,
        "identity": identity,
        "told": _("Told by the holder of the space, on %(day)s.") % {"day": day},
        "footer": f"{holder} · {day}",
        "sections": [_section(one, profile.body_mass_index) for one in profile.told],
    }


def _section(told: SectionTold, body_mass_index: str) -> dict[str, Any]:
    entries = []
    for kept in told.entries:
        words = entry_words(kept.entry)
        details = [line for detail in words.details for line in detail.split("\n")]
        entries.append(
            {"title": words.title, "details": details, "comment": words.comment.split("\n") if words.comment else []}
        )
    if told.nothing:
        entries.append({"title": str(NOTHING[told.section]), "details": [], "comment": []})
    if told.section is Section.MEASURES and body_mass_index:
        words_of_index = _("Body mass index: %(index)s kg/m²") % {"index": number_format(body_mass_index)}
        entries.append({"title": words_of_index, "details": [], "comment": []})
    return {"title": str(SECTIONS[told.section]), "entries": entries}


def _shown(given: Any) -> Any:
    """The same with letters of the Latin, Greek and Cyrillic writing and common signs only."""
    if isinstance(given, dict):
        return {name: _shown(value) for name, value in given.items()}
    if isinstance(given, list | tuple):
        return [_shown(value) for value in given]
    if isinstance(given, str):
        return "".join(one if _is_common(one) else _NO_LETTER for one in given)
    return given


def _is_common(one: str) -> bool:
    code = ord(one)
    return code < 0x530 or 0x1E00 <= code < 0x2000 or 0x2010 <= code < 0x2060 or one in "€−²³□…"
