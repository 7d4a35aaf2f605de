"""A desk of the sandbox's hospital from which many are written to."""

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.commands import read, write
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.jobs import send_receipt
from carnet.domain.messaging.models import Conversation, ConversationEntry
from carnet.domain.pathways import commands
from carnet.domain.pathways.models import SendingLine
from carnet.domain.pathways.values import Conditions, SheetRow, TemplateContent, Timing, UseCase
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Actor, ActorKind
from carnet.sandbox import cast

NURSE = "99700218938"
TEXT = "Bonjour {{prenom}} {{nom_naissance}}, à bientôt."


def desk():
    """Orthopaedics, with the nurse at its desk."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    return actor_of(cast.orthopaedics())


def actor_of(mailbox_id, rpps=NURSE):
    return DeskActor(rpps, "Julie LEMAIRE", mailboxes_by_id([mailbox_id])[mailbox_id], session="session")


def elsewhere():
    """Somebody of another establishment: a pharmacy of the city."""
    return actor_of(cast.pharmacy(), "99700219050")


def content(**changed):
    given = {
        "name": "Rappel",
        "use_case": UseCase.APPOINTMENT_REMINDER,
        "subject": "Votre rendez-vous",
        "text": TEXT,
        **changed,
    }
    return TemplateContent(**given)


def cells(person, **more):
    given_name = person.given_names.split()[0].title()
    return {"ins": person.ins, "prenom": given_name, "nom_naissance": person.birth_name, **more}


def rows(*given):
    return [SheetRow(number, one) for number, one in enumerate(given, 2)]


def checked(actor, *given, template=None, **changed):
    """A sending whose rows are read and that has not started."""
    template = template or commands.save_template(actor, None, content(**changed))
    sending = commands.create_sending(actor, template.id)
    return commands.check_lines(actor, sending.id, rows(*given))


def started(actor, *given, timing=None, conditions=None, template=None, **changed):
    """A sending that runs."""
    sending = checked(actor, *given, template=template, **changed)
    sending = commands.plan_sending(actor, sending.id, timing or Timing(), conditions or Conditions())
    return commands.start_sending(actor, sending.id, lines=sending.will_leave)


def leave(sending):
    """All that is due leaves."""
    from carnet.domain.pathways.commands.leaving import send_group

    while send_group(sending.id).more:
        pass


def states(sending):
    """What has become of each line: number, state and reason."""
    found = SendingLine.objects.filter(sending_id=sending.id).order_by("number")
    return [(row.number, row.state, row.reason) for row in found]


def space_of(person):
    return HealthSpace.objects.get(ins=person.ins)


def holder(person):
    return Actor(ActorKind.HOLDER, f"{person.given_names} {person.birth_name}", space_id=space_of(person).id)


def last_conversation(person):
    return Conversation.objects.filter(space_id=space_of(person).id).order_by("-last_at").first()


def answers(person):
    return write.answer(holder(person), space_of(person).id, last_conversation(person).id, "Je viendrai.")


def opens(person):
    """She opens the conversation, and the receipt that was asked for goes out."""
    space, conversation = space_of(person), last_conversation(person)
    read.mark_displayed(holder(person), space.id, conversation.id, is_prefetch=False)
    for entry in ConversationEntry.objects.filter(space_id=space.id, receipt_wanted=True):
        send_receipt(str(space.id), str(entry.message_id))
