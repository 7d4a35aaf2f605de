"""Which conversation a message joins, where its answer goes, and under which name its sender is shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from carnet.domain.messaging.rules.decision import compared, domain_of, is_among


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A message already kept for the same health space: its conversation, and the addresses that took part in it."""

    conversation_id: str
    participants: frozenset[str]


def match_conversation(
    references: Sequence[str],
    in_reply_to: str | None,
    known: Mapping[str, KnownMessage],
    sender: str,
) -> str | None:
    """The conversation that a message joins, or None when it opens one.

    By In-Reply-To, then References from the nearest to the first (RFC 5322 §3.6.4); never by subject. An identifier
    learnt elsewhere lets nobody into a conversation: `sender` must have taken part in it. `known` holds only messages
    of the space written to.
    """
    return match_people(references, in_reply_to, known, [sender])


def match_people(
    references: Sequence[str],
    in_reply_to: str | None,
    known: Mapping[str, KnownMessage],
    people: Collection[str],
) -> str | None:
    """The same for a message that goes from or to `people`: it joins where one of them took part already."""
    theirs = {compared(one) for one in people}
    for identifier in (in_reply_to, *reversed(references)):
        message = known.get(identifier) if identifier else None
        if message and theirs & {compared(one) for one in message.participants}:
            return message.conversation_id
    return None


def answer_address(
    from_address: str,
    reply_to: Sequence[str],
    trusted: Collection[str],
    patient_domains: Collection[str] = (),
) -> str:
    """The address that an answer goes to, which is also the one that becomes a contact of the holder.

    The first Reply-To inside the trust list: an APP mailbox sends, the ORG mailbox of a service reads the answers (ANS,
    Référentiel socle MSSanté #2, ECO.2.2.5). Never an address of `patient_domains`, by which two holders would come to
    write to each other. Domains as `compared` gives them.
    """
    for address in reply_to:
        domain = domain_of(address)
        if is_among(domain, trusted) and not is_among(domain, patient_domains):
            return address
    return from_address


@dataclass(frozen=True, slots=True)
class SenderDisplay:
    """How a sender is shown: a name, whether the directory vouches for it, and the domain when it does not."""

    name: str
    verified: bool
    domain: str


def sender_display(directory_name: str | None, address: str) -> SenderDisplay:
    """The name of a sender as a holder may see it: the directory's, else the bare address marked as unverified.

    The display name of the From field is never used: anybody can write any name there.
    """
    domain = domain_of(address)
    if directory_name and directory_name.strip():
        return SenderDisplay(directory_name.strip(), True, domain)
    return SenderDisplay(address, False, domain)
