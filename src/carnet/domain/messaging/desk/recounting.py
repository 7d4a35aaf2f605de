"""What the counts of a conversation are, counted from folder entries and messages in the transaction that changes them.

So a flag set over IMAP, a move, a removal show at the desk at once, and no count can drift.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

# Entries of Drafts are nobody's mail yet. An answer counts wherever its copy lies: it did go out; and one that software
# sent without keeping a copy is known by the patient's letter. A receipt tells of a message and is none: a conversation
# is neither unread nor in the inbox for it, unless it holds nothing else.
_RECOUNT = """
WITH places AS (
    SELECT e.thread_id, e.message_id,
        bool_or(f.name = 'INBOX') AS inbox,
        bool_or(f.special_use = '\\Sent') AS sent,
        bool_or(f.name <> 'INBOX' AND f.special_use NOT IN ('\\Sent', '\\Trash')) AS other,
        bool_or(f.special_use = '\\Trash') AS trash,
        bool_or(f.special_use <> '\\Trash') AS live,
        bool_or(f.special_use <> '\\Trash' AND NOT ('\\Seen' = ANY(e.flags))) AS unseen
    FROM messaging_folder_entry e JOIN messaging_folder f ON f.id = e.folder_id
    WHERE e.mailbox_id = %(mailbox)s AND e.thread_id = ANY(%(threads)s) AND f.special_use <> '\\Drafts'
    GROUP BY e.thread_id, e.message_id
), wanted AS (
    SELECT t.id, greatest(
        coalesce(t.settled_at, '-infinity'),
        coalesce((SELECT max(o.at) FROM messaging_desk_message o
            WHERE o.mailbox_id = t.mailbox_id AND o.thread_id = t.id AND o.answers), '-infinity')
    ) AS handled_at
    FROM messaging_desk_thread t WHERE t.mailbox_id = %(mailbox)s AND t.id = ANY(%(threads)s)
), counted AS (
    SELECT w.id,
        coalesce(bool_or(d.inbox AND d.counts), false) AS in_inbox,
        coalesce(bool_or(d.sent), false) AS in_sent,
        coalesce(bool_or(d.other), false) AS in_other,
        coalesce(bool_or(d.trash), false) AS in_trash,
        count(d.message_id) FILTER (WHERE d.counts) AS messages,
        count(*) FILTER (WHERE d.unseen AND d.direction = 'in' AND d.counts) AS unread,
        coalesce(bool_or(d.has_documents), false) AS has_documents,
        coalesce(bool_or(d.direction = 'out' AND d.outcome <> ''), false) AS failed,
        coalesce((array_agg(d.direction ORDER BY d.at DESC, d.message_id DESC)
            FILTER (WHERE d.kind = 'message'))[1] = 'out', false) AS outgoing_last,
        coalesce(max(d.at) FILTER (WHERE d.kind <> 'receipt'), max(d.at)) AS last_at,
        min(d.at) FILTER (WHERE d.waits AND d.live AND d.at > w.handled_at AND l.id IS NULL) AS waiting_since
    FROM wanted w
    LEFT JOIN (
        SELECT m.thread_id, m.message_id, m.at, m.direction, m.kind, m.waits, m.has_documents, m.outcome,
            x.inbox, x.sent, x.other, x.trash, x.live, x.unseen,
            m.kind <> 'receipt' OR bool_and(m.kind = 'receipt') OVER (PARTITION BY m.thread_id) AS counts
        FROM messaging_desk_message m JOIN places x ON x.message_id = m.message_id AND x.thread_id = m.thread_id
        WHERE m.mailbox_id = %(mailbox)s AND m.thread_id = ANY(%(threads)s)
    ) d ON d.thread_id = w.id
    LEFT JOIN messaging_patient_letter l ON l.mailbox_message_id = d.message_id AND l.first_answer_at IS NOT NULL
    GROUP BY w.id
)
UPDATE messaging_desk_thread t SET
    in_inbox = c.in_inbox, in_sent = c.in_sent, in_other = c.in_other, in_trash = c.in_trash,
    messages = c.messages, unread = c.unread, has_documents = c.has_documents, failed = c.failed,
    outgoing_last = c.outgoing_last, last_at = coalesce(c.last_at, t.last_at), waiting_since = c.waiting_since,
    told_late_at = CASE WHEN c.waiting_since = t.waiting_since THEN t.told_late_at END
FROM counted c WHERE t.mailbox_id = %(mailbox)s AND t.id = c.id
"""


def lock_threads(mailbox_id: UUID, thread_ids: Iterable[UUID]) -> list[UUID]:
    """Lock conversations until the end of the transaction, in the order of their ids; those that exist, in that order.

    After the folders, where both are locked: nobody then waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM messaging_desk_thread WHERE mailbox_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE",
            [mailbox_id, sorted(set(thread_ids))],
        )
        return [row[0] for row in cursor.fetchall()]


def recount(mailbox_id: UUID, thread_ids: Iterable[UUID]) -> None:
    """Count anew for these conversations; part of the caller's transaction, which has locked the folders it changed."""
    wanted = sorted(set(thread_ids))
    if not wanted:
        return
    lock_threads(mailbox_id, wanted)  # a statement of its own: what is counted is as of after the wait
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"mailbox": mailbox_id, "threads": wanted})
