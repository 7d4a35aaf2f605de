"""What may be done with a sending, by where it is in its life."""

from carnet.domain.pathways.values import SendingAct, SendingState

_ACTS = {
    SendingState.DRAFT: frozenset({SendingAct.PREPARE, SendingAct.DELETE}),
    SendingState.CHECKED: frozenset({SendingAct.PREPARE, SendingAct.START, SendingAct.DELETE}),
    SendingState.RUNNING: frozenset({SendingAct.PAUSE, SendingAct.CANCEL}),
    SendingState.PAUSED: frozenset({SendingAct.RESUME, SendingAct.CANCEL}),
    SendingState.CANCELLED: frozenset[SendingAct](),
    SendingState.DONE: frozenset[SendingAct](),
}


def acts_on(state: str) -> frozenset[SendingAct]:
    """The acts that a sending in this state takes; the others are refused with ``WRONG_STATE``."""
    return _ACTS[SendingState(state)]
