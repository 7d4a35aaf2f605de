"""What happens to mail at the desk, in words that a team understands."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carnet.domain.messaging.desk.outgoing import Sent
from carnet.domain.messaging.values import DeliveryOutcome

OUTCOMES = {
    DeliveryOutcome.DELIVERED: gettext_lazy("It was delivered."),
    DeliveryOutcome.REFUSED_SENDER: gettext_lazy("This mailbox may not write to this person."),
    DeliveryOutcome.REFUSED_RECIPIENT: gettext_lazy(
        "This address does not exist, or this person has no health space that takes messages."
    ),
    DeliveryOutcome.REFUSED_MALFORMED: gettext_lazy("The message could not be read."),
    DeliveryOutcome.REFUSED_HOLDER_TO_HOLDER: gettext_lazy("Patients do not write to each other here."),
    DeliveryOutcome.REFUSED_OTHER_PATIENT: gettext_lazy("Its documents are about another patient."),
    DeliveryOutcome.REFUSED_LOOP: gettext_lazy("The message went in circles."),
    DeliveryOutcome.REFUSED_MAILBOX: gettext_lazy("The mailbox is closed, or takes no mail for the moment."),
    DeliveryOutcome.REFUSED_OPPOSITION: gettext_lazy("This patient does not want to be written to in this way."),
    DeliveryOutcome.REFUSED_TOO_LARGE: gettext_lazy("The message is too large for its recipient."),
    DeliveryOutcome.REFUSED_CONTENT: gettext_lazy("It carries a file that could harm."),
    DeliveryOutcome.WITHHELD_INFECTED: gettext_lazy("The antivirus found something dangerous: a person looks at it."),
}
_REPORTS = {
    "failed": gettext_lazy("The recipient's server reports: not delivered"),
    "delayed": gettext_lazy("The recipient's server reports: not delivered yet, it tries again"),
    "delivered": gettext_lazy("The recipient's server reports: delivered"),
    "relayed": gettext_lazy("The recipient's server reports: handed on to another server"),
    "expanded": gettext_lazy("The recipient's server reports: handed out to several people"),
}


def outcome_sentence(code: str) -> str:
    """Why a message was not delivered, or that it was; empty for a code that has no words."""
    try:
        return str(OUTCOMES[DeliveryOutcome(code)])
    except ValueError:
        return ""


def sent_sentences(parts: Sequence[Sent], *, answer: bool = False) -> list[tuple[int, str]]:
    """What is to be said of an answer or a message that left, with the level of each sentence: who was not reached and
    why, and that it is sent when somebody was."""
    handed = [one for part in parts for one in part.handed]
    said = [
        (
            messages.WARNING,
            _("Not delivered to %(address)s. %(why)s") % {"address": one.address, "why": outcome_sentence(one.outcome)},
        )
        for one in handed
        if one.outcome is not DeliveryOutcome.DELIVERED
    ]
    if any(part.again for part in parts):
        twice = (
            _("This answer was sent already: it was not sent twice.")
            if answer
            else _("This message was sent already: it was not sent twice.")
        )
        said.append((messages.INFO, twice))
    elif len(said) < len(handed):
        said.append((messages.SUCCESS, _("Your answer is sent.") if answer else _("Your message is sent.")))
    return said


def say_sent(request: HttpRequest, *parts: Sent, answer: bool = False) -> None:
    """Say it on the page that comes next."""
    for level, sentence in sent_sentences(parts, answer=answer):
        messages.add_message(request, level, sentence)


def event_sentence(kind: str, outcome: str) -> str:
    """A receipt of reading, a report or an automatic answer, on one line."""
    if kind == "receipt":
        if outcome == "deleted":
            return _("Receipt: the message was deleted without being opened")
        return _("Receipt: the message was opened")
    if kind == "report":
        return str(_REPORTS.get(outcome, _("A report of the recipient's server")))
    return _("An automatic answer came back")


def waited(since: datetime, at: datetime) -> str:
    """How long something has lasted, as people say it: less than an hour, hours up to two days, then days."""
    hours = int((at - since).total_seconds() // 3600)
    if hours < 1:
        return _("less than an hour")
    if hours < 48:
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
    return ngettext("%(number)s day", "%(number)s days", hours // 24) % {"number": hours // 24}
