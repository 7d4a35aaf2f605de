"""Mails that machines write: failure reports (RFC 3464), receipts of reading (RFC 8098), undelivered notices.

All leave with the null return path and Auto-Submitted, so that nothing answers them (RFC 3834 §2, RFC 5321 §4.5.5).
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from carnet.domain.messaging.compose.writing import (
    Body,
    ComposeProblem,
    ComposeRefused,
    OutgoingMail,
    address_field,
    checked_address,
    checked_domain,
    date_field,
    ids_field,
    message_bytes,
    text_body,
    text_field,
    usable_message_ids,
)
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.values import SmtpError

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\Z")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
# More headers than this say nothing further to the person who reads the report.
_MAX_ORIGINAL = 64 * 1024
_ADMINISTRATOR = "Carnet - distribution du courrier"


class DsnAction(StrEnum):
    """What was done for a recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"


_SUBJECTS = {
    DsnAction.FAILED: "Message non distribué / Undelivered mail",
    DsnAction.DELAYED: "Message retardé / Delayed mail",
    DsnAction.DELIVERED: "Message distribué / Delivered mail",
    DsnAction.RELAYED: "Message transmis / Relayed mail",
}
_FRENCH = {
    DsnAction.FAILED: "Votre message n'a pas été remis à :",
    DsnAction.DELAYED: "Votre message n'a pas encore pu être remis ; de nouveaux essais suivront :",
    DsnAction.DELIVERED: "Votre message a été remis à :",
    DsnAction.RELAYED: "Votre message a été transmis à un opérateur qui n'en dira pas plus, pour :",
}
_ENGLISH = {
    DsnAction.FAILED: "Your message was not delivered to:",
    DsnAction.DELAYED: "Your message could not be delivered yet; it will be tried again:",
    DsnAction.DELIVERED: "Your message was delivered to:",
    DsnAction.RELAYED: "Your message was handed on to an operator who will not tell more, for:",
}


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """One recipient of a report.

    `status` is an enhanced status (RFC 3463, `5.1.1`); `error` is None where nothing failed; `reply` the line the
    remote server answered, or with `found_here` what this one found; `original` the address as the sender wrote it
    (ORCPT, with or without its type).
    """

    address: str
    status: str
    error: SmtpError | None
    reply: str = ""
    original: str = ""
    action: DsnAction = DsnAction.FAILED
    found_here: bool = False


def compose_dsn(
    *,
    reporting_domain: str,
    return_path: str,
    failures: Sequence[FailedRecipient],
    original: bytes,
    message_id: str,
    date: datetime,
    arrival: datetime | None = None,
    envelope_id: str = "",
    author_domain: str = "",
    whole: bool = False,
) -> OutgoingMail:
    """A delivery status notification to `return_path`, which must not be empty: nothing answers a report.

    Three parts (RFC 6522): words in French and English, message/delivery-status, the headers alone of `original`. The
    text of the original, which may tell of somebody's health, does not travel back; `whole` gives it back all the same,
    for a report that does not leave this server, of something that failed (RFC 3461 §4.3). `author_domain` is the
    domain of the report's From, where it is to be one of the trust list; by default that of the server.
    """
    if not failures:
        raise ComposeRefused(ComposeProblem.NO_RECIPIENT, "Final-Recipient")
    domain = checked_domain(reporting_domain, "Reporting-MTA")
    per_message = [f"Reporting-MTA: dns; {domain}"]
    if envelope_id:
        per_message.insert(0, f"Original-Envelope-Id: {_ascii(envelope_id, 100)}")
    if arrival is not None:
        per_message.append("Arrival-Date: " + date_field(arrival).removeprefix("Date: "))
    groups = [per_message, *(_recipient_fields(one) for one in failures)]
    status = "\r\n\r\n".join("\r\n".join(group) for group in groups) + "\r\n"
    failed = [one for one in failures if one.action is DsnAction.FAILED]
    subject = _SUBJECTS[DsnAction.FAILED if failed else failures[0].action]
    return _automatic(
        domain=checked_domain(author_domain, "From") if author_domain else domain,
        recipient=return_path,
        subject=subject,
        message_id=message_id,
        date=date,
        kind="report; report-type=delivery-status",
        bodies=[
            text_body(_dsn_words(failures, whole=bool(whole and failed))),
            Body(("Content-Type: message/delivery-status",), status.encode("ascii")),
            _original_whole(original) if whole and failed else _original_headers(original),
        ],
        references=(),
    )


def _recipient_fields(failure: FailedRecipient) -> list[str]:
    if not _STATUS.match(failure.status):
        raise ComposeRefused(ComposeProblem.BAD_FIELD, "Status")
    kind, _, original = failure.original.rpartition(";")
    fields = [f"Original-Recipient: {kind or 'rfc822'}; {_ascii(original, 300)}"] if original else []
    fields += [
        f"Final-Recipient: rfc822; {_ascii(failure.address, 300)}",
        f"Action: {failure.action.value}",
        f"Status: {failure.status}",
    ]
    if failure.reply:
        kind = "x-carnet" if failure.found_here else "smtp"
        fields.append(f"Diagnostic-Code: {kind}; {_ascii(failure.reply, 500)}")
    return fields


def _dsn_words(recipients: Sequence[FailedRecipient], *, whole: bool) -> str:
    """What became of the message for whom: all in French, then all in English."""
    lines: list[str] = []
    for words in (_FRENCH, _ENGLISH):
        for action, sentence in words.items():
            theirs = [one for one in recipients if one.action is action]
            if theirs:
                lines += [sentence, *(_recipient_words(one, french=words is _FRENCH) for one in theirs), ""]
    attached = (
        "Votre message est joint. / Your message is attached."
        if whole
        else "Seuls les en-têtes de votre message sont joints. / Only the headers of your message are attached."
    )
    return "\n".join([*lines, attached])


def _recipient_words(one: FailedRecipient, *, french: bool) -> str:
    if one.error is None:
        return f"  {one.address}"
    if french:
        return f"  {one.address} : {one.error.french} ({one.error.value}, {one.status})"
    return f"  {one.address}: {one.error.english} ({one.error.value}, {one.status})"


def compose_mdn(
    *,
    reader_address: str,
    notify: str,
    original_message_id: str | None,
    original_subject: str,
    message_id: str,
    date: datetime,
    reporting_agent: str,
    original_recipient: str = "",
) -> OutgoingMail:
    """The receipt that a person displayed a message, sent to `notify` without asking them (RFC 8098 §3).

    `Disposition: automatic-action/MDN-sent-automatically; displayed`. It says that the message was shown, and does not
    say by whom: a carer may have read it, and who asks may know no more than the address.
    """
    reader = checked_address(reader_address, "From")
    known = usable_message_ids([original_message_id] if original_message_id else [])
    fields = [f"Reporting-UA: {_ascii(reporting_agent, 200)}"]
    if original_recipient:
        fields.append(f"Original-Recipient: rfc822; {_ascii(original_recipient, 300)}")
    fields.append(f"Final-Recipient: rfc822; {reader}")
    fields += [f"Original-Message-ID: {one}" for one in known]
    fields.append("Disposition: automatic-action/MDN-sent-automatically; displayed")
    words = "\n".join(
        [
            f"Le message envoyé à {reader} a été affiché le {date:%d/%m/%Y à %H:%M}.",
            "Cela ne garantit pas qu'il a été lu en entier ni compris.",
            "",
            f"The message sent to {reader} was displayed on {date:%Y-%m-%d at %H:%M}.",
            "This does not guarantee that it was read to the end or understood.",
        ]
    )
    return _automatic(
        domain=reader.rpartition("@")[2],
        recipient=notify,
        subject=f"Lu : {original_subject}".rstrip(),
        message_id=message_id,
        date=date,
        kind="report; report-type=disposition-notification",
        bodies=[
            text_body(words),
            Body(("Content-Type: message/disposition-notification",), ("\r\n".join(fields) + "\r\n").encode("ascii")),
        ],
        references=known,
        author=Address("", reader),
    )


def _automatic(
    *,
    domain: str,
    recipient: str,
    subject: str,
    message_id: str,
    date: datetime,
    kind: str,
    bodies: Sequence[Body],
    references: Sequence[str],
    author: Address | None = None,
) -> OutgoingMail:
    address = checked_address(recipient, "To")
    fields = [
        date_field(date),
        address_field("From", [author or Address(_ADMINISTRATOR, f"mailer-daemon@{domain}")]),
        address_field("To", [Address("", address)]),
        text_field("Subject", subject),
        ids_field("Message-ID", [message_id]),
        "Auto-Submitted: auto-replied",
    ]
    if references:
        fields += [ids_field("In-Reply-To", references), ids_field("References", references)]
    return OutgoingMail(
        message_id=message_id,
        return_path="",
        recipients=(address,),
        content=message_bytes(fields, bodies, kind=kind, unique=message_id),
    )


def _original_headers(original: bytes) -> Body:
    blank = _BLANK_LINE.search(original, 0, _MAX_ORIGINAL)
    headers = original[: blank.start() + 1] if blank else original[:_MAX_ORIGINAL]
    lines = headers.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    encoded = binascii.b2a_qp(lines).replace(b"\n", b"\r\n")
    return Body(
        ("Content-Type: text/rfc822-headers; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"), encoded
    )


def _original_whole(original: bytes) -> Body:
    """The message itself: such a part is never encoded (RFC 2046 §5.2.1)."""
    return Body(("Content-Type: message/rfc822", "Content-Transfer-Encoding: 8bit"), original)


def _ascii(text: str, length: int) -> str:
    """Foreign text for a field of a report: printable ASCII only, on one line."""
    return _NOT_PRINTABLE.sub("?", text)[:length].strip()
