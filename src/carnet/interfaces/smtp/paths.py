"""The arguments of MAIL and RCPT: addresses (RFC 5321 §4.1.2) and parameters (RFC 1870, 3461, 6152, 6531)."""

import ipaddress
import re
from collections.abc import Callable

from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.events import NO_NOTIFY, Mail, Rcpt
from carnet.interfaces.smtp.reply import Reply

# Every quantifier is possessive: a hostile line is read once, never again and again.
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]++"
_QUOTED = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*+"'
_LOCAL = rb"(?:" + _ATOM + rb"(?:\." + _ATOM + rb")*+|" + _QUOTED + rb")"
_LABEL = rb"[A-Za-z0-9\x80-\xff]++(?:-++[A-Za-z0-9\x80-\xff]++)*+"
_DOMAIN = _LABEL + rb"(?:\." + _LABEL + rb")*+"
_LITERAL = rb"\[[A-Za-z0-9:.-]++\]"
_ROUTE = rb"(?:@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*+:)?+"
_PATH = rb" *+<" + _ROUTE + rb"(" + _LOCAL + rb")@(" + _DOMAIN + rb"|" + _LITERAL + rb")>(?: ++(.*))?\Z"
_MAIL = re.compile(rb"[Ff][Rr][Oo][Mm]:" + _PATH)
_RCPT = re.compile(rb"[Tt][Oo]:" + _PATH)
_NULL_SENDER = re.compile(rb"(?i:FROM): *+<>(?: ++(.*))?\Z")
_POSTMASTER = re.compile(rb"(?i:TO): *+<((?i:postmaster))>(?: ++(.*))?\Z")
_MAIL_SHAPE = re.compile(rb"(?i:FROM): *+<")
_RCPT_SHAPE = re.compile(rb"(?i:TO): *+<")
_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*+\Z")
_XTEXT = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*+\Z")
_ESCAPE = re.compile(rb"\+([0-9A-F]{2})")
_NOTIFY_WORDS = frozenset({"SUCCESS", "FAILURE", "DELAY"})
_ADDRESS_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", re.IGNORECASE)

Parameters = dict[bytes, bytes | None]


def parse_mail(argument: bytes) -> Mail | Reply:
    """Read what follows "MAIL ". Returns the refusal instead when it is not well formed."""
    match = _MAIL.match(argument)
    if match is None:
        if (null := _NULL_SENDER.match(argument)) is not None:
            return _with_mail_parameters(Mail(""), null[1])
        return replies.BAD_SENDER if _MAIL_SHAPE.match(argument) else replies.MAIL_SYNTAX
    local, domain, rest = match.groups()
    address = _address(local, domain)
    if address is None:
        return replies.BAD_SENDER
    mail = _with_mail_parameters(Mail(address), rest) if rest else Mail(address)
    if not address.isascii() and isinstance(mail, Mail) and not mail.smtputf8:
        return replies.NEEDS_SMTPUTF8
    return mail


def parse_rcpt(argument: bytes, *, smtputf8: bool) -> Rcpt | Reply:
    """Read what follows "RCPT ". Returns the refusal instead when it is not well formed."""
    match = _RCPT.match(argument)
    if match is None:
        if (bare := _POSTMASTER.match(argument)) is not None:
            return _with_rcpt_parameters(Rcpt(bare[1].decode("ascii")), bare[2], smtputf8)
        return replies.BAD_RECIPIENT if _RCPT_SHAPE.match(argument) else replies.RCPT_SYNTAX
    local, domain, rest = match.groups()
    address = _address(local, domain)
    if address is None:
        return replies.BAD_RECIPIENT
    if not smtputf8 and not address.isascii():
        return replies.NEEDS_SMTPUTF8
    return _with_rcpt_parameters(Rcpt(address), rest, smtputf8) if rest else Rcpt(address)


def is_helo_name(name: str) -> bool:
    """Whether a printable ASCII word may stand after EHLO or HELO.

    Lenient on purpose: underscores and single labels are common, and nothing is decided by this name.
    """
    return len(name) <= 255 and name.isascii() and name.isprintable() and " " not in name


def _address(local: bytes, domain: bytes) -> str | None:
    # RFC 5321 §4.5.3.1: 64 octets of local part, 255 of domain, 256 of path with its brackets.
    if len(local) > 64 or len(local) + len(domain) > 253:
        return None
    try:
        address = (local + b"@" + domain).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not address.isascii() and not address.isprintable():
        return None
    if domain[:1] == b"[" and not _is_literal(domain.decode("ascii")):
        return None
    return address


def _is_literal(domain: str) -> bool:
    match = _ADDRESS_LITERAL.fullmatch(domain)
    if match is None:
        return False
    try:
        version = ipaddress.ip_address(match[1]).version
    except ValueError:
        return False
    return (version == 6) == domain.lower().startswith("[ipv6:")


def _split_parameters(rest: bytes | None) -> Parameters | Reply:
    parameters: Parameters = {}
    for word in (rest or b"").split():
        keyword, equals, value = word.partition(b"=")
        keyword = keyword.upper()
        if not _KEYWORD.match(keyword):
            return replies.UNKNOWN_PARAMETER
        if keyword in parameters:
            return replies.REPEATED_PARAMETER
        parameters[keyword] = value if equals else None
    return parameters


def _with_mail_parameters(mail: Mail, rest: bytes | None) -> Mail | Reply:
    parameters = _split_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    for keyword, value in parameters.items():
        setter = _MAIL_PARAMETERS.get(keyword)
        if setter is None:
            return replies.UNKNOWN_PARAMETER
        if (refusal := setter(mail, value)) is not None:
            return refusal
    return mail


def _size(mail: Mail, value: bytes | None) -> Reply | None:
    # RFC 1870 §4: at most twenty digits.
    if value is None or not value.isdigit() or len(value) > 20:
        return replies.BAD_SIZE
    mail.size = int(value)
    return None


def _body(mail: Mail, value: bytes | None) -> Reply | None:
    body = (value or b"").upper()
    if body not in (b"7BIT", b"8BITMIME"):
        return replies.BAD_BODY
    mail.body = body.decode("ascii")
    return None


def _smtputf8(mail: Mail, value: bytes | None) -> Reply | None:
    if value is not None:
        return replies.BAD_SMTPUTF8
    mail.smtputf8 = True
    return None


def _ret(mail: Mail, value: bytes | None) -> Reply | None:
    ret = (value or b"").upper()
    if ret not in (b"FULL", b"HDRS"):
        return replies.BAD_RET
    mail.ret = ret.decode("ascii")
    return None


def _envid(mail: Mail, value: bytes | None) -> Reply | None:
    envid = _xtext(value, 100)
    if not envid:
        return replies.BAD_ENVID
    mail.envid = envid
    return None


def _mail_auth(_mail: Mail, value: bytes | None) -> Reply | None:
    # RFC 4954 §5: read and checked, then treated as <>, for no relay is trusted to vouch for another.
    return replies.BAD_MAIL_AUTH if not value or _xtext(value, 500) is None else None


_MAIL_PARAMETERS: dict[bytes, Callable[[Mail, bytes | None], Reply | None]] = {
    b"SIZE": _size,
    b"BODY": _body,
    b"SMTPUTF8": _smtputf8,
    b"RET": _ret,
    b"ENVID": _envid,
    b"AUTH": _mail_auth,
}


def _with_rcpt_parameters(rcpt: Rcpt, rest: bytes | None, smtputf8: bool) -> Rcpt | Reply:
    parameters = _split_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    for keyword, value in parameters.items():
        if keyword == b"NOTIFY":
            notify = _notify(value)
            if not notify:
                return replies.BAD_NOTIFY
            rcpt.notify = notify
        elif keyword == b"ORCPT":
            rcpt.orcpt = _orcpt(value, smtputf8)
            if rcpt.orcpt is None:
                return replies.BAD_ORCPT
        else:
            return replies.UNKNOWN_PARAMETER
    return rcpt


def _notify(value: bytes | None) -> frozenset[str]:
    words = frozenset((value or b"").decode("ascii", "replace").upper().split(","))
    return words if words == {"NEVER"} or words <= _NOTIFY_WORDS else NO_NOTIFY


def _orcpt(value: bytes | None, smtputf8: bool) -> str | None:
    kind, semicolon, encoded = (value or b"").partition(b";")
    if not semicolon or not _KEYWORD.match(kind) or len(value or b"") > 500:
        return None
    if kind.lower() == b"utf-8" and smtputf8:
        # RFC 6533 §3: the address may be raw UTF-8; its \x{} escapes are kept as they are.
        try:
            address: str | None = encoded.decode("utf-8")
        except UnicodeDecodeError:
            return None
    else:
        address = _xtext(encoded, 500)
    return f"{kind.decode('ascii')};{address}" if address and address.isprintable() else None


def _xtext(value: bytes | None, limit: int) -> str | None:
    """Decode xtext (RFC 3461 §4): only printable ASCII may come out, so that no header can be forged."""
    if value is None or len(value) > limit or not _XTEXT.match(value):
        return None
    text = _ESCAPE.sub(lambda hexadecimal: bytes.fromhex(hexadecimal[1].decode("ascii")), value)
    words = text.decode("latin-1")
    return words if words.isascii() and words.isprintable() else None
