"""Recording that a patient asked an establishment, or one mailbox of it, not to be written to by secure mail.

What the software of an establishment keeps (ANS, MSS/va1.20 and va1.22), kept here for those whose software does not.
"""

from uuid import UUID

from django.db import transaction

from carnet.domain.directory.commands.mailboxes import DOOR, MailboxRefused, hosted_mailbox
from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.models import Mailbox, PatientOpposition
from carnet.domain.directory.queries.oppositions import OPPOSITIONS_OWNER, ins_digest, opposition_name
from carnet.domain.directory.rules import MailboxProblem
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.values import Ins
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys, owner_key


@transaction.atomic
def record_opposition(mailbox_id: UUID, ins: Ins, *, whole_establishment: bool, by: str) -> None:
    """From now on this patient is not written to by the establishment of a mailbox, or by that mailbox alone.

    ``by`` is who recorded it. Raises ``MailboxRefused``.
    """
    mailbox = hosted_mailbox(mailbox_id)
    if whole_establishment and mailbox.organization_id is None:
        raise MailboxRefused([MailboxProblem.NO_ORGANIZATION])
    create_owner_keys([OPPOSITIONS_OWNER])
    key = owner_key(OPPOSITIONS_OWNER)
    digest = ins_digest(key, str(ins))
    asked = _asked(mailbox, whole_establishment)
    if PatientOpposition.objects.filter(ins_digest=digest, lifted_at=None, **asked).exists():
        raise MailboxRefused([MailboxProblem.OPPOSED_ALREADY])
    opposition_id = new_id()
    PatientOpposition.objects.create(
        id=opposition_id,
        ins_digest=digest,
        ins=key.seal_text(opposition_name(opposition_id), str(ins)),
        recorded_at=now(),
        recorded_by=by,
        **asked,
    )
    leave_traces([NewTrace(mailbox_id, TraceAct.OPPOSITION_RECORDED, DOOR, by)])


@transaction.atomic
def lift_opposition(mailbox_id: UUID, ins: Ins, *, whole_establishment: bool, by: str) -> None:
    """The patient agrees again to be written to. Raises ``MailboxRefused`` when no opposition was recorded."""
    mailbox = hosted_mailbox(mailbox_id)
    if whole_establishment and mailbox.organization_id is None:
        raise MailboxRefused([MailboxProblem.NO_ORGANIZATION])
    create_owner_keys([OPPOSITIONS_OWNER])
    lifted = PatientOpposition.objects.filter(
        ins_digest=ins_digest(owner_key(OPPOSITIONS_OWNER), str(ins)),
        lifted_at=None,
        **_asked(mailbox, whole_establishment),
    ).update(lifted_at=now(), lifted_by=by)
    if not lifted:
        raise MailboxRefused([MailboxProblem.NOT_OPPOSED])
    leave_traces([NewTrace(mailbox_id, TraceAct.OPPOSITION_LIFTED, DOOR, by)])


def _asked(mailbox: Mailbox, whole_establishment: bool) -> dict[str, object]:
    if whole_establishment:
        return {"organization_id": mailbox.organization_id, "mailbox": None}
    return {"organization": None, "mailbox": mailbox}
