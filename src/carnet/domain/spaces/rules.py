"""Who may do what with a space: the core that higher rooms build their own tables on, and the rules of sign-in."""

from uuid import UUID

from carnet.domain.spaces.values import (
    ALLOWED,
    Act,
    Actor,
    ActorKind,
    Decision,
    Refusal,
    refused,
)

_HOLDER_ACTS = frozenset(Act) - {Act.RECEIVE_MESSAGE, Act.WITHHOLD_MESSAGE, Act.REPLACE_DOCUMENT, Act.END_CONVERSATION}
_MAILBOX_ACTS = frozenset({Act.RECEIVE_MESSAGE, Act.END_CONVERSATION})


def decide(actor: Actor, act: Act, space_id: UUID, state: str) -> Decision:
    """Whether ``actor`` may do ``act`` to the space, whose ``state`` is open, activated, closed or opposed.

    What cannot be proved is refused: a holder acts on their own activated space only; a mailbox may only write to a
    living one; representatives and carers have no right yet; the system does what keeps a space going. (CSP R1111-26
    and following: only the holder, their representatives and entitled professionals have access.)
    """
    living = state in ("open", "activated")
    if actor.kind is ActorKind.SYSTEM:
        return ALLOWED
    if actor.kind is ActorKind.HOLDER:
        if actor.space_id != space_id:
            return refused(Refusal.NOT_YOURS)
        if not living:
            return refused(Refusal.SPACE_CLOSED)
        if state != "activated" and act is not Act.ACTIVATE:
            return refused(Refusal.NOT_ACTIVATED)
        return ALLOWED if act in _HOLDER_ACTS else refused(Refusal.NOT_PROVIDED)
    if actor.kind in (ActorKind.PROFESSIONAL, ActorKind.ORGANIZATION):
        if act not in _MAILBOX_ACTS:
            return refused(Refusal.NOT_PROVIDED)
        return ALLOWED if living else refused(Refusal.SPACE_CLOSED)
    return refused(Refusal.NOT_PROVIDED)


def password_problems(password: str) -> list[str]:
    """The rules of the MES password that this one breaks, as codes; empty when it keeps them all."""
    problems = []
    if len(password) < 9:
        problems.append("length")
    if any(c.isspace() for c in password):
        problems.append("space")
    if not any(c.islower() for c in password):
        problems.append("lower")
    if not any(c.isupper() for c in password):
        problems.append("upper")
    if not any(c.isdigit() for c in password):
        problems.append("digit")
    if all(c.isalnum() or c.isspace() for c in password):
        problems.append("special")
    return problems
