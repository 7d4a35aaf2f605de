"""Sentences for the codes of pathways, templates and sendings. Every code has one: a test holds them together."""

from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from carnet.domain.messaging.values import DeliveryOutcome
from carnet.domain.pathways.dates import PARIS
from carnet.domain.pathways.merge import Field
from carnet.domain.pathways.queries import LineShown
from carnet.domain.pathways.spreadsheet import BadFile, FileProblem, SheetFile
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    LineReason,
    LineState,
    Opened,
    PastDue,
    PathwayRefusal,
    SendingState,
    TemplateProblem,
    Timing,
    UseCase,
    When,
)

USE_CASES = {
    UseCase.APPOINTMENT_REMINDER: _("Appointment reminder"),
    UseCase.CONVOCATION: _("Convocation"),
    UseCase.PREOP: _("Instructions before an operation"),
    UseCase.UPCOMING_CARE: _("Information on care to come"),
    UseCase.WELCOME_BOOKLET: _("Welcome booklet"),
    UseCase.ADMISSION_PAPERS: _("Request for admission papers"),
    UseCase.SATISFACTION_LINK: _("Link to the e-Satis questionnaire"),
    UseCase.SATISFACTION_REMINDER: _("Reminder of the e-Satis questionnaire"),
    UseCase.FOLLOW_UP: _("Follow-up after an operation"),
    UseCase.ARCHIVES: _("Answer of the archives to a request"),
    UseCase.OTHER: _("Other"),
}

SENDING_STATES = {
    SendingState.DRAFT: _("To prepare"),
    SendingState.CHECKED: _("Ready to plan"),
    SendingState.RUNNING: _("Under way"),
    SendingState.PAUSED: _("Paused"),
    SendingState.CANCELLED: _("Cancelled"),
    SendingState.DONE: _("Done"),
}

LINE_STATES = {
    LineState.WAITING: _("Waits for its moment"),
    LineState.BAD: _("Cannot be used"),
    LineState.SKIPPED: _("Left out"),
    LineState.SENT: _("Delivered"),
    LineState.REFUSED: _("Refused"),
    LineState.CANCELLED: _("Cancelled"),
}

LINE_REASONS = {
    LineReason.NONE: "",
    LineReason.MISSING: _("nothing is written, and the message needs it"),
    LineReason.WRONG_INS: _("not an INS: 15 characters are expected, the last two being its key"),
    LineReason.ROUNDED_INS: _("the spreadsheet has rounded the number: export this column as text"),
    LineReason.WRONG_AUTHORITY: _("the authority of this number is not accepted here"),
    LineReason.WRONG_DATE: _("not a date: write 31/10/2026"),
    LineReason.WRONG_TIME: _("not a time: write 14:30"),
    LineReason.ENDS_BEFORE_START: _("the stay ends before it begins"),
    LineReason.TOO_LONG: _("the text is too long"),
    LineReason.UNPRINTABLE: _("holds characters that cannot be printed"),
    LineReason.NO_VALUE: _("a formula without its result, or an error of the spreadsheet"),
    LineReason.WRONG_WIDTH: _("has not as many cells as the heading: a separator stands inside a text"),
    LineReason.DOUBLE: _("the same patient for the same stay is already in the file"),
    LineReason.OTHER_PERSON: _("the person of this number has other names: compare the line with your records"),
    LineReason.OPPOSED: _("the patient does not want to be written to this way"),
    LineReason.ANSWERED: _("the patient has answered"),
    LineReason.OPENED: _("the patient has opened the message before"),
    LineReason.NOT_OPENED: _("the patient has not opened the message before"),
    LineReason.PAST_DUE: _("its moment had passed"),
    LineReason.STAY_CANCELLED: _("the stay is cancelled"),
    LineReason.TEMPLATE_EXPIRED: _("the template was no longer valid"),
    LineReason.NO_SPACE: _("the patient has no health space, or has closed it"),
    LineReason.REFUSED: _("the message was refused"),
    LineReason.WITHHELD: _("the message was held back"),
}

REFUSALS = {
    PathwayRefusal.NOT_FOUND: _("This does not exist, or not for you."),
    PathwayRefusal.NO_ESTABLISHMENT: _("This mailbox is not attached to an establishment: it has no templates."),
    PathwayRefusal.NAME_EMPTY: _("A name is needed."),
    PathwayRefusal.NAME_TAKEN: _("Another one has this name already."),
    PathwayRefusal.TEMPLATE_INVALID: _("The template cannot be used as it is."),
    PathwayRefusal.TEMPLATE_NOT_VALID: _("This template is put away, or outside its dates."),
    PathwayRefusal.TOO_MANY_LINES: _("The file has too many lines: 10,000 at most."),
    PathwayRefusal.NO_LINE: _("No line of this file can leave."),
    PathwayRefusal.WRONG_STATE: _("This sending is no longer in a state where this can be done."),
    PathwayRefusal.WRONG_TIMING: _("This moment is not possible: it has passed, or the file lacks the dates for it."),
    PathwayRefusal.PAST_DUE_CHOICE: _("For some lines the moment has passed: say what to do with them."),
    PathwayRefusal.RECEIPT_NOT_ASKED: _(
        "Who opened a message is known only where a receipt was asked for: the first sending did not."
    ),
    PathwayRefusal.COUNT_CHANGED: _("The number of messages has changed meanwhile: look again before you confirm."),
    PathwayRefusal.FILE_TOO_LARGE: _("The files are too large: 5 MB at most in all."),
    PathwayRefusal.TOO_MANY_FILES: _("Too many files: 5 at most."),
    PathwayRefusal.TYPE_NOT_ACCEPTED: _("This kind of file is not accepted: use PDF, an image or text."),
    PathwayRefusal.CONTENT_MISMATCH: _("The content of this file is not what its name says."),
    PathwayRefusal.INFECTED: _("This file could harm: it was refused."),
    PathwayRefusal.MAILBOX_CLOSED: _("This mailbox is closed or suspended: nothing leaves from it."),
}

FILE_PROBLEMS = {
    FileProblem.EMPTY: _("The file holds nothing."),
    FileProblem.TOO_BIG: _("The file is too large: 10 MB at most."),
    FileProblem.NOT_TEXT: _("The file cannot be read: save it as CSV (UTF-8) or as XLSX."),
    FileProblem.NOT_CSV: _("This line is not CSV: a quotation mark is not closed, or stands in the wrong place."),
    FileProblem.OLD_EXCEL: _("This is an old Excel file (.xls), or one with a password: save it as XLSX without one."),
    FileProblem.OTHER_FORMAT: _("This is neither CSV nor XLSX: save the list as one of these."),
    FileProblem.DAMAGED: _("This workbook is damaged, or holds more than is accepted."),
    FileProblem.NO_SHEET: _("This workbook has no sheet that can be read: all are hidden or none is a table."),
    FileProblem.TOO_MANY_LINES: _("The file has too many lines: 10,000 at most."),
    FileProblem.TOO_MANY_COLUMNS: _("The file has too many columns: 100 at most."),
    FileProblem.COLUMN_MISSING: _("Columns are missing. The first lines must name them."),
    FileProblem.COLUMN_TWICE: _("Two columns have the same name: rename or remove one."),
}

COLUMNS = {
    "ins": _("INS"),
    "oid": _("Authority of the INS (OID)"),
    "numero_sejour": _("Number of the stay"),
    "annule": _("Cancelled stay"),
    Field.BIRTH_NAME.value: _("Birth name"),
    Field.GIVEN_NAME.value: _("First given name"),
    Field.CIVILITY.value: _("Title (Mrs, Mr)"),
    Field.START.value: _("First day of the stay"),
    Field.END.value: _("Last day of the stay"),
    Field.APPOINTMENT.value: _("Date of the appointment"),
    Field.APPOINTMENT_TIME.value: _("Time of the appointment"),
    Field.SERVICE.value: _("Ward"),
    Field.MAILBOX.value: _("Name of this mailbox"),
    Field.ESTABLISHMENT.value: _("Name of the establishment"),
}

TEMPLATE_PROBLEMS = {
    "empty": _("This cannot be empty."),
    "too-long": _("This is too long."),
    "unknown-field": _("No such field: {name}. Choose one of the list, or declare the column."),
    "broken-field": _("Two braces open or close a field that is not whole: write {{{{prenom}}}}."),
    "column-name": _("This is no name for a column: {name}"),
    "too-many-columns": _("Too many columns: 20 at most."),
    "dates": _("The last day is before the first."),
    "pathway": _("This pathway is not one of your establishment."),
    "file": _("This file is not one of this template."),
}

UNREACHED = {
    "refused": _("The message was refused"),
    "not-activated": _("The health space is not activated"),
    "not-opened": _("The message was not opened"),
}

OUTCOMES = {
    DeliveryOutcome.DELIVERED: _("Delivered"),
    DeliveryOutcome.REFUSED_SENDER: _("Refused: this mailbox may not write"),
    DeliveryOutcome.REFUSED_RECIPIENT: _("Refused: no health space, or a closed one"),
    DeliveryOutcome.REFUSED_MALFORMED: _("Refused: the message could not be read"),
    DeliveryOutcome.REFUSED_HOLDER_TO_HOLDER: _("Refused: a patient cannot write to another"),
    DeliveryOutcome.REFUSED_OTHER_PATIENT: _("Refused: a document is about another patient"),
    DeliveryOutcome.REFUSED_LOOP: _("Refused: the message went round in circles"),
    DeliveryOutcome.REFUSED_MAILBOX: _("Refused: the mailbox is closed or suspended"),
    DeliveryOutcome.REFUSED_OPPOSITION: _("Refused: the patient does not want to be written to this way"),
    DeliveryOutcome.REFUSED_TOO_LARGE: _("Refused: the message is too large"),
    DeliveryOutcome.REFUSED_CONTENT: _("Refused: its content is not accepted"),
    DeliveryOutcome.WITHHELD_INFECTED: _("Held back: a file could harm"),
}

REPORT_COLUMNS = {
    "line": _("Line"),
    "state": _("State"),
    "reason": _("Why"),
    "column": _("Column"),
    "due_at": _("Planned for"),
    "sent_at": _("Sent"),
    "outcome": _("Outcome"),
    "activated": _("Space activated"),
    "opened_at": _("Opened"),
    "answered_at": _("Answered"),
}

ANCHORS = {
    Anchor.START: _("the first day of the stay"),
    Anchor.END: _("the last day of the stay"),
    Anchor.APPOINTMENT: _("the appointment"),
}

PAST_DUES = {
    PastDue.SKIP: _("leave it out"),
    PastDue.SEND: _("send it at once"),
}

OPENINGS = {
    Opened.ANY: _("Everybody"),
    Opened.ONLY_NOT_OPENED: _("Only those who have not opened the first message"),
    Opened.ONLY_OPENED: _("Only those who have opened the first message"),
}


def column_label(name: str) -> str:
    """A column as people call it: a known one by its words, another by its own name."""
    return str(COLUMNS[name]) if name in COLUMNS else name.replace("_", " ").capitalize()


def line_sentence(line: LineShown) -> str:
    """Why a line is bad, left out or refused, with its column; empty for a line that nothing holds back."""
    return reason_sentence(LineReason(line.reason or ""), line.column, line.other_line)


def reason_sentence(reason: LineReason, column: str = "", other_line: int | None = None) -> str:
    """A reason in words: ``Birth name: nothing is written …``."""
    words = str(LINE_REASONS[reason])
    if reason is LineReason.DOUBLE and other_line is not None:
        words, column = gettext("the same patient for the same stay is already on line %(line)s"), ""
        words %= {"line": other_line}
    if column and words:
        return gettext("%(column)s: %(words)s") % {"column": column_label(column), "words": words}
    return words[:1].upper() + words[1:]


def file_sentence(error: BadFile) -> str:
    """Why a whole file cannot be read, where, and which columns it is about."""
    words = str(FILE_PROBLEMS[error.problem])
    if error.problem is FileProblem.COLUMN_MISSING:
        names = ", ".join(column_label(name) for name in error.columns)
        return gettext("%(words)s Missing: %(columns)s.") % {"words": words, "columns": names}
    if error.columns:
        words = gettext("%(words)s Columns: %(columns)s.") % {"words": words, "columns": ", ".join(error.columns)}
    return gettext("Line %(line)s: %(words)s") % {"line": error.line, "words": words} if error.line else words


def file_remarks(read: SheetFile) -> list[str]:
    """What a person must know of a file that was read: what was not shown to them, and what was left out."""
    remarks = []
    if read.hidden:
        remarks.append(
            ngettext(
                "%(count)s line is hidden or filtered out in your spreadsheet. It was read as the others.",
                "%(count)s lines are hidden or filtered out in your spreadsheet. They were read as the others.",
                read.hidden,
            )
            % {"count": read.hidden}
        )
    if read.other_sheets:
        remarks.append(gettext("Only the first sheet of your workbook that is not hidden was read."))
    if read.unnamed:
        remarks.append(
            gettext("Left out, for they have no heading: columns %(columns)s.") % {"columns": ", ".join(read.unnamed)}
        )
    return remarks


def template_sentence(problem: TemplateProblem) -> str:
    """What is wrong with a template, with the field or column that it is about."""
    return str(TEMPLATE_PROBLEMS[problem.code]).format(name=problem.name)


def refusal_words(reason: PathwayRefusal) -> str:
    return str(REFUSALS[reason])


def timing_sentence(timing: Timing) -> str:
    """When the messages leave, in one phrase."""
    if timing.when is When.NOW:
        return gettext("at once, when you confirm")
    if timing.when is When.AT and timing.at is not None:
        at = timing.at.astimezone(PARIS)
        return gettext("on %(day)s at %(clock)s") % {"day": f"{at:%d/%m/%Y}", "clock": _clock(at.time())}
    anchor = ANCHORS[timing.anchor] if timing.anchor else ""
    days = abs(timing.days)
    if not days:
        words = gettext("on the day of %(anchor)s, at %(clock)s")
    elif timing.days < 0:
        words = ngettext(
            "%(count)s day before %(anchor)s, at %(clock)s", "%(count)s days before %(anchor)s, at %(clock)s", days
        )
    else:
        words = ngettext(
            "%(count)s day after %(anchor)s, at %(clock)s", "%(count)s days after %(anchor)s, at %(clock)s", days
        )
    return words % {"count": days, "anchor": anchor, "clock": _clock(timing.hour)}


def condition_sentences(conditions: Conditions) -> list[str]:
    """Who is left out when the moment comes."""
    said = [gettext("A patient whose stay is cancelled meanwhile is left out.")]
    if conditions.unless_answered:
        said.append(gettext("A patient who has answered is left out."))
    if conditions.opened is not Opened.ANY:
        said.append(f"{OPENINGS[conditions.opened]}.")
    return said


def _clock(at: time) -> str:
    return gettext("%(hour)s:%(minute)s") % {"hour": at.hour, "minute": f"{at.minute:02}"}


def report_cell(code: str, value: Any) -> Any:
    """A cell of a report for a spreadsheet: codes in words, moments as the clock of Paris shows them."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, datetime):
        return value.astimezone(PARIS).replace(tzinfo=None) if value.tzinfo else value
    if not value or not isinstance(value, str):
        return value
    if code == "state":
        return str(LINE_STATES.get(LineState(value), value)) if value in set(LineState) else value
    if code == "reason":
        return (
            str(LINE_REASONS.get(LineReason(value), value)) if value in set(LineReason) else UNREACHED.get(value, value)
        )
    if code == "outcome":
        return str(OUTCOMES.get(DeliveryOutcome(value), value)) if value in set(DeliveryOutcome) else value
    return column_label(value) if code == "column" else value
