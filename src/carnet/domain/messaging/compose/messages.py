"""Messages that people write: between a holder and a professional, with or without documents."""

import datetime as dates
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from carnet.domain.messaging.compose.writing import (
    ComposeProblem,
    ComposeRefused,
    OutgoingMail,
    address_field,
    attachment_body,
    checked_address,
    checked_message_id,
    date_field,
    ids_field,
    message_bytes,
    one_line,
    text_body,
    text_field,
    usable_message_ids,
)
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.record.xdm.naming import MAX_LABEL, on_one_line, plain_capitals

XDM_PREFIX = "XDM/1.0/DDM+"
XDM_FILE_NAME = "IHE_XDM.zip"
_MAX_REFERENCES = 50
_ANSWER = re.compile(r"\s*(?:re|réf|rép)\s*:", re.IGNORECASE)
_MSS_FIELD = re.compile(r"X-MSS-[A-Z]{1,20}\Z")
_MSS_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,_/+-]{0,900}\Z")

Attachment = tuple[str, str, bytes]  # file name, media type, content


def compose_message(
    *,
    sender_name: str,
    sender_address: str,
    recipients: Sequence[Address],
    subject: str,
    text: str,
    message_id: str,
    date: datetime,
    cc: Sequence[Address] = (),
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    receipt_to: str | None = None,
    reply_to: Address | None = None,
    mss_fields: Mapping[str, str] | None = None,
    automatic: bool = False,
) -> OutgoingMail:
    """A message in text/plain UTF-8 with its attachments, `From: Prénom Nom <address>`.

    `receipt_to` asks for a receipt of reading (RFC 8098 §2.1). `mss_fields` are X-MSS-* fields by name (ANS,
    Référentiel socle MSSanté #2 §3.4). `automatic`: nobody wrote it, and it is marked so (RFC 3834 §5). Raises
    `ComposeRefused`.
    """
    if not recipients and not cc:
        raise ComposeRefused(ComposeProblem.NO_RECIPIENT, "To")
    sender = checked_address(sender_address, "From")
    fields = [
        date_field(date),
        address_field("From", [Address(sender_name, sender)]),
        *([address_field("To", recipients)] if recipients else []),
        *([address_field("Cc", cc)] if cc else []),
        *([address_field("Reply-To", [reply_to])] if reply_to else []),
        text_field("Subject", subject),
        ids_field("Message-ID", [message_id]),
    ]
    if in_reply_to is not None:
        fields.append(ids_field("In-Reply-To", [in_reply_to]))
    if references:
        fields.append(ids_field("References", references))
    if receipt_to is not None:
        fields.append(address_field("Disposition-Notification-To", [Address("", receipt_to)]))
    if automatic:
        fields.append("Auto-Submitted: auto-replied")
    fields += [_mss_field(name, value) for name, value in (mss_fields or {}).items()]
    bodies = [text_body(text), *(attachment_body(*one) for one in attachments)]
    return OutgoingMail(
        message_id=message_id,
        return_path=sender,
        recipients=tuple(dict.fromkeys(checked_address(one.address, "To") for one in (*recipients, *cc))),
        content=message_bytes(fields, bodies, unique=message_id),
    )


def _mss_field(name: str, value: str) -> str:
    if not _MSS_FIELD.match(one_line(name, "X-MSS")) or not _MSS_VALUE.match(one_line(value, "X-MSS")):
        raise ComposeRefused(ComposeProblem.BAD_FIELD, "X-MSS")
    return f"{name}: {value}"


def compose_answer(
    *,
    sender_name: str,
    sender_address: str,
    recipients: Sequence[Address],
    answered_id: str | None,
    answered_references: Sequence[str],
    answered_subject: str,
    text: str,
    message_id: str,
    date: datetime,
    cc: Sequence[Address] = (),
    attachments: Sequence[Attachment] = (),
    receipt_to: str | None = None,
    mss_fields: Mapping[str, str] | None = None,
) -> OutgoingMail:
    """An answer: `compose_message` with the subject, In-Reply-To and References of what it answers (RFC 5322 §3.6.4).

    `answered_id` is the Message-ID answered, None when that message had none: the answer then opens a thread.
    """
    known = usable_message_ids([answered_id] if answered_id else [])
    return compose_message(
        sender_name=sender_name,
        sender_address=sender_address,
        recipients=recipients,
        cc=cc,
        subject=answer_subject(answered_subject),
        text=text,
        in_reply_to=known[0] if known else None,
        references=answer_references(answered_references, known[0]) if known else (),
        attachments=attachments,
        message_id=checked_message_id(message_id, "Message-ID"),
        date=date,
        receipt_to=receipt_to,
        mss_fields=mss_fields,
    )


def answer_subject(subject: str) -> str:
    """`Re: ` before a subject that is not yet an answer's."""
    return subject if _ANSWER.match(subject) else f"Re: {subject}".rstrip()


def answer_references(references: Sequence[str], answered_id: str) -> tuple[str, ...]:
    """The References of an answer: those of the message answered, then its own identifier.

    Of a long thread the first stays, which started it, and the last fifty.
    """
    found = [one for one in dict.fromkeys(usable_message_ids(references)) if one != answered_id]
    if len(found) > _MAX_REFERENCES:
        found = [found[0], *found[-(_MAX_REFERENCES - 1) :]]
    return (*found, answered_id)


def compose_document_message(
    *,
    sender_name: str,
    sender_address: str,
    recipients: Sequence[Address],
    subject: str,
    text: str,
    xdm: bytes,
    pdfs: Sequence[tuple[str, bytes]],
    message_id: str,
    date: datetime,
    loinc_codes: Sequence[str],
    ins_is_qualified: bool,
    product: str | None = None,
    reply_to: Address | None = None,
    receipt_to: str | None = None,
    ends_exchange: bool = False,
) -> OutgoingMail:
    """A mail that carries documents of one person: `IHE_XDM.zip` and the same documents as PDF (name, content).

    ANS, Référentiel socle MSSanté #2, ECO.2.1.1 to 2.1.6 and §3.4: `loinc_codes` one a CDA, doubles included;
    `product` is the reference of the sending software; `ends_exchange` sets `X-MSS-MES: FIN`. The subject is written
    as given, `XDM/1.0/DDM+` in clear: see `document_subject`.
    """
    fields: dict[str, str] = {}
    if loinc_codes:
        fields["X-MSS-CODECDA"] = ",".join(loinc_codes)
        fields["X-MSS-INS"] = "O" if ins_is_qualified else "N"
    if product:
        fields["X-MSS-NIL"] = product
    if ends_exchange:
        fields["X-MSS-MES"] = "FIN"
    return compose_message(
        sender_name=sender_name,
        sender_address=sender_address,
        recipients=recipients,
        subject=subject,
        text=text,
        attachments=[
            (XDM_FILE_NAME, "application/zip", xdm),
            *((name, "application/pdf", content) for name, content in pdfs),
        ],
        message_id=message_id,
        date=date,
        reply_to=reply_to,
        receipt_to=receipt_to,
        mss_fields=fields,
    )


def document_subject(labels: Sequence[str], birth_name: str, first_name: str, birth_date: dates.date | None) -> str:
    """`XDM/1.0/DDM+<label> <NOM> <prénom> [JJ/MM/AAAA]` (ANS, Référentiel socle MSSanté #2, ECO.2.1.3).

    The label is that of the one document cut at 40 characters, or `N documents`; the birth name is in capitals
    without accents; what is unknown is left out.
    """
    label = on_one_line(labels[0])[:MAX_LABEL].strip() if len(labels) == 1 else f"{len(labels)} documents"
    born = f"[{birth_date:%d/%m}/{birth_date.year:04d}]" if birth_date else ""
    parts = (label, plain_capitals(birth_name), on_one_line(first_name), born)
    return XDM_PREFIX + " ".join(part for part in parts if part)
