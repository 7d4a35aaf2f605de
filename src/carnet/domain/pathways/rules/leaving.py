"""Whether a line whose moment has come leaves."""

from dataclasses import dataclass
from datetime import date

from carnet.domain.pathways.rules.schedule import anchor_day
from carnet.domain.pathways.values import Conditions, LineContent, LineReason, Opened, Timing


@dataclass(frozen=True, slots=True)
class LeavingFacts:
    """What is known of a line as its moment comes: its day in Paris, what became of the messages before it.

    ``answered`` is about this sending and all that it follows, ``opened`` about the one that it follows.
    """

    today: date
    template_valid: bool
    answered: bool = False
    opened: bool = False


def why_not(conditions: Conditions, timing: Timing, content: LineContent, facts: LeavingFacts) -> LineReason:
    """Why the line does not leave; NONE when it does.

    What was to come before a day of the stay does not come after it, however long the sending was held up.
    """
    if not facts.template_valid:
        return LineReason.TEMPLATE_EXPIRED
    day = anchor_day(content, timing.anchor) if timing.days < 0 else None
    if day is not None and day < facts.today:
        return LineReason.PAST_DUE
    if conditions.unless_answered and facts.answered:
        return LineReason.ANSWERED
    if conditions.opened is Opened.ONLY_OPENED and not facts.opened:
        return LineReason.NOT_OPENED
    if conditions.opened is Opened.ONLY_NOT_OPENED and facts.opened:
        return LineReason.OPENED
    return LineReason.NONE
