"""Writing a plan: bodies first, then rows, set by set, then the trail; all inside the caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from carnet.domain.audit.commands import leave_all
from carnet.domain.messaging.commands.folders import file_batch
from carnet.domain.messaging.delivery.plan import Plan
from carnet.domain.messaging.delivery.tally import write_tally
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
)
from carnet.domain.notifications.commands import notify_all
from carnet.domain.notifications.values import NotificationKind
from carnet.foundation.bodies import put_bodies
from carnet.foundation.rows import copy_rows, server_cursor


def write(plan: Plan) -> None:
    """Write everything that the plan holds. Part of the caller's transaction."""
    refs = put_bodies([(key, raw) for key, raw, _ in plan.bodies])
    for (_, _, row), ref in zip(plan.bodies, refs, strict=True):
        row.body = ref.address
    copy_rows(plan.messages)
    copy_rows(plan.new_contacts)
    copy_rows(plan.new_conversations)
    new = {one.id for one in plan.new_contacts} | {one.id for one in plan.new_conversations}
    _update_contacts([one for one in plan.changed_contacts.values() if one.id not in new])
    _update_conversations([one for one in plan.changed_conversations.values() if one.id not in new])
    copy_rows(plan.entries)
    copy_rows(plan.letters)
    copy_rows(plan.dispatches)
    copy_rows(plan.outbound)
    copy_rows(plan.quarantined)
    copy_rows(plan.unscanned)
    _note_answers(plan)
    _note_undelivered(plan)
    file_batch(plan.filed, plan.flags)
    write_tally(plan)
    notify_all([(space_id, NotificationKind.MESSAGE, message_id) for space_id, message_id in plan.notified])
    leave_all(plan.events)


def _update_contacts(contacts: Sequence[Contact]) -> None:
    """One statement for all: a composite key keeps Django's bulk_update away."""
    if not contacts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_contact c SET has_written = n.has_written, ended_at = n.ended_at,"
            " last_wrote_at = n.last_wrote_at"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::boolean[], %s::timestamptz[], %s::timestamptz[])"
            " AS n(space_id, id, has_written, ended_at, last_wrote_at)"
            " WHERE c.space_id = n.space_id AND c.id = n.id",
            [
                [one.space_id for one in contacts],
                [one.id for one in contacts],
                [one.has_written for one in contacts],
                [one.ended_at for one in contacts],
                [one.last_wrote_at for one in contacts],
            ],
        )


def _update_conversations(conversations: Sequence[Conversation]) -> None:
    """Likewise; participants travel as text, since SQL cannot take an array of arrays apart row by row."""
    if not conversations:
        return
    with server_cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_conversation c SET ended = n.ended, ended_at = n.ended_at, last_at = n.last_at,"
            " trashed_at = n.trashed_at, participants ="
            "   (SELECT coalesce(array_agg(decode(p, 'hex') ORDER BY p), '{}')"
            "    FROM string_to_table(n.participants, ' ') AS p WHERE p <> '')"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],"
            "             %s::timestamptz[], %s::text[])"
            " AS n(space_id, id, ended, ended_at, last_at, trashed_at, participants)"
            " WHERE c.space_id = n.space_id AND c.id = n.id",
            [
                [one.space_id for one in conversations],
                [one.id for one in conversations],
                [one.ended for one in conversations],
                [one.ended_at for one in conversations],
                [one.last_at for one in conversations],
                [one.trashed_at for one in conversations],
                [" ".join(bytes(person).hex() for person in one.participants) for one in conversations],
            ],
        )


def _note_answers(plan: Plan) -> None:
    """The holder's letters of these conversations have their first answer now."""
    answered: list[tuple[UUID, UUID]] = plan.answered
    if not answered:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_patient_letter l SET first_answer_at = %s"
            " FROM unnest(%s::uuid[], %s::uuid[]) AS a(space_id, conversation_id)"
            " JOIN messaging_conversation_entry e"
            "   ON e.space_id = a.space_id AND e.conversation_id = a.conversation_id AND e.direction = 'out'"
            " WHERE l.space_id = e.space_id AND l.message_id = e.message_id AND l.first_answer_at IS NULL",
            [plan.at, [space_id for space_id, _ in answered], [conversation_id for _, conversation_id in answered]],
        )


def _note_undelivered(plan: Plan) -> None:
    """The holder's letters that another operator's reports name were not delivered."""
    if not plan.undelivered:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_conversation_entry e SET delivery = 'failed'"
            " FROM unnest(%s::uuid[], %s::bytea[]) AS r(space_id, digest)"
            " JOIN messaging_message m ON m.owner_id = r.space_id AND m.message_id_digest = r.digest"
            " WHERE e.space_id = m.owner_id AND e.message_id = m.id AND e.direction = 'out'",
            [[space_id for space_id, _ in plan.undelivered], [digest for _, digest in plan.undelivered]],
        )
