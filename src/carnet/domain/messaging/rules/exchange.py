"""Who may start, answer, end and reopen an exchange between a holder and a mailbox.

A contact is the pair (holder, mailbox); a conversation one thread between them. The rules of Mon espace santé: only a
professional starts, and may end; the holder answers, and writes anew only to who wrote first and has not ended.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from carnet.domain.messaging.mime.message import ParsedMessage
from carnet.domain.messaging.rules.decision import Decision, compared, domain_of, is_among
from carnet.domain.messaging.values import EndingKind, MessagingRefusal, ReplyOption

MOST_OTHERS = 10
FIN_SUBJECT = "[FIN]"
FIN_HEADER = "X-MSS-MES"
FIN_VALUE = "FIN"


@dataclass(frozen=True, slots=True)
class ContactState:
    """What a holder and a mailbox are to each other.

    `has_written`: the mailbox wrote at least one message that could be answered. `ended`: since its last such message
    it ended all exchanges. `takes_first_message`: a pharmacy whose published ORG mailbox takes prescriptions from
    holders it never wrote to (Mon espace santé, since 22 May 2023); ending counts for it too.
    """

    has_written: bool = False
    ended: bool = False
    takes_first_message: bool = False


@dataclass(frozen=True, slots=True)
class ConversationState:
    """One thread: how it was ended if it was, whether its mailbox reads answers, how many professionals take part."""

    ended: EndingKind | None = None
    takes_answers: bool = True
    professionals: int = 1


def may_holder_write(contact: ContactState) -> Decision:
    """Whether the holder may open a new conversation with that mailbox."""
    if contact.ended:
        return Decision.refuse(MessagingRefusal.EXCHANGE_ENDED)
    if contact.has_written or contact.takes_first_message:
        return Decision.allow()
    return Decision.refuse(MessagingRefusal.HOLDER_MAY_NOT_START)


def may_holder_answer(conversation: ConversationState, contact: ContactState) -> Decision:
    """Whether the holder may answer in that conversation."""
    if contact.ended or conversation.ended is EndingKind.SUBJECT_FIN:
        return Decision.refuse(MessagingRefusal.EXCHANGE_ENDED)
    if conversation.ended is EndingKind.HEADER_FIN:
        return Decision.refuse(MessagingRefusal.CONVERSATION_ENDED)
    if not conversation.takes_answers:
        return Decision.refuse(MessagingRefusal.ANSWER_NOT_TAKEN)
    if not contact.has_written and not contact.takes_first_message:
        return Decision.refuse(MessagingRefusal.HOLDER_MAY_NOT_START)
    return Decision.allow()


def others_to_answer(
    named: Iterable[str], contact: str, trusted: Collection[str], patient_domains: Collection[str]
) -> tuple[str, ...]:
    """Who else gets an answer to all: of the addresses that the answered message names, those of the trust list.

    Never another patient, never the contact twice; at most `MOST_OTHERS`, in their order. Anybody can name anybody in
    To: the holder sees who they are before choosing to answer all.
    """
    found: dict[str, str] = {}
    for address in named:
        domain = domain_of(address)
        trustworthy = is_among(domain, trusted) and not is_among(domain, patient_domains)
        if trustworthy and compared(address) != compared(contact):
            found.setdefault(compared(address), address)
    return tuple(found.values())[:MOST_OTHERS]


def ending_of(parsed: ParsedMessage, *, recipient_is_patient: bool) -> EndingKind | None:
    """Whether a message ends an exchange (ANS, Référentiel socle MSSanté #2, ECO.2.2.8).

    A subject of exactly `[FIN]`, capitals included, ends more than the header `X-MSS-MES: FIN` and comes first. Between
    professionals neither means anything.
    """
    if not recipient_is_patient:
        return None
    if parsed.subject == FIN_SUBJECT:
        return EndingKind.SUBJECT_FIN
    if parsed.x_mss.get(FIN_HEADER) == FIN_VALUE:
        return EndingKind.HEADER_FIN
    return None


def may_end(*, sender_took_part: bool) -> Decision:
    """Whether a sender may end an exchange: only their own, so that nobody cuts off a colleague."""
    if sender_took_part:
        return Decision.allow()
    return Decision.refuse(MessagingRefusal.DID_NOT_TAKE_PART)


def contact_after(contact: ContactState, ending: EndingKind | None) -> ContactState:
    """The contact once a professional's message has been delivered, `ending` being what `ending_of` found in it.

    An ordinary message makes or remakes the contact; a subject `[FIN]` ends it; a message that only closes its own
    conversation changes nothing, and makes no contact where there was none.
    """
    if ending is None:
        return replace(contact, has_written=True, ended=False)
    if ending is EndingKind.SUBJECT_FIN and (contact.has_written or contact.takes_first_message):
        return replace(contact, ended=True)
    return contact


def conversation_after(conversation: ConversationState, ending: EndingKind | None) -> ConversationState:
    """The conversation that a professional's message joined, after it.

    On a subject `[FIN]` the caller does the same to every other conversation of that mailbox with that holder; they
    stay ended until a message joins them. A later header does not soften a `[FIN]`.
    """
    if ending is EndingKind.HEADER_FIN and conversation.ended is EndingKind.SUBJECT_FIN:
        return conversation
    return replace(conversation, ended=ending)


def reply_options(conversation: ConversationState, contact: ContactState) -> tuple[ReplyOption, ...]:
    """What the holder is offered under the last message of a conversation.

    Blocked when the professional ended all exchanges, no reply when only this message or conversation takes none; a new
    message beside it where the contact still allows one.
    """
    answer = may_holder_answer(conversation, contact)
    new = (ReplyOption.NEW_MESSAGE,) if may_holder_write(contact) else ()
    if answer:
        everyone = (ReplyOption.REPLY_TO_ALL,) if conversation.professionals > 1 else ()
        return (ReplyOption.REPLY, *everyone, *new)
    if answer.reason is MessagingRefusal.EXCHANGE_ENDED:
        return (ReplyOption.REPLY_BLOCKED, *new)
    return (ReplyOption.NO_REPLY, *new)
