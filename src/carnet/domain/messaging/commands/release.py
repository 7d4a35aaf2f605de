"""A message in quarantine, let go by a person who knows better than the antivirus."""

from uuid import UUID

from django.db import transaction

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER
from carnet.domain.messaging.envelopes import quarantine_name
from carnet.domain.messaging.models import QuarantinedMail
from carnet.foundation.bodies import get_body
from carnet.foundation.clamd import CLEAN
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted


@transaction.atomic
def release(mail_id: UUID) -> bool:
    """Deliver a message that was kept back by error, as if it had just come. False when it is not there any more."""
    row = QuarantinedMail.objects.select_for_update().filter(id=mail_id, state=QuarantinedMail.State.KEPT).first()
    if row is None:
        return False
    envelope = owner_key(SYSTEM_OWNER).open(quarantine_name(row.id), row.envelope)
    # Its own id stands for the spool's segment: released twice, it still arrives once.
    incoming = read_incoming(Accepted(row.id, 0, envelope, get_body(SYSTEM_OWNER, row.body)))
    incoming.scanned = CLEAN
    deliver([incoming])
    row.state = QuarantinedMail.State.RELEASED
    row.save(update_fields=["state"])
    return True
