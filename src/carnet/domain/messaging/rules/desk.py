"""The desk: whom an answer goes to, who takes part and who tells of a message, who has waited too long, what a message
that is begun holds."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from carnet.domain.messaging.desk.document_values import USUAL_TYPES, DocumentHead, Named
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, MESSAGE, DraftContent, DraftDocument
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.values import MOST_PEOPLE, Correspondent, DeskHead, MessageKind
from carnet.domain.messaging.rules.decision import domain_of
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import Refusal


def answer_addresses(
    people: Sequence[Correspondent], messages: Sequence[tuple[str, str, DeskHead]], *, everyone: bool = False
) -> tuple[str, ...]:
    """Where an answer in a conversation goes: its people, the correspondent first, and the direction, kind and head of
    its messages, the oldest first.

    A patient's conversation answers to the patient alone. A colleague's goes to the newest message's author, or where
    its Reply-To inside the trust space says (ANS, Référentiel socle MSSanté #2, ECO.2.2.5), with ``everyone`` to all
    who take part; one in which nobody wrote back yet, to those who were written to.
    """
    if people[0].patient:
        return (people[0].address,)
    colleagues = [one.address for one in people if not one.patient]
    for direction, kind, message in reversed(messages):
        if direction == Direction.RECEIVED and kind == MessageKind.MESSAGE and message.answer_to:
            others = [one for one in colleagues if one != message.address] if everyone else []
            return tuple(dict.fromkeys([message.answer_to, *others]))[:MOST_PEOPLE]
    return tuple(colleagues)[:MOST_PEOPLE]


def people_at_first(written: Sequence[Correspondent]) -> tuple[Correspondent, ...]:
    """Who takes part in a conversation that a message from or to these people opens: a patient alone, else all the
    colleagues."""
    first = written[0]
    return (first,) if first.patient else tuple(one for one in written if not one.patient)


def people_after(
    people: tuple[Correspondent, ...], written: Sequence[Correspondent], *, patient: bool
) -> tuple[Correspondent, ...]:
    """Who takes part in a conversation after a message from or to ``written``, ``people`` themselves when that changes
    nothing.

    Who is written to takes part from then on, up to ``MOST_PEOPLE``, but nobody else in a ``patient``'s conversation
    and no patient in another; who turns out to be known gets their name.
    """
    known = {one.address: one for one in people}
    found = dict(known)
    for one in written:
        before = known.get(one.address)
        if before is None:
            if not patient and not one.patient and len(found) < MOST_PEOPLE:
                found[one.address] = one
        elif one.verified and before != one:
            found[one.address] = one
    return people if found == known else tuple(found.values())


def may_tell_of(kind: MessageKind, author: str, people: Collection[str], own_domain: str) -> bool:
    """Whether what `author` sends tells of a message that went to `people` (addresses as `canonical` writes them).

    Both are forged as easily as any mail (RFC 8098 §6.1, RFC 3464 §4.1). A receipt comes from who was written to; a
    report from this server, or from the domain of who was written to.
    """
    if kind is MessageKind.RECEIPT:
        return author in people
    if kind is MessageKind.REPORT:
        return domain_of(author) in {domain_of(one) for one in (*people, own_domain)}
    return False


def late_before(at: datetime, hours: int) -> datetime:
    """Who has been waiting at `at` since this moment or before waits for longer than `hours`."""
    return at - timedelta(hours=hours)


def is_late(waiting_since: datetime | None, late: datetime, *, patient: bool) -> bool:
    """Whether a conversation is late: a patient has been waiting in it since ``late``, or longer. One with colleagues
    never is."""
    return patient and waiting_since is not None and waiting_since <= late


def sent_state(at: datetime, outcome: str, read_at: datetime | None, *, queued: bool) -> tuple[str, datetime]:
    """What became of a message that went out at `at`, and since when: ``failed`` with an outcome, else ``read``, else
    ``queued`` while it waits for another operator, else ``sent``."""
    if outcome:
        return "failed", at
    if read_at is not None:
        return "read", read_at
    return ("queued" if queued else "sent"), at


def patient_named(document: DocumentHead) -> FoundPatient | None:
    """The patient whom a document names by one INS surely, as it writes them; None otherwise.

    Whom the mailbox's own letter names is known to it. Whom somebody else's names is not: their identity is checked
    before anything is written to them (ANS, Référentiel socle MSSanté #2, ECO.2.2.6).
    """
    if document.named is not Named.INS:
        return None
    return FoundPatient(
        ins=document.ins,
        oid=document.oid,
        birth_name=document.birth_name.upper(),
        given_names=document.given_names.upper(),
        birth_date=document.birth_day,
        sex=document.sex,
        how="thread",
        verified=document.side.own,
    )


def new_document(document_id: UUID, *, file_id: UUID | None = None) -> DraftDocument:
    """A document that is begun: of a file, or a letter to be typed."""
    return DraftDocument(document_id, type_code=USUAL_TYPES[0], file_id=file_id)


def correction(document_id: UUID, wrong_id: UUID, wrong: DocumentHead) -> DraftDocument:
    """A letter that replaces the document ``wrong_id``, of the same type and title."""
    return DraftDocument(document_id, type_code=wrong.type_code, title=wrong.title, replaces=wrong_id)


def begun_about(
    patient: FoundPatient, *, first: DraftDocument | None = None, thread_id: UUID | None = None
) -> DraftContent:
    """What is begun about a patient: a message, or documents when there is a first one.

    Documents answer in the conversation that asked for them; a new message opens one of its own.
    """
    if first is None:
        return DraftContent(patient=patient)
    return DraftContent(kind=DOCUMENTS, patient=patient, thread_id=thread_id, documents=(first,))


def of_kind(content: DraftContent, kind: str, first: DraftDocument) -> DraftContent:
    """The draft as a message or as documents, of which there is always one (``first`` when there was none).

    Documents are about somebody: without a patient nothing changes. A message goes to its patient.
    """
    if content.patient is None:
        return content
    if kind == MESSAGE:
        return replace(content, kind=MESSAGE, to_patient=True)
    return replace(content, kind=DOCUMENTS, documents=content.documents or (first,))


def written_documents(documents: Sequence[DraftDocument]) -> tuple[DraftDocument, ...]:
    """Those that hold something, or correct another: the empty one that a draft begins with gives way to a file."""
    return tuple(one for one in documents if one.file_id or one.text.strip() or one.replaces)


def unready(content: DraftContent, *, recipients: int, files: int) -> Refusal | None:
    """What a message still lacks before it can be looked at as a whole. Documents are looked at one by one, where they
    are made."""
    if not recipients:
        return Refusal.NO_RECIPIENT
    if content.kind == DOCUMENTS:
        return None
    if not content.subject.strip():
        return Refusal.NO_SUBJECT
    return None if content.text.strip() or files else Refusal.EMPTY_MESSAGE
