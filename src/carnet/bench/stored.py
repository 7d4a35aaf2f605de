"""Filling an installation with stored messages, set by set: what ``carnet bench growth`` measures on.

Rows have the shape and the size of what delivery leaves, in the tables that a delivery touches, and lie in the order of
time among spaces drawn one after the other. What would be sealed is noise of the same size: nobody opens these. The
spaces themselves are real ones, with keys, so that mail can be brought to them.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from carnet.foundation.ids import new_id
from carnet.foundation.keys import MasterKeys

Connection = psycopg.Connection[tuple[Any, ...]]

SPACES = 20_000
_OID = "1.2.250.1.213.1.4.10"
_MAILBOXES = 100
_EACH_MAILBOX = 5  # one message in so many goes to a mailbox, the others to spaces
_GROUP = 100_000

_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT n, owner_id, hosted, at, sha256(int8send(n)) AS digest, sha256(int8send(-n)) AS address,
       (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid AS id,
       md5('c' || n / 3 || owner_id)::uuid AS conversation_id
FROM (SELECT n, o.id AS owner_id, o.hosted,
             greatest(date_trunc('month', now()), now() - interval '1 day') + n * interval '10 milliseconds' AS at
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
      JOIN bench_owner o ON o.place = n %% %(turn)s) AS drawn
"""

# NOISE stands for octets that no other row has: no page of the table can be pressed smaller than in service.
_ROWS = (
    """
    INSERT INTO foundation_body (owner_id, address, size, inline, stored_at)
    SELECT owner_id, address, 1200, NOISE || %(noise)s::bytea || %(noise)s::bytea, at FROM made
    """,
    """
    INSERT INTO messaging_message
      (owner_id, id, message_id_digest, received_at, size, body, envelope, structure, spool_segment, spool_position)
    SELECT owner_id, id, digest, at, 1200, address, NOISE, NOISE, md5((n / 1000)::text)::uuid, n FROM made
    """,
    """
    INSERT INTO messaging_conversation
      (space_id, id, contact_id, subject, participants, started_at, last_at, ended)
    SELECT DISTINCT ON (owner_id, conversation_id)
           owner_id, conversation_id, md5('k' || owner_id)::uuid, NOISE, ARRAY[digest], at, at, ''
    FROM made WHERE NOT hosted ORDER BY owner_id, conversation_id ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO messaging_contact (space_id, id, address_digest, address, has_written, last_wrote_at)
    SELECT DISTINCT ON (owner_id) owner_id, md5('k' || owner_id)::uuid, digest, NOISE, true, at
    FROM made WHERE NOT hosted ORDER BY owner_id ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO messaging_conversation_entry
      (space_id, message_id, conversation_id, direction, at, has_attachments, receipt_wanted, delivery, content)
    SELECT owner_id, id, conversation_id, 'in', at, false, false, '', NOISE FROM made WHERE NOT hosted
    """,
    """
    INSERT INTO messaging_folder_entry
      (mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq)
    SELECT owner_id, f.id, m.n + 1, m.id, '{}', m.at, 1200, m.n + 2
    FROM made m JOIN messaging_folder f ON f.mailbox_id = m.owner_id WHERE m.hosted
    """,
    """
    INSERT INTO messaging_dispatch (mailbox_id, ins, space_id, message_id, sent_at, outcome, automatic_double)
    SELECT md5('m')::uuid, '', owner_id, id, at, 'delivered', false FROM made WHERE NOT hosted
    """,
    """
    INSERT INTO notifications_notification
      (id, space_id, kind, about, created_at, claimed_at, sent_at, attempts, outcome)
    SELECT id, owner_id, 'message', id, at, at, at, 1, 'sent' FROM made WHERE NOT hosted
    """,
    """
    INSERT INTO audit_access_event
      (occurred_at, space_id, sequence, actor_kind, act, target_kind, target_id, allowed, reason, detail, previous,
       hash)
    SELECT at, owner_id, n + 1, 'organization', 'receive-message', 'message', id, true, '', NOISE, digest, address
    FROM made WHERE NOT hosted
    """,
    """
    INSERT INTO audit_chain_head (space_id, sequence, hash)
    SELECT owner_id, max(n) + 1, %(hash)s FROM made WHERE NOT hosted GROUP BY owner_id
    ON CONFLICT (space_id) DO UPDATE SET sequence = greatest(audit_chain_head.sequence, excluded.sequence)
    """,
)
_NOISE = "decode(md5(n::text), 'hex') || %(noise)s::bytea"


def make_spaces(database: Connection, master_key_file: Path, domain: str) -> list[str]:
    """Open spaces that mail can be brought to, and mailboxes beside them. Returns the spaces' addresses."""
    master = MasterKeys.load(master_key_file)
    at = datetime.now(UTC)
    numbers = list(_numbers(SPACES))
    owners = [(new_id(), new_id(), number) for number in numbers]
    with database.transaction(), database.cursor() as cursor:
        with cursor.copy(
            "COPY identity_person (id, ins, oid, status, attributes, traits, created_at) FROM STDIN"
        ) as copy:
            for _, person, number in owners:
                copy.write_row((person, number, _OID, "QUALIFIEE", "[]", secrets.token_bytes(64), at))
        with cursor.copy("COPY spaces_health_space (id, person_id, ins, state, opened_at) FROM STDIN") as copy:
            for space, person, number in owners:
                copy.write_row((space, person, number, "open", at))
        with cursor.copy("COPY foundation_owner_key (owner_id, wrapped, master_id, created_at) FROM STDIN") as copy:
            for space, _, _ in owners:
                copy.write_row((space, master.wrap(secrets.token_bytes(32), space.bytes), master.current_id, at))
        cursor.execute(
            "CREATE TABLE bench_owner (place integer PRIMARY KEY, id uuid NOT NULL, hosted boolean NOT NULL)"
        )
        boxes = [new_id() for _ in range(_MAILBOXES)]
        with cursor.copy("COPY bench_owner (place, id, hosted) FROM STDIN") as copy:
            for place in range(_turn()):
                hosted = place % _EACH_MAILBOX == _EACH_MAILBOX - 1
                owner = boxes[place // _EACH_MAILBOX % len(boxes)] if hosted else owners[place % SPACES][0]
                copy.write_row((place, owner, hosted))
        cursor.execute(
            "INSERT INTO messaging_folder (mailbox_id, name, special_use, uid_validity, uid_next, highest_modseq,"
            " subscribed) SELECT unnest(%s::uuid[]), 'INBOX', '', 1, 1, 1, true",
            [boxes],
        )
    return [f"{number}@{domain}" for number in numbers]


def fill(database: Connection, stored: int, wanted: int) -> None:
    """Store messages ``stored`` to ``wanted``, and leave the tables vacuumed, counted and flushed."""
    for first in range(stored, wanted, _GROUP):
        values = {
            "first": first,
            "last": min(first + _GROUP, wanted) - 1,
            "turn": _turn(),
            "noise": secrets.token_bytes(380),
            "hash": secrets.token_bytes(32),
        }
        with database.transaction():
            database.execute(_MADE, values)
            database.execute("ANALYZE made")
            for statement in _ROWS:
                database.execute(statement.replace("NOISE", _NOISE), values)
    database.execute("VACUUM (ANALYZE)")
    database.execute("CHECKPOINT")


def _turn() -> int:
    """After how many messages the first owner has the next one."""
    return SPACES + SPACES // (_EACH_MAILBOX - 1)


def _numbers(count: int) -> Iterator[str]:
    """National numbers of the test authority, with their keys."""
    for rank in range(count):
        number = f"28501{rank:08d}"
        yield f"{number}{97 - int(number) % 97:02d}"
