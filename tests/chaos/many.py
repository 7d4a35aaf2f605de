"""Many invented patients, and a sending of the hospital's archives to all of them."""

from collections import Counter
from typing import Any

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.identity.values import Ins
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.models import ConversationEntry, Dispatch, FolderEntry
from carnet.domain.pathways import commands
from carnet.domain.pathways.models import SendingLine
from carnet.domain.pathways.values import Conditions, SheetRow, TemplateContent, Timing, UseCase
from carnet.domain.spaces.models import HealthSpace
from carnet.sandbox import cast


def people(count: int, first: int = 0) -> list[str]:
    """So many invented people with an open space each; their numbers."""
    found = []
    for number in range(first, first + count):
        ins = str(Ins.from_body(f"2{50 + number // 900 % 40:02d}0199{number % 900 + 1:03d}{number // 36000 + 1:03d}"))
        if not HealthSpace.objects.filter(ins=ins).exists():
            cast.make_holder(cast.Holder(ins, "ESSAI", "CAMILLE", "1950-01-01", "F", "99100", "c@courriel.test"))
        found.append(ins)
    return found


def write_to(patients: list[str]) -> str:
    """Start a sending to these patients, the second line twice; its id."""
    mailbox = mailboxes_by_id([Mailbox.objects.get(address=f"archives@{cast.HOSPITAL_DOMAIN}").id]).popitem()[1]
    actor = DeskActor("99700219035", "Nadège PRIGENT", mailbox)
    text = "Votre dossier {{reference}} est prêt."
    said = TemplateContent("Dossier", UseCase.ARCHIVES, "Votre dossier {{reference}}", text, columns=("reference",))
    template = commands.save_template(actor, None, said)
    rows = [SheetRow(number, {"ins": ins, "reference": f"R{number}"}) for number, ins in enumerate(patients, 2)]
    sending = commands.create_sending(actor, template.id)  # type: ignore[union-attr]
    commands.check_lines(actor, sending.id, rows)  # type: ignore[union-attr]
    commands.plan_sending(actor, sending.id, Timing(), Conditions())  # type: ignore[union-attr]
    started = commands.start_sending(actor, sending.id, lines=len(rows))  # type: ignore[union-attr]
    return str(started.id)  # type: ignore[union-attr]


def became(sending: str) -> dict[str, Any]:
    """What a sending has come to: lines by state, and how many messages and pieces of evidence there are of it."""
    lines = SendingLine.objects.filter(sending_id=sending)
    sent = lines.filter(state="sent")
    spaces = list(lines.filter(space_id__isnull=False).values_list("space_id", flat=True))
    entries = ConversationEntry.objects.filter(space_id__in=spaces, direction="in")
    own = FolderEntry.objects.filter(message_id__in=sent.values("own_message_id"))
    return {
        "states": dict(Counter(lines.values_list("state", flat=True))),
        "in spaces": entries.count(),
        "in spaces, of its lines": entries.filter(message_id__in=sent.values("message_id")).count(),
        "in the box": own.count(),
        "evidence": Dispatch.objects.filter(space_id__in=spaces).count(),
    }
