"""What the antivirus found, or could not look at: kept from people, or marked until it is looked at."""

from datetime import timedelta

from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.incoming import Incoming
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan
from carnet.domain.messaging.delivery.situation import Situation, sending_actor
from carnet.domain.messaging.envelopes import quarantine_name
from carnet.domain.messaging.folder_values import UNSCANNED
from carnet.domain.messaging.models import Message, QuarantinedMail, UnscannedMessage
from carnet.domain.messaging.queries.recipients import Recipient
from carnet.domain.spaces.access import event
from carnet.domain.spaces.values import Act, refused
from carnet.domain.spaces.values import Refusal as SpaceRefusal
from carnet.foundation import antivirus
from carnet.foundation.clamd import Verdict
from carnet.foundation.ids import new_id

FIRST_TRY = timedelta(seconds=60)


def plan_quarantine(message: Incoming, situation: Situation, plan: Plan) -> None:
    """Keep an infected message whole, as it came, under Carnet's own key: evidence, and a way back from an error."""
    key = situation.keys[SYSTEM_OWNER]
    mail_id = new_id()
    row = QuarantinedMail(
        id=mail_id,
        envelope=key.seal(quarantine_name(mail_id), message.accepted.envelope),
        size=len(message.accepted.content),
        signature=message.scanned.signature,
        kept_at=plan.at,
    )
    plan.quarantined.append(row)
    plan.bodies.append((key, message.accepted.content, row))


def note_withheld(message: Incoming, recipient: Recipient, situation: Situation, plan: Plan) -> None:
    """The holder's trail says that a message was withheld, and why; nothing else of it reaches them."""
    if recipient.space is None or not recipient.space.living:
        return
    sender = situation.mailboxes.get(message.author)
    display = rules.sender_display(sender.label if sender else None, message.author)
    actor = sending_actor(sender, display.name)
    why = refused(SpaceRefusal.INFECTED)
    plan.events.append(event(actor, Act.WITHHOLD_MESSAGE, recipient.space.id, why, target_kind="message"))


def plan_unscanned(message: Incoming, row: Message, plan: Plan) -> None:
    """Mark a copy that the antivirus, where there is one, could not look at, and have it looked at later."""
    if message.scanned.verdict is Verdict.UNSCANNED and antivirus.configured():
        plan.unscanned.append(
            UnscannedMessage(owner_id=row.owner_id, message_id=row.id, next_try_at=plan.at + FIRST_TRY)
        )
        plan.flags[row.id] = (UNSCANNED,)
