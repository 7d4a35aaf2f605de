"""The pages of the medical profile with a made-up person in them, for the gallery."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from carnet.domain.identity.values import StrictTraits
from carnet.domain.profile.commands import EntryRefused
from carnet.domain.profile.queries import KeptEntry, Profile, SectionTold
from carnet.domain.profile.values import Entry, EntryProblem, Part, Section
from carnet.interfaces.web.profile_forms import EntryForm, initial_of, today_in
from carnet.interfaces.web.views.profile import profile_context

_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_TOLD = [
    Entry(Section.DISEASES, text="Asthme", started="1991-03", comment="Surtout au printemps.\nJ’ai mon inhalateur."),
    Entry(Section.TREATMENTS, text="Salbutamol 100 µg", dosage="Deux bouffées si je siffle", started="2019"),
    Entry(Section.HOSPITALIZATIONS, text="Opération de la hanche", started="2026-11-16", ended="2026-11-20"),
    Entry(Section.BLOOD_GROUP, kind="AB-"),
    Entry(Section.MEASURES, kind="blood-pressure", value="128/76", started="2026-11-20"),
    Entry(Section.MEASURES, kind="weight", value="62,5", started="2026-11-20", comment="Le matin"),
    Entry(Section.LIFESTYLE, kind="activity", text="Une heure de marche par jour"),
    Entry(Section.CONTACTS, kind="trusted", text="Paul-Emmanuel de La Rochefoucauld-Montmorency", relation="spouse",
          phone="06 39 98 01 23"),
]  # fmt: skip


def a_profile(entries: list[Entry], nothing: tuple[Section, ...] = (Section.ALLERGIES,)) -> Profile:
    """A profile that says this."""
    kept = [KeptEntry(UUID(int=number), entry, 1, _AT, _AT) for number, entry in enumerate(entries, 1)]
    told = [
        SectionTold(section, tuple(one for one in kept if one.entry.section is section), section in nothing)
        for section in Section
    ]
    traits = StrictTraits.read(birth_name="MARTIN", given_names="CLAIRE", birth_date=date(1979, 3, 28), sex="F")
    return Profile(tuple(told), traits, "279035121518989", "24.1" if entries else "")


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Name, template, context and address of each page."""
    refused = EntryForm(Section.CONTACTS, {"kind": "trusted", "text": "Paul", "phone": "06"})
    refused.is_valid()
    refused.refuse(EntryRefused({Part.PHONE: EntryProblem.NOT_A_PHONE, None: EntryProblem.CHANGED_MEANWHILE}))
    measure = EntryForm(Section.MEASURES, initial=today_in(Section.MEASURES, date(2026, 11, 22)))
    changed = EntryForm(Section.HOSPITALIZATIONS, initial=initial_of(_TOLD[2]))
    entry = "profile_entry"
    return [
        ("profile", "profile", profile_context(a_profile(_TOLD)), "profile"),
        ("profile-empty", "profile", profile_context(a_profile([], ())), "profile"),
        ("profile-add", entry, {"form": measure, "title": "Ajouter une mesure", "anchor": "measures"}, "profile_add"),
        ("profile-wrong", entry, {"form": refused, "title": "Ajouter", "anchor": "contacts"}, "profile_add"),
        ("profile-change", entry, {"form": changed, "title": "Hôpital", "anchor": "hospitalizations", "version": 2,
                                   "remove_url": "/profil/1/suppression/"}, entry),
    ]  # fmt: skip
