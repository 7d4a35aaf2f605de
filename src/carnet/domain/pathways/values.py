"""Words of the pathways room: use cases, templates, sendings and what becomes of each of their lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

MAX_LINES = 10_000
MAX_FILES = 5
MAX_FILES_BYTES = 5_000_000
MAX_NAME = 100
MAX_VALIDATED_BY = 200
MAX_DESCRIPTION = 2_000
MAX_SUBJECT = 200
MAX_TEXT = 20_000
MAX_COLUMNS = 20
MAX_VALUE = 500
"""Characters that a cell may put into a message."""

MAX_DAYS = 365


class UseCase(StrEnum):
    """What an establishment writes to its patients for (ANS and regional guides on the uses of MSSanté citoyenne)."""

    APPOINTMENT_REMINDER = "appointment-reminder"
    CONVOCATION = "convocation"
    PREOP = "pre-op-instructions"
    UPCOMING_CARE = "upcoming-care"
    WELCOME_BOOKLET = "welcome-booklet"
    ADMISSION_PAPERS = "admission-papers"
    SATISFACTION_LINK = "e-satis-link"
    SATISFACTION_REMINDER = "e-satis-reminder"
    FOLLOW_UP = "post-op-follow-up"
    ARCHIVES = "archive-request-answer"
    OTHER = "other"


class SendingState(StrEnum):
    """The life of a sending. Running: confirmed, each line leaves when it is due."""

    DRAFT = "draft"
    CHECKED = "checked"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class SendingAct(StrEnum):
    """What a person does with a sending. To prepare one is to give its lines and its moment."""

    PREPARE = "prepare"
    START = "start"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class LineState(StrEnum):
    """What becomes of one line of a sending."""

    WAITING = "waiting"
    BAD = "bad"
    SKIPPED = "skipped"
    SENT = "sent"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class LineReason(StrEnum):
    """Why a line is bad, was skipped, or was refused."""

    NONE = ""
    MISSING = "missing"
    WRONG_INS = "wrong-ins"
    ROUNDED_INS = "rounded-ins"
    WRONG_AUTHORITY = "wrong-authority"
    WRONG_DATE = "wrong-date"
    WRONG_TIME = "wrong-time"
    ENDS_BEFORE_START = "ends-before-start"
    TOO_LONG = "too-long"
    UNPRINTABLE = "unprintable"
    NO_VALUE = "no-value"
    WRONG_WIDTH = "wrong-width"
    DOUBLE = "double"
    OTHER_PERSON = "other-person"
    OPPOSED = "opposed"
    ANSWERED = "answered"
    OPENED = "opened"
    NOT_OPENED = "not-opened"
    PAST_DUE = "past-due"
    STAY_CANCELLED = "stay-cancelled"
    TEMPLATE_EXPIRED = "template-expired"
    NO_SPACE = "no-space"
    REFUSED = "refused"
    WITHHELD = "withheld"


class When(StrEnum):
    """When the lines of a sending leave."""

    NOW = "now"
    AT = "at"
    RELATIVE = "relative"


class Anchor(StrEnum):
    """The day of the stay that a line's moment is counted from."""

    START = "start"
    END = "end"
    APPOINTMENT = "appointment"


class PastDue(StrEnum):
    """What to do with lines whose moment has passed when the sending starts."""

    SEND = "send"
    SKIP = "skip"


class Opened(StrEnum):
    """Who gets a reminder, by whether they opened the message that it follows."""

    ANY = "any"
    ONLY_OPENED = "opened"
    ONLY_NOT_OPENED = "not-opened"


@dataclass(frozen=True, slots=True)
class Timing:
    """When lines leave: at once, at a moment, or so many days from a day of the stay at an hour of Paris.

    ``days`` of J-7 is -7. ``past_due`` must be chosen when lines are past due as the sending starts.
    """

    when: When = When.NOW
    at: datetime | None = None
    anchor: Anchor | None = None
    days: int = 0
    hour: time = time(9)
    past_due: PastDue | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Who is left out when the moment comes; a cancelled stay always is.

    ``unless_answered``: the patient has answered a message of this sending or of those that it follows. ``opened`` is
    about the sending that this one follows.
    """

    unless_answered: bool = False
    opened: Opened = Opened.ANY


class PathwayRefusal(StrEnum):
    """Why an act of this room is refused."""

    NOT_FOUND = "not-found"
    NO_ESTABLISHMENT = "no-establishment"
    NAME_EMPTY = "name-empty"
    NAME_TAKEN = "name-taken"
    TEMPLATE_INVALID = "template-invalid"
    TEMPLATE_NOT_VALID = "template-not-valid"
    TOO_MANY_LINES = "too-many-lines"
    NO_LINE = "no-line"
    WRONG_STATE = "wrong-state"
    WRONG_TIMING = "wrong-timing"
    PAST_DUE_CHOICE = "past-due-choice"
    RECEIPT_NOT_ASKED = "receipt-not-asked"
    COUNT_CHANGED = "count-changed"
    FILE_TOO_LARGE = "file-too-large"
    TOO_MANY_FILES = "too-many-files"
    TYPE_NOT_ACCEPTED = "type-not-accepted"
    CONTENT_MISMATCH = "content-mismatch"
    INFECTED = "infected"
    MAILBOX_CLOSED = "mailbox-closed"


@dataclass(frozen=True, slots=True)
class Refused:
    """An act that is refused; falsy. ``field`` names what it is about, where that is one field."""

    reason: PathwayRefusal
    field: str = ""

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class PathwayContent:
    """What an establishment says of a pathway; ``validated_by``: the committee or direction that validated it."""

    name: str
    description: str = ""
    active: bool = True
    validated_on: date | None = None
    validated_by: str = ""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """What is wrong with a template.

    ``code`` is empty, too-long, unknown-field, broken-field, column-name, too-many-columns, dates, pathway or file;
    ``field`` says where, ``name`` which merge field or column.
    """

    code: str
    field: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class TemplateProblems:
    """A template that is not saved, with everything that is wrong with it; falsy."""

    problems: tuple[TemplateProblem, ...]

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """What a person writes of a template. ``columns`` are the columns of the spreadsheet that it uses of its own."""

    name: str
    use_case: UseCase
    subject: str
    text: str
    columns: tuple[str, ...] = ()
    pathway_id: UUID | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    takes_answer: bool = True
    receipt_wanted: bool = False
    files: tuple[UUID, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Whether messages of this template may leave on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a spreadsheet: its number as a person sees it there, its cells by the plain name of their column.

    ``faults``: what the reader found wrong, by column ("" for the row as a whole): a formula without its computed value
    (`NO_VALUE`), more or fewer cells than the header (`WRONG_WIDTH`), `TOO_LONG`, `UNPRINTABLE`.
    """

    number: int
    cells: Mapping[str, str]
    faults: tuple[tuple[str, LineReason], ...] = ()


@dataclass(frozen=True, slots=True)
class LineContent:
    """What a line says: of whom, of which stay, and the cells as they were given.

    ``appointment`` is a moment of Paris without zone; midnight with ``appointment_has_time`` false is a day alone.
    ``faults`` are those of the row.
    """

    ins: str = ""
    stay: str = ""
    start: date | None = None
    end: date | None = None
    appointment: datetime | None = None
    appointment_has_time: bool = False
    cells: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[tuple[str, LineReason], ...] = ()
