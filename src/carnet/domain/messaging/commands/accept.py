"""What the doors leave behind besides the message itself: the evidence of a refusal at RCPT."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.messaging.models import Dispatch
from carnet.domain.messaging.values import DeliveryOutcome


@dataclass(frozen=True)
class RefusedRecipient:
    sender: str
    ins: str
    at: datetime


def note_refusals(refusals: Sequence[RefusedRecipient]) -> None:
    """Keep that mailboxes wrote to patients who could not be reached: indicators count these as sent."""
    known = mailboxes_by_address(one.sender for one in refusals)
    Dispatch.objects.bulk_create(
        [
            Dispatch(
                mailbox_id=known[one.sender.lower()].id,
                ins=one.ins,
                sent_at=one.at,
                outcome=DeliveryOutcome.REFUSED_RECIPIENT.value,
            )
            for one in refusals
            if one.sender.lower() in known
        ]
    )
