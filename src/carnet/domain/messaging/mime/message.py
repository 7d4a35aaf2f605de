"""A message as it was read: plain values, nothing of it trusted yet."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carnet.domain.messaging.mime.addresses import Address


class FromProblem(StrEnum):
    """Why the From field does not name one author plainly."""

    MISSING = "missing"
    SEVERAL_HEADERS = "several-headers"
    SEVERAL_ADDRESSES = "several-addresses"
    UNREADABLE = "unreadable"
    ENCODED_ADDRESS = "encoded-address"
    NAME_SHOWS_ANOTHER_ADDRESS = "name-shows-another-address"


class Defect(StrEnum):
    """What a message does against the standards without keeping it from being read."""

    ODD_HEADER_LINE = "odd-header-line"
    REPEATED_HEADER = "repeated-header"
    BAD_ADDRESS = "bad-address"
    BAD_DATE = "bad-date"
    BAD_MESSAGE_ID = "bad-message-id"
    UNKNOWN_CHARSET = "unknown-charset"
    UNKNOWN_ENCODING = "unknown-encoding"
    NO_PARTS = "no-parts"
    TEXT_CUT = "text-cut"


@dataclass(frozen=True, slots=True)
class Part:
    """One attachment. `path` is its IMAP number, `media_type` what the sender declares, `size` its decoded bytes.

    `file_name` is already safe to show and to save under; empty when the sender gave none. `is_inline` says that the
    sender meant it to be seen inside the body.
    """

    path: str
    media_type: str
    file_name: str
    size: int
    content_id: str | None
    disposition: str
    is_inline: bool


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What `read_message` found.

    Identifiers keep their angle brackets. `text` is the plain body, its lines ended by `\\n`; `html` is the sender's
    own and has not been cleaned: only `html.clean_html` makes it fit to show. `x_mss` holds the X-MSS-* fields by
    capital name, the first of each (ANS, Référentiel socle MSSanté #2 §3.4).
    """

    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    from_: tuple[Address, ...] = ()
    from_problem: FromProblem | None = None
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    text: str = ""
    html: str = ""
    attachments: tuple[Part, ...] = ()
    x_mss: dict[str, str] = field(default_factory=dict)
    disposition_notification_to: tuple[Address, ...] = ()
    auto_submitted: str = ""
    precedence: str = ""
    received_count: int = 0
    report_type: str | None = None
    defects: tuple[Defect, ...] = ()

    @property
    def is_report(self) -> bool:
        """True for a multipart/report, of which `report_type` says the kind (RFC 6522)."""
        return self.report_type is not None

    @property
    def is_automatic(self) -> bool:
        """True when a machine wrote it: Auto-Submitted other than `no` (RFC 3834 §5), a report, or bulk mail."""
        said = self.auto_submitted not in ("", "no")
        return said or self.is_report or self.precedence in ("bulk", "junk", "list")
