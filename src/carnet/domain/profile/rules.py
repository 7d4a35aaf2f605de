"""What an entry of the profile may say: pure decisions on what was typed."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from carnet.domain.profile.values import (
    BOUNDS,
    MOST_ENTRIES,
    PRESSURE_BOUNDS,
    RELATIONS,
    SHAPES,
    Entry,
    EntryProblem,
    NotADate,
    Part,
    PartialDate,
    Section,
    age,
    longest,
    number,
    pressure,
)

Problems = dict[Part | None, EntryProblem]
"""Each part that is not taken, with its reason; None is the entry as a whole."""

_CHOICES: Final = {Part.RELATION: RELATIONS}
_PHONE: Final = re.compile(r"\+?[0-9](?:[ .()-]*[0-9]){2,14}")
# From which age a theme of the way of life may be told (the application of Mon espace santé).
_FROM_AGE: Final = {"alcohol": 15, "tobacco": 15}
_FROM_AGE_OTHERS: Final = 3


def entry_problems(entry: Entry, others: Iterable[Entry], *, birth_date: date | None, today: date) -> Problems:
    """What is wrong with an entry, beside the `others` of the profile; empty when it may be kept.

    1. Each part that the section needs is there, none is too long, a choice is one of the list.
    2. Dates are of the calendar, not in the future (a treatment may be planned to end), not before the birth; the end
       is not before the start.
    3. A measure is a number within bounds; a systolic pressure is above the diastolic.
    4. There is one blood group, one answer a theme, one trusted person (CSP L1111-6).
    """
    shape = SHAPES[entry.section]
    problems: Problems = {}
    for part in shape.parts:
        said = entry.part(part)
        if not said:
            if part in shape.needed:
                problems[part] = EntryProblem.NEEDED
        elif len(said) > longest(entry.section, part):
            problems[part] = EntryProblem.TOO_LONG
        elif said not in _CHOICES.get(part, shape.kinds if part is Part.KIND else (said,)):
            problems[part] = EntryProblem.NOT_A_CHOICE
        elif part is Part.PHONE and not _PHONE.fullmatch(said):
            problems[part] = EntryProblem.NOT_A_PHONE
    problems |= _problems_of_dates(entry, birth_date, today)
    if entry.section is Section.MEASURES and not problems.keys() & {Part.KIND, Part.VALUE}:
        problem = _problem_of_measure(entry.kind, entry.value)
        if problem:
            problems[Part.VALUE] = problem
    if entry.section is Section.LIFESTYLE and Part.KIND not in problems:
        from_age = _FROM_AGE.get(entry.kind, _FROM_AGE_OTHERS)
        if birth_date and age(birth_date, today) < from_age:
            problems[Part.KIND] = EntryProblem.TOO_YOUNG
    return problems | _problems_beside(entry, others, problems)


def _problems_beside(entry: Entry, others: Iterable[Entry], problems: Problems) -> Problems:
    same = [other for other in others if other.section is entry.section and not other.nothing]
    if len(same) >= MOST_ENTRIES:
        return {None: EntryProblem.TOO_MANY}
    single = SHAPES[entry.section].single
    if Part.KIND in problems or entry.kind not in single:
        return {}
    if entry.section is Section.BLOOD_GROUP:
        return {Part.KIND: EntryProblem.ONLY_ONE} if same else {}
    return {Part.KIND: EntryProblem.ONLY_ONE} if any(other.kind == entry.kind for other in same) else {}


def _problems_of_dates(entry: Entry, birth_date: date | None, today: date) -> Problems:
    problems: Problems = {}
    read: dict[Part, PartialDate] = {}
    for part in (Part.STARTED, Part.ENDED):
        said = entry.part(part)
        if not said:
            continue
        try:
            when = read[part] = PartialDate.parse(said)
        except NotADate:
            problems[part] = EntryProblem.NOT_A_DATE
            continue
        planned = entry.section is Section.TREATMENTS and part is Part.ENDED
        if when.first > today and not planned:
            problems[part] = EntryProblem.IN_THE_FUTURE
        elif birth_date and when.last < birth_date:
            problems[part] = EntryProblem.BEFORE_BIRTH
    if len(read) == 2 and not problems and read[Part.ENDED].last < read[Part.STARTED].first:
        problems[Part.ENDED] = EntryProblem.ENDS_BEFORE_IT_STARTS
    return problems


def _problem_of_measure(kind: str, value: str) -> EntryProblem | None:
    if kind == "blood-pressure":
        both = pressure(value)
        if both is None:
            return EntryProblem.NOT_A_PRESSURE
        within = all(low <= one <= high for one, (low, high) in zip(both, PRESSURE_BOUNDS, strict=True))
        return None if within and both[0] > both[1] else EntryProblem.OUT_OF_BOUNDS
    figure = number(value)
    if figure is None:
        return EntryProblem.NOT_A_NUMBER
    low, high = BOUNDS[kind]
    return None if low <= figure <= high else EntryProblem.OUT_OF_BOUNDS


def may_say_nothing(section: Section, entries: Iterable[Entry]) -> bool:
    """Whether a holder may say that there is nothing to tell in a section: where nothing is told."""
    told = any(entry.section is section and not entry.nothing for entry in entries)
    return SHAPES[section].may_be_none and not told
