"""The profile in words, for its pages and its PDF: labels of sections and choices, and an entry as lines."""

from dataclasses import dataclass

from django.utils.dates import MONTHS
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext, gettext_lazy

from carnet.domain.profile.values import SHAPES, UNITS, Entry, NotADate, Part, PartialDate, Section, number

SECTIONS = {
    Section.DISEASES: gettext_lazy("Illnesses"),
    Section.TREATMENTS: gettext_lazy("Treatments"),
    Section.ALLERGIES: gettext_lazy("Allergies"),
    Section.HOSPITALIZATIONS: gettext_lazy("Hospital stays and operations"),
    Section.FAMILY_HISTORY: gettext_lazy("Illnesses in the family"),
    Section.BLOOD_GROUP: gettext_lazy("Blood group"),
    Section.MEASURES: gettext_lazy("Measures"),
    Section.LIFESTYLE: gettext_lazy("Way of life"),
    Section.CONTACTS: gettext_lazy("People to call"),
}
NOTHING = {
    Section.DISEASES: gettext_lazy("No known illness"),
    Section.TREATMENTS: gettext_lazy("No treatment at present"),
    Section.ALLERGIES: gettext_lazy("No known allergy"),
    Section.HOSPITALIZATIONS: gettext_lazy("No stay and no operation"),
    Section.FAMILY_HISTORY: gettext_lazy("Nothing known in the family"),
}
"""What a section says when its holder has nothing to tell in it."""
ADDING = {
    Section.DISEASES: gettext_lazy("Add an illness"),
    Section.TREATMENTS: gettext_lazy("Add a treatment"),
    Section.ALLERGIES: gettext_lazy("Add an allergy"),
    Section.HOSPITALIZATIONS: gettext_lazy("Add a stay or an operation"),
    Section.FAMILY_HISTORY: gettext_lazy("Add an illness in the family"),
    Section.BLOOD_GROUP: gettext_lazy("Add my blood group"),
    Section.MEASURES: gettext_lazy("Add a measure"),
    Section.LIFESTYLE: gettext_lazy("Add to my way of life"),
    Section.CONTACTS: gettext_lazy("Add someone to call"),
}
_NAMES = {
    Section.DISEASES: gettext_lazy("Name of the illness"),
    Section.TREATMENTS: gettext_lazy("Name of the medicine or treatment"),
    Section.ALLERGIES: gettext_lazy("What I am allergic to"),
    Section.HOSPITALIZATIONS: gettext_lazy("Reason or operation"),
    Section.FAMILY_HISTORY: gettext_lazy("Name of the illness"),
    Section.LIFESTYLE: gettext_lazy("In my words"),
    Section.CONTACTS: gettext_lazy("First name and name"),
}
_KINDS_OF = {
    Section.FAMILY_HISTORY: gettext_lazy("Who"),
    Section.BLOOD_GROUP: gettext_lazy("Blood group"),
    Section.MEASURES: gettext_lazy("What was measured"),
    Section.LIFESTYLE: gettext_lazy("About"),
    Section.CONTACTS: gettext_lazy("This person is"),
}
_STARTED = {
    Section.HOSPITALIZATIONS: gettext_lazy("Date of arrival"),
    Section.MEASURES: gettext_lazy("Date of the measure"),
}
_ENDED = {Section.HOSPITALIZATIONS: gettext_lazy("Date of leaving")}
_PARTS = {
    Part.RELATION: gettext_lazy("Tie with me"),
    Part.VALUE: gettext_lazy("Value"),
    Part.PHONE: gettext_lazy("Telephone"),
    Part.DOSAGE: gettext_lazy("How I take it"),
    Part.STARTED: gettext_lazy("Since when"),
    Part.ENDED: gettext_lazy("Until when"),
    Part.COMMENT: gettext_lazy("Comment"),
}
_CHOICES = {
    Section.FAMILY_HISTORY: {
        "mother": gettext_lazy("My mother"),
        "father": gettext_lazy("My father"),
        "sister": gettext_lazy("A sister"),
        "brother": gettext_lazy("A brother"),
        "daughter": gettext_lazy("A daughter"),
        "son": gettext_lazy("A son"),
        "grandmother": gettext_lazy("A grandmother"),
        "grandfather": gettext_lazy("A grandfather"),
        "aunt": gettext_lazy("An aunt"),
        "uncle": gettext_lazy("An uncle"),
        "other": gettext_lazy("Someone else of the family"),
    },
    Section.MEASURES: {
        "weight": gettext_lazy("Weight"),
        "height": gettext_lazy("Height"),
        "waist": gettext_lazy("Waist"),
        "blood-pressure": gettext_lazy("Blood pressure"),
        "heart-rate": gettext_lazy("Heart rate"),
    },
    Section.LIFESTYLE: {
        "food": gettext_lazy("Food"),
        "activity": gettext_lazy("Physical activity"),
        "sleep": gettext_lazy("Sleep"),
        "screens": gettext_lazy("Screens"),
        "alcohol": gettext_lazy("Alcohol"),
        "tobacco": gettext_lazy("Tobacco"),
    },
    Section.CONTACTS: {
        "emergency": gettext_lazy("To be called in an emergency"),
        "trusted": gettext_lazy("My trusted person"),
        "carer": gettext_lazy("A carer"),
        "help": gettext_lazy("A help at home"),
    },
}
_RELATIONS = {
    "mother": gettext_lazy("Mother"),
    "father": gettext_lazy("Father"),
    "child": gettext_lazy("Child"),
    "spouse": gettext_lazy("Spouse or partner"),
    "guardian": gettext_lazy("Guardian"),
    "other": gettext_lazy("Other tie"),
}


@dataclass(frozen=True)
class EntryWords:
    """An entry as it is read: what it is, what is known of it, and what its holder adds."""

    title: str
    details: tuple[str, ...] = ()
    comment: str = ""


def part_label(section: Section, part: Part) -> str:
    """What a part is called in this section."""
    own = {Part.TEXT: _NAMES, Part.KIND: _KINDS_OF, Part.STARTED: _STARTED, Part.ENDED: _ENDED}.get(part, {})
    return str(own.get(section) or _PARTS[part])


def choices(section: Section, part: Part) -> list[tuple[str, str]]:
    """The choices of a part, each as its code and its words."""
    if part is Part.RELATION:
        return [(code, str(words)) for code, words in _RELATIONS.items()]
    return [(code, kind_words(section, code)) for code in SHAPES[section].kinds]


def kind_words(section: Section, code: str) -> str:
    """A choice in words; a blood group with a true minus."""
    if section is Section.BLOOD_GROUP:
        return code.replace("-", "−")
    return str(_CHOICES[section].get(code, code))


def date_words(written: str) -> str:
    """« 28 mars 1979 », « mars 1979 », « 1979 », from the written form of a date."""
    try:
        when = PartialDate.parse(written)
    except NotADate:
        return written
    month = str(MONTHS[when.month]) if when.month else ""
    first = when.day == 1 and (get_language() or "").startswith("fr")
    day = ("1er" if first else str(when.day)) if when.day else ""
    return " ".join(part for part in (day, month, str(when.year)) if part)


def measure_words(kind: str, value: str) -> str:
    """A value with its unit: « 62,5 kg »."""
    figure = number(value)
    shown = value if figure is None else number_format(figure.normalize() if figure % 1 else int(figure))
    return f"{shown}\u00a0{UNITS[kind]}"


def entry_words(entry: Entry) -> EntryWords:
    """An entry in the language in use."""
    if entry.nothing:
        return EntryWords(str(NOTHING[entry.section]))
    details = []
    title = entry.text
    kind = kind_words(entry.section, entry.kind) if entry.kind else ""
    if entry.section is Section.MEASURES:
        title = gettext("%(measure)s: %(value)s") % {
            "measure": kind, "value": measure_words(entry.kind, entry.value)
        }  # fmt: skip
        details.append(date_words(entry.started))
    elif entry.section is Section.BLOOD_GROUP:
        title = kind
    elif entry.section is Section.LIFESTYLE:
        title, details = kind, [entry.text]
    else:
        relation = str(_RELATIONS.get(entry.relation, "")) if entry.relation else ""
        details += [kind, relation, entry.phone, entry.dosage, _period(entry)]
    return EntryWords(title, tuple(detail for detail in details if detail), entry.comment)


def _period(entry: Entry) -> str:
    started, ended = (date_words(one) if one else "" for one in (entry.started, entry.ended))
    if started and ended:
        return started if started == ended else f"{started} – {ended}"
    # French says a day and a month in two ways.
    if ended:
        is_day = entry.ended.count("-") == 2
        return (
            gettext("Until %(last_day)s") % {"last_day": ended}
            if is_day
            else gettext("Until %(ended)s") % {"ended": ended}
        )
    if started and entry.section is not Section.HOSPITALIZATIONS:
        is_day = entry.started.count("-") == 2
        return (
            gettext("Since %(first_day)s") % {"first_day": started}
            if is_day
            else gettext("Since %(began)s") % {"began": started}
        )
    return started
