"""Decisions of the pathways room: is a template right, what may be done with a sending, is a line good, when does it
leave, does it leave at all."""

from carnet.domain.pathways.rules.figures import days_told
from carnet.domain.pathways.rules.leaving import LeavingFacts, why_not
from carnet.domain.pathways.rules.life import acts_on
from carnet.domain.pathways.rules.lines import (
    CheckedLine,
    Needs,
    StayChange,
    check_rows,
    line_values,
    mark_mistaken,
    mark_opposed,
    moved,
    needs_of,
    read_stay,
)
from carnet.domain.pathways.rules.schedule import due, timing_problem
from carnet.domain.pathways.rules.templates import problems, usable

__all__ = [
    "CheckedLine",
    "LeavingFacts",
    "Needs",
    "StayChange",
    "acts_on",
    "check_rows",
    "days_told",
    "due",
    "line_values",
    "mark_mistaken",
    "mark_opposed",
    "moved",
    "needs_of",
    "problems",
    "read_stay",
    "timing_problem",
    "usable",
    "why_not",
]
