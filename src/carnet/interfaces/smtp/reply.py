"""SMTP replies: a code, an enhanced status code and words, turned into safe wire bytes."""

import re
from dataclasses import dataclass

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_UNSAFE = re.compile(r"[^\x20-\x7e]")
MAX_LINE = 400
"""Longest text kept on one reply line, in characters (RFC 5321 §4.5.3.1.5 allows 512 octets in all)."""
MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A final answer to a command: 2xx accepts, 4xx refuses for now, 5xx refuses for good.

    `text` may hold several lines separated by "\\n". `enhanced` is the status code of RFC 3463, whose
    first digit must agree with `code` (RFC 2034 §4); an empty string leaves it out.
    Raises ValueError when the code is not 2xx, 4xx or 5xx, or when the two codes disagree.
    """

    code: int
    enhanced: str
    text: str

    def __post_init__(self) -> None:
        if not (200 <= self.code < 300 or 400 <= self.code < 600):
            raise ValueError(f"SMTP reply code {self.code} is not 2xx, 4xx or 5xx")
        if self.enhanced and (not _ENHANCED.fullmatch(self.enhanced) or int(self.enhanced[0]) != self.code // 100):
            raise ValueError(f"enhanced status code does not fit the reply code {self.code}")

    @property
    def accepted(self) -> bool:
        """True for a 2xx reply."""
        return self.code < 300

    def encode(self, *, utf8: bool = False) -> bytes:
        """The reply as wire bytes, each line bounded and free of control characters.

        Non-ASCII text is written as backslash escapes unless `utf8` (RFC 6531 §3.7.4: only after the
        client asked for SMTPUTF8). Multi-line replies follow RFC 5321 §4.2.1.
        """
        text = self.text
        if len(text) <= MAX_LINE and text.isascii() and text.isprintable():
            return f"{self.code} {self.enhanced} {text}\r\n".encode() if self.enhanced else self._bare(text)
        prefix = f"{self.enhanced} " if self.enhanced else ""
        lines = [prefix + _safe_line(line, utf8) for line in text.split("\n")[:MAX_LINES]]
        last = len(lines) - 1
        return b"".join(f"{self.code}{'-' if i < last else ' '}{line}\r\n".encode() for i, line in enumerate(lines))

    def _bare(self, text: str) -> bytes:
        return f"{self.code} {text}\r\n".encode()


def _safe_line(line: str, utf8: bool) -> str:
    line = line[:MAX_LINE]
    if utf8:
        # Cut by octets, never inside a character; lone surrogates cannot be written as UTF-8.
        line = "".join(c if c.isprintable() else "?" for c in line)
        return line.encode("utf-8", "replace")[:MAX_LINE].decode("utf-8", "ignore")
    return _UNSAFE.sub("?", line.encode("ascii", "backslashreplace").decode("ascii"))[:MAX_LINE]


OK = Reply(250, "2.0.0", "OK")
HELP = Reply(214, "2.0.0", "EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT: see RFC 5321")
CANNOT_VERIFY = Reply(252, "2.0.0", "Addresses are not verified here; send the message to find out")

LINE_TOO_LONG = Reply(500, "5.5.2", "Command line too long")
AUTH_LINE_TOO_LONG = Reply(500, "5.5.6", "Authentication line too long")
BARE_LINE_FEED = Reply(500, "5.5.2", "Command lines must end with CR LF; closing")
CONTROL_CHARACTER = Reply(500, "5.5.2", "Control characters are not allowed in a command")
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognized")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
ARGUMENT_NEEDED = Reply(501, "5.5.4", "This command needs an argument")
BAD_HELO_NAME = Reply(501, "5.5.4", "Syntax: EHLO domain or address literal")
TOO_MANY_IDLE = Reply(503, "5.5.1", "Too many commands that send no mail")
HELO_FIRST = Reply(503, "5.5.1", "Send EHLO or HELO first")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL first")
RCPT_FIRST = Reply(503, "5.5.1", "Send RCPT first")
MAIL_ALREADY = Reply(503, "5.5.1", "A sender is already given; RSET starts again")
NO_VALID_RECIPIENT = Reply(554, "5.5.1", "No valid recipients")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients; send the others in another message")

MAIL_SYNTAX = Reply(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]")
RCPT_SYNTAX = Reply(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]")
BAD_SENDER = Reply(553, "5.1.7", "The sender's address is not well formed")
BAD_RECIPIENT = Reply(553, "5.1.3", "The recipient's address is not well formed")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "Non-ASCII addresses need the SMTPUTF8 parameter")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "Parameter not recognized")
REPEATED_PARAMETER = Reply(501, "5.5.4", "The same parameter is given twice")
BAD_SIZE = Reply(501, "5.5.4", "SIZE must be a number of octets")
BAD_BODY = Reply(501, "5.5.4", "BODY must be 7BIT or 8BITMIME")
BAD_SMTPUTF8 = Reply(501, "5.5.4", "SMTPUTF8 takes no value")
BAD_RET = Reply(501, "5.5.4", "RET must be FULL or HDRS")
BAD_ENVID = Reply(501, "5.5.4", "ENVID must be xtext of at most 100 characters")
BAD_MAIL_AUTH = Reply(501, "5.5.4", "AUTH must be xtext or <>")
BAD_NOTIFY = Reply(501, "5.5.4", "NOTIFY must be NEVER, or some of SUCCESS,FAILURE,DELAY")
BAD_ORCPT = Reply(501, "5.5.4", "ORCPT must be type;xtext of at most 500 characters")

MESSAGE_TOO_BIG = Reply(552, "5.3.4", "Message size exceeds the fixed limit")
BARE_LINE_ENDS = Reply(550, "5.6.11", "Message holds a bare CR or a bare LF; lines must end with CR LF")
NO_MEMORY = Reply(452, "4.3.1", "Too many messages in progress; try again later")

TLS_FIRST = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
TLS_FIRST_FOR_AUTH = Reply(538, "5.7.11", "Encryption required for authentication")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already active")
TLS_INJECTION = Reply(554, "5.5.1", "Commands were sent after STARTTLS, before TLS; closing")
AUTH_FIRST = Reply(530, "5.7.0", "Authentication required")
AUTH_ALREADY = Reply(503, "5.5.1", "Already authenticated")
AUTH_NOT_NOW = Reply(503, "5.5.1", "AUTH is not permitted during a mail transaction")
AUTH_MECHANISM = Reply(504, "5.5.4", "Authentication mechanism not supported")
AUTH_CANCELLED = Reply(501, "5.7.0", "Authentication cancelled")
AUTH_DECODING = Reply(501, "5.5.2", "The authentication response could not be decoded")
AUTH_FAILED = Reply(535, "5.7.8", "Authentication credentials invalid")
AUTH_UNAVAILABLE = Reply(454, "4.7.0", "Temporary authentication failure; try again later")
SIGN_IN_AGAIN = Reply(421, "4.7.0", "The access token has expired; come back with a new one")

TOO_MANY_REFUSED = Reply(421, "4.7.0", "Too many recipients were refused; closing")
TOO_SLOW = Reply(421, "4.4.2", "The message comes too slowly; closing")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors; closing")
TOO_MANY_AUTH_FAILURES = Reply(421, "4.7.0", "Too many failed authentications; closing")
TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", "Too many connections; try again later")
IDLE_TOO_LONG = Reply(421, "4.4.2", "Nothing received for too long; closing")
SESSION_TOO_LONG = Reply(421, "4.7.0", "The session lasted too long; closing")
SHUTTING_DOWN = Reply(421, "4.3.2", "The service is shutting down; try again later")
INTERNAL_ERROR = Reply(451, "4.3.0", "Local error in processing; try again later")
