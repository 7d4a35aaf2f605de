"""What the desk says after a sending, an answer and a new message alike: sent to whom, not to whom and why."""

from uuid import UUID

import pytest
from django.contrib.messages import INFO, SUCCESS, WARNING
from django.utils import translation

from carnet.domain.messaging.commands.mailbox_mail import Handed
from carnet.domain.messaging.desk.outgoing import Sent
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.interfaces.web.desk.sentences import sent_sentences

ADA, BEA = "ada@hopital.test", "bea@hopital.test"
DELIVERED, CLOSED, INFECTED = (
    DeliveryOutcome.DELIVERED,
    DeliveryOutcome.REFUSED_MAILBOX,
    DeliveryOutcome.WITHHELD_INFECTED,
)


def part(again: bool = False, **outcomes: DeliveryOutcome) -> Sent:
    """A message of the sending: what became of it for each of these, by the name before the @."""
    handed = tuple(Handed(f"{name}@hopital.test", outcome) for name, outcome in outcomes.items())
    return Sent(UUID(int=1), UUID(int=2), handed, again)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([part(ada=DELIVERED)], [(SUCCESS, "is sent")]),
        ([part(ada=DELIVERED), part(bea=DELIVERED)], [(SUCCESS, "is sent")]),
        ([part(ada=DELIVERED, bea=CLOSED)], [(WARNING, f"{BEA}. The mailbox is closed"), (SUCCESS, "is sent")]),
        ([part(ada=INFECTED), part(bea=DELIVERED)], [(WARNING, f"{ADA}. The antivirus"), (SUCCESS, "is sent")]),
        ([part(ada=CLOSED, bea=INFECTED)], [(WARNING, f"{ADA}. The mailbox"), (WARNING, f"{BEA}. The antivirus")]),
        ([part(again=True), part(again=True)], [(INFO, "sent already")]),
    ],
)
@pytest.mark.parametrize(("answer", "what"), [(True, "answer"), (False, "message")])
def test_who_was_not_reached_is_told_and_sent_is_said_when_somebody_was(
    parts: list[Sent], said: list[tuple[int, str]], answer: bool, what: str
) -> None:
    with translation.override("en"):
        found = sent_sentences(parts, answer=answer)
    assert [level for level, _ in found] == [level for level, _ in said]
    assert all(words in sentence for (_, sentence), (_, words) in zip(found, said, strict=True))
    assert all(what in sentence for level, sentence in found if level != WARNING)


@pytest.mark.parametrize("outcome", [one for one in DeliveryOutcome if one is not DELIVERED])
def test_every_reason_not_to_be_reached_is_said_in_words(outcome: DeliveryOutcome) -> None:
    [(level, sentence)] = sent_sentences([part(ada=outcome)])
    assert (level, sentence.partition(ADA)[2].strip(" .") != "") == (WARNING, True)
