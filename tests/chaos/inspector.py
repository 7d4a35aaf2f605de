"""Reads an installation's database and bodies as Carnet does, in a process of its own: questions in, answers out.

A question is a line of JSON on standard input, its answer a line on standard output. CARNET_DATA_DIR names the
installation, whose PostgreSQL may be killed and come back between two questions.
"""

import json
import re
import sys
import time
from collections import Counter
from typing import Any
from uuid import UUID

from carnet.cli.installation import installation

_NUMBER = re.compile(r"essai (\d+)")
_SECONDS = 30.0

_WHOLE = {
    "entries without their message": """
        SELECT count(*) FROM messaging_conversation_entry e LEFT JOIN messaging_message m
        ON m.owner_id = e.space_id AND m.id = e.message_id WHERE m.id IS NULL""",
    "entries without their conversation": """
        SELECT count(*) FROM messaging_conversation_entry e LEFT JOIN messaging_conversation c
        ON c.space_id = e.space_id AND c.id = e.conversation_id WHERE c.id IS NULL""",
    "conversations without an entry": """
        SELECT count(*) FROM messaging_conversation c WHERE NOT EXISTS (SELECT 1 FROM messaging_conversation_entry e
        WHERE e.space_id = c.space_id AND e.conversation_id = c.id)""",
    "conversations without their contact": """
        SELECT count(*) FROM messaging_conversation c LEFT JOIN messaging_contact t
        ON t.space_id = c.space_id AND t.id = c.contact_id WHERE t.id IS NULL""",
    "folder entries without their message": """
        SELECT count(*) FROM messaging_folder_entry e LEFT JOIN messaging_message m
        ON m.owner_id = e.mailbox_id AND m.id = e.message_id WHERE m.id IS NULL""",
    "messages that nobody can find": """
        SELECT count(*) FROM messaging_message m WHERE NOT EXISTS (SELECT 1 FROM messaging_conversation_entry e
        WHERE e.space_id = m.owner_id AND e.message_id = m.id) AND NOT EXISTS (SELECT 1 FROM messaging_folder_entry f
        WHERE f.mailbox_id = m.owner_id AND f.message_id = m.id)""",
    "messages without their body": """
        SELECT count(*) FROM messaging_message m LEFT JOIN foundation_body b
        ON b.owner_id = m.owner_id AND b.address = m.body WHERE b.address IS NULL""",
    "messages filed twice": """
        SELECT count(*) FROM (SELECT mailbox_id, message_id FROM messaging_folder_entry
        GROUP BY mailbox_id, message_id HAVING count(*) > 1) AS twice""",
    "folder entries beyond their folder's next UID": """
        SELECT count(*) FROM messaging_folder_entry e JOIN messaging_folder f ON f.id = e.folder_id
        WHERE e.uid >= f.uid_next OR e.modseq > f.highest_modseq""",
    "received messages without exactly one notification": """
        SELECT count(*) FROM (SELECT e.message_id FROM messaging_conversation_entry e
        LEFT JOIN notifications_notification n ON n.space_id = e.space_id AND n.about = e.message_id
        WHERE e.direction = 'in' GROUP BY e.space_id, e.message_id HAVING count(n.id) <> 1) AS wrong""",
    "notifications about nothing": """
        SELECT count(*) FROM notifications_notification n LEFT JOIN messaging_conversation_entry e
        ON e.space_id = n.space_id AND e.message_id = n.about
        WHERE n.kind = 'NOTIF_MESSAGE' AND e.message_id IS NULL""",
    "received messages without exactly one line of evidence": """
        SELECT count(*) FROM (SELECT e.message_id FROM messaging_conversation_entry e
        LEFT JOIN messaging_dispatch d ON d.space_id = e.space_id AND d.message_id = e.message_id
        WHERE e.direction = 'in' GROUP BY e.space_id, e.message_id HAVING count(d.id) <> 1) AS wrong""",
}


class Inspector:
    """Answers questions; remembers what it has read, since a message never changes."""

    def __init__(self) -> None:
        self._read: dict[tuple[UUID, UUID], tuple[str, int, bool]] = {}

    def waiting(self) -> int:
        """How many messages wait in the spool, without those held back."""
        from carnet.foundation.models import SpoolEntry

        return SpoolEntry.objects.filter(held="").count()

    def held(self) -> list[dict[str, Any]]:
        """The messages held back."""
        from carnet.foundation.models import SpoolEntry

        return list(SpoolEntry.objects.exclude(held="").order_by("id").values("id", "held", "attempts"))

    def found(self) -> list[tuple[str, int, int, bool]]:
        """Every numbered message: for whom, its number, how many times it is there, whether its body is whole."""
        from carnet.domain.messaging.models import ConversationEntry, FolderEntry

        there = list(ConversationEntry.objects.filter(direction="in").values_list("space_id", "message_id"))
        there += FolderEntry.objects.values_list("mailbox_id", "message_id")
        owners = self._owners()
        times: Counter[tuple[str, int]] = Counter()
        whole: dict[tuple[str, int], bool] = {}
        for owner_id, message_id in there:
            known = self._read.get((owner_id, message_id))
            if known is None:
                known = self._read[owner_id, message_id] = self._open(owners[owner_id], owner_id, message_id)
            name, number, is_whole = known
            times[name, number] += 1
            whole[name, number] = whole.get((name, number), True) and is_whole
        return [(name, number, count, whole[name, number]) for (name, number), count in times.items()]

    def _owners(self) -> dict[UUID, str]:
        """How each owner is written to: a space by the INS, a mailbox by its address."""
        from carnet.domain.directory.models import Mailbox
        from carnet.domain.spaces.models import HealthSpace

        spaces = HealthSpace.objects.values_list("id", "ins")
        return {**dict(spaces), **dict(Mailbox.objects.values_list("id", "address"))}

    def _open(self, name: str, owner_id: UUID, message_id: UUID) -> tuple[str, int, bool]:
        """Open the head and the body: the number in both, and the body's length as it was sent."""
        from carnet.domain.messaging.envelopes import MessageHead, envelope_name
        from carnet.domain.messaging.models import Message
        from carnet.foundation.bodies import get_body
        from carnet.foundation.owner_keys import owner_key

        row = Message.objects.get(owner_id=owner_id, id=message_id)
        head = MessageHead.from_json(owner_key(owner_id).open(envelope_name(message_id), row.envelope))
        named = _NUMBER.search(head.subject)
        if named is None:
            return name, -1, True
        body = get_body(owner_id, row.body).decode()
        last = re.search(r"fin de l'essai (\d+), (\d+) lignes", body)
        is_whole = (
            len(body.encode()) == row.size
            and last is not None
            and last[1] == named[1]
            and body.count("\r\nligne ") == int(last[2])
        )
        return name, int(named[1]), is_whole

    def broken(self) -> dict[str, int]:
        """Half-written rows, by kind; empty when all is whole."""
        from django.db import connection

        wrong = {}
        with connection.cursor() as cursor:
            cursor.execute("SET enable_nestloop = off")  # young tables have no statistics yet to choose by
            for what, question in _WHOLE.items():
                cursor.execute(question)
                count = cursor.fetchone()[0]
                if count:
                    wrong[what] = count
            cursor.execute("RESET enable_nestloop")
        return wrong

    def broken_trails(self) -> int:
        """How many spaces have a trail that does not verify."""
        from carnet.domain.audit.queries import spaces_with_a_trail, verify

        return sum(verify(space_id) is not None for space_id in spaces_with_a_trail())

    def notifications(self) -> dict[str, int]:
        """How many notifications there are, by outcome ("" for those that wait)."""
        from carnet.domain.notifications.models import Notification

        return dict(Counter(Notification.objects.values_list("outcome", flat=True)))

    def told(self) -> dict[str, int]:
        """How many e-mails of notification each person was sent, by INS: what is told together is noted together."""
        from carnet.domain.notifications.models import Notification

        owners = self._owners()
        sent = Notification.objects.filter(outcome="sent").values_list("space_id", "kind", "sent_at").distinct()
        return dict(Counter(owners[space_id] for space_id, _, _ in sent))

    def doing(self) -> list[int]:
        """The jobs that a worker is at, or was at when it died."""
        from procrastinate.contrib.django.models import ProcrastinateJob

        return list(ProcrastinateJob.objects.filter(status="doing").values_list("id", flat=True))

    def taken_up_again(self, jobs: dict[str, float]) -> dict[int, float]:
        """Seconds after the time given with it at which each job was put back, or given up for its successor."""
        from procrastinate.contrib.django.models import ProcrastinateEvent

        # "aborted": a periodic job whose successor waited already, which stands for it.
        ends = ("deferred_for_retry", "aborted")
        events = ProcrastinateEvent.objects.filter(job_id__in=list(jobs), type__in=ends).order_by("-at")
        waited = ((job_id, at.timestamp() - jobs[str(job_id)]) for job_id, at in events.values_list("job_id", "at"))
        return {job_id: seconds for job_id, seconds in waited if seconds > 0}

    def jobs(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        from procrastinate.contrib.django.models import ProcrastinateJob

        return dict(Counter(ProcrastinateJob.objects.values_list("status", flat=True)))

    def write_to_many(self, count: int) -> str:
        """Start a sending to so many patients; its id."""
        import many

        return many.write_to(many.people(count))

    def is_sending(self) -> bool:
        """Whether somebody holds lines of a sending in a transaction now."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE relation = 'pathways_sending_line'::regclass"
                " AND mode IN ('RowShareLock', 'RowExclusiveLock') AND pid <> pg_backend_pid()"
            )
            return cursor.fetchone() is not None

    def became(self, sending: str) -> dict[str, Any]:
        """What has become of a sending."""
        import many

        return many.became(sending)


def main() -> None:
    from django.db import Error, close_old_connections

    inspector = Inspector()
    for line in sys.stdin:
        question = json.loads(line)
        asked = getattr(inspector, question.pop("ask"))
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                close_old_connections()
                answer = {"answer": asked(**question)}
                break
            except Error as problem:  # the database is being killed; it comes back
                if time.monotonic() > deadline:
                    answer = {"problem": repr(problem)}
                    break
                time.sleep(0.2)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with installation():
        main()
