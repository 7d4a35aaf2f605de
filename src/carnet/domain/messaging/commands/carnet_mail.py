"""Mail that Carnet writes itself: receipts and reports, to a hosted mailbox or to another operator."""

from carnet.domain.directory.queries import mailboxes_by_address, trust_space
from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan, plan_filing, plan_outbound
from carnet.domain.messaging.delivery.writing import write
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import create_owner_keys, owner_key


def deliver_report(address: str, raw: bytes) -> bool:
    """Hand a report or a receipt over; part of the caller's transaction. Nothing leaves the trust space.

    Returns whether it waits for another operator, and the outbound queue should be looked at.
    """
    trusted = trust_space()
    if not rules.dsn_allowed(address.rpartition("@")[2] or None, trusted.listed, is_null=not address):
        return False
    plan = Plan(at=now())
    mailbox = mailboxes_by_address([address]).get(address.lower())
    if mailbox is not None and mailbox.hosted:
        plan_filing(plan, owner_key(mailbox.id), raw)
    else:
        create_owner_keys([SYSTEM_OWNER])
        plan_outbound(plan, owner_key(SYSTEM_OWNER), "", address, raw, message_id=None)
    write(plan)
    return bool(plan.outbound)
