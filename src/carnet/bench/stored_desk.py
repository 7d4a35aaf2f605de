"""A mailbox with many conversations at the desk, and a holder with many: what ``carnet bench desk`` reads.

Everything is sealed under the owners' own keys and opens as what delivery and the desk leave: lists, searches and
conversations do all their work.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from carnet.domain.messaging.desk import words
from carnet.domain.messaging.desk.values import Correspondent, DeskHead, ThreadHead, desk_head_name, thread_name
from carnet.domain.messaging.envelopes import (
    EntryContent,
    MessageHead,
    address_name,
    content_name,
    envelope_name,
    structure_name,
    subject_name,
)
from carnet.domain.messaging.mime.structure import message_structure
from carnet.foundation.ids import new_id
from carnet.foundation.keys import MasterKeys, OwnerKey

Connection = psycopg.Connection[tuple[Any, ...]]

_WORDS = 4_000
_EACH = 60  # words of a message
_STEP = timedelta(minutes=7)  # between two conversations
_WAITING = 40  # one conversation in so many waits for an answer
_UNREAD = 25
_TAKEN = 10
_FEW = 15
_COPIES = {
    "messaging_desk_thread": (
        "mailbox_id, id, head, correspondent_digest, participants, patient, started_at, last_at, in_inbox, in_sent,"
        " in_other, in_trash, unread, messages, outgoing_last, failed, waiting_since, has_documents, taken_by"
    ),
    "messaging_desk_message": (
        "mailbox_id, message_id, thread_id, direction, kind, at, head, has_documents, waits, answers, author, outcome,"
        " words"
    ),
    "messaging_message": "owner_id, id, message_id_digest, received_at, size, body, envelope, structure",
    "foundation_body": "owner_id, address, size, inline, stored_at",
    "messaging_folder_entry": ("mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq, thread_id"),
    "messaging_contact": "space_id, id, address_digest, address, has_written, last_wrote_at",
    "messaging_conversation": "space_id, id, contact_id, subject, participants, started_at, last_at, ended",
    "messaging_conversation_entry": (
        "space_id, message_id, conversation_id, direction, at, has_attachments, receipt_wanted, delivery, content,"
        " read_at"
    ),
}


@dataclass
class _Rows:
    """What one group writes, by table."""

    of: dict[str, list[tuple[Any, ...]]]

    def write(self, database: Connection) -> None:
        with database.transaction(), database.cursor() as cursor:
            for table, rows in self.of.items():
                with cursor.copy(f"COPY {table} ({_COPIES[table]}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)


def fill_desk(
    database: Connection, master_key_file: Path, mailbox: str, patient_domain: str, conversations: int
) -> str:
    """Give the mailbox of this address so many conversations, two or three messages each.

    Returns a word that a few messages hold.
    """
    [mailbox_id] = _one(database, "SELECT id FROM directory_mailbox WHERE address = %s", mailbox)
    key = _key(database, master_key_file, mailbox_id)
    drawn = random.Random(2)  # noqa: S311 - the same mail in each run
    vocabulary = [f"mot{_spelled(rank)}" for rank in range(_WORDS)]
    by_word = {word: words.digest(key, word) for word in vocabulary}
    rank = {"INBOX": 0, "Sent": 0}
    folders: dict[str, int] = dict(
        database.execute("SELECT name, id FROM messaging_folder WHERE mailbox_id = %s", [mailbox_id]).fetchall()
    )
    for name in rank:
        [rank[name]] = _one(database, "SELECT uid_next FROM messaging_folder WHERE id = %s", folders[name])
    begin = datetime.now(UTC) - conversations * _STEP
    for first in range(0, conversations, 2_000):
        rows = _Rows({table: [] for table in list(_COPIES)[:5]})
        for number in range(first, min(first + 2_000, conversations)):
            at = begin + number * _STEP
            _conversation(rows, key, number, at, drawn, vocabulary, by_word, folders, rank, mailbox, patient_domain)
        rows.write(database)
    for name, following in rank.items():
        database.execute(
            "UPDATE messaging_folder SET uid_next = %s, threaded_uid = %s, highest_modseq = highest_modseq + %s"
            " WHERE id = %s",
            [following, following - 1, following, folders[name]],
        )
    database.execute(
        "INSERT INTO messaging_desk_box (mailbox_id, opened_at) VALUES (%s, now()) ON CONFLICT DO NOTHING", [mailbox_id]
    )
    held: Counter[int] = Counter()
    for [found] in database.execute(
        "SELECT unnest(words) FROM messaging_desk_message WHERE mailbox_id = %s LIMIT 2000000", [mailbox_id]
    ):
        held[found] += 1
    return min(vocabulary, key=lambda word: abs(held[by_word[word]] - _FEW))


def _conversation(
    rows: _Rows,
    key: OwnerKey,
    number: int,
    at: datetime,
    drawn: random.Random,
    vocabulary: list[str],
    by_word: dict[str, int],
    folders: dict[str, int],
    rank: dict[str, int],
    mailbox: str,
    patient_domain: str,
) -> None:
    box = key.owner_id
    thread_id = new_id()
    ins = f"28501{number:08d}"
    ins = f"{ins}{97 - int(ins) % 97:02d}"
    who = Correspondent(
        f"{ins}@{patient_domain}",
        f"Camille NOM{_spelled(number).upper()}",
        patient=True,
        verified=True,
        domain=patient_domain,
        ins=ins,
        birth_name=f"NOM{_spelled(number).upper()}",
        first_name="CAMILLE",
    )
    subject = " ".join(_drawn(drawn, vocabulary, 4))
    waiting, unread = number % _WAITING == 0, number % _UNREAD == 0
    sizes = ["in", "out"] if number % 2 else ["in", "out", "in"]
    if waiting:
        sizes = [*sizes, "in"] if sizes[-1] == "out" else sizes
    digest = key.digest("address", who.address.encode())
    last = at + timedelta(minutes=len(sizes) - 1)
    for place, direction in enumerate(sizes):
        sent = at + timedelta(minutes=place)
        text = " ".join(_drawn(drawn, vocabulary, _EACH))
        sender, to = (who.address, mailbox) if direction == "in" else (mailbox, who.address)
        newest = place == len(sizes) - 1
        _message(
            rows,
            key,
            thread_id,
            direction,
            sent,
            sender,
            to,
            subject,
            text,
            who,
            by_word,
            folders,
            rank,
            newest and unread,
            newest and waiting,
        )
    rows.of["messaging_desk_thread"].append(
        (
            box,
            thread_id,
            key.seal(thread_name(thread_id), ThreadHead(subject, (who,)).to_json()),
            digest,
            [digest],
            True,
            at,
            last,
            True,
            True,
            False,
            False,
            int(unread and sizes[-1] == "in"),
            len(sizes),
            sizes[-1] == "out",
            False,
            last if waiting else None,
            False,
            "99700218938" if number % _TAKEN == 0 else "",
        )
    )


def _message(
    rows: _Rows,
    key: OwnerKey,
    thread_id: UUID,
    direction: str,
    at: datetime,
    sender: str,
    to: str,
    subject: str,
    text: str,
    who: Correspondent,
    by_word: dict[str, int],
    folders: dict[str, int],
    rank: dict[str, int],
    unread: bool,
    waiting: bool,
) -> None:
    box, message_id = key.owner_id, new_id()
    identifier = f"<{message_id}@bench.test>"
    raw = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {identifier}\r\n"
        f"Date: Mon, 16 Nov 2026 09:30:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()
    envelope = MessageHead(identifier, (), sender, sender, (to,), subject, return_path=sender)
    address = key.digest("body", raw)
    rows.of["foundation_body"].append((box, address, len(raw), key.seal(f"body:{address.hex()}", raw), at))
    rows.of["messaging_message"].append(
        (
            box,
            message_id,
            key.digest("message-id", identifier.encode()),
            at,
            len(raw),
            address,
            key.seal(envelope_name(message_id), envelope.to_json()),
            key.seal(structure_name(message_id), message_structure(raw).to_json()),
        )
    )
    received = direction == "in"
    head = DeskHead(who.name if received else "", True, sender, sender if received else "", (to,), text[:160])
    named = words.digests(key, named=[subject, who.name], exact=[who.ins, who.address])
    found = sorted({*named, *(by_word[one] for one in text.split())})
    rows.of["messaging_desk_message"].append(
        (
            box,
            message_id,
            thread_id,
            direction,
            "message",
            at,
            key.seal(desk_head_name(message_id), head.to_json()),
            False,
            received and waiting,
            not received,
            "" if received else "99700218938",
            "",
            found,
        )
    )
    folder = "INBOX" if received else "Sent"
    uid = rank[folder]
    rank[folder] += 1
    flags = [] if received and unread else ["\\Seen"]
    rows.of["messaging_folder_entry"].append(
        (box, folders[folder], uid, message_id, flags, at, len(raw), uid + 1, thread_id)
    )


def fill_holder(database: Connection, master_key_file: Path, ins: str, sender: str, conversations: int) -> None:
    """Give the space of this INS so many conversations with a mailbox, two messages each, one in ten not read."""
    [space_id] = _one(database, "SELECT id FROM spaces_health_space WHERE ins = %s ORDER BY id DESC LIMIT 1", ins)
    key = _key(database, master_key_file, space_id)
    digest = key.digest("address", sender.encode())
    begin = datetime.now(UTC) - conversations * _STEP
    known = database.execute(
        "SELECT id FROM messaging_contact WHERE space_id = %s AND address_digest = %s", [space_id, digest]
    ).fetchone()
    contact_id = known[0] if known else new_id()
    rows = _Rows({table: [] for table in list(_COPIES)[5:]})
    if not known:
        sealed = key.seal_text(address_name(contact_id), sender)
        rows.of["messaging_contact"].append((space_id, contact_id, digest, sealed, True, begin))
    for number in range(conversations):
        at = begin + number * _STEP
        conversation_id = new_id()
        subject = key.seal_text(subject_name(conversation_id), f"Votre suivi numéro {number}")
        rows.of["messaging_conversation"].append((space_id, conversation_id, contact_id, subject, [digest], at, at, ""))
        for place in range(2):
            message_id = new_id()
            content = EntryContent(author_name="Orthopédie", verified=True, text="Bonjour. " * 30)
            sealed = key.seal(content_name(message_id), content.to_json())
            sent = at + timedelta(seconds=place)
            read = None if number % 10 == 0 and place else sent
            rows.of["messaging_conversation_entry"].append(
                (space_id, message_id, conversation_id, "in", sent, False, False, "", sealed, read)
            )
    rows.write(database)


def settle_tables(database: Connection) -> None:
    """Leave the tables vacuumed, counted and flushed, as after a night."""
    database.execute("VACUUM (ANALYZE)")
    database.execute("CHECKPOINT")


def _one(database: Connection, question: str, *values: object) -> tuple[Any, ...]:
    row = database.execute(question, list(values)).fetchone()
    assert row is not None, question
    return row


def _key(database: Connection, master_key_file: Path, owner_id: UUID) -> OwnerKey:
    [wrapped] = _one(database, "SELECT wrapped FROM foundation_owner_key WHERE owner_id = %s", owner_id)
    return OwnerKey(owner_id, MasterKeys.load(master_key_file).unwrap(bytes(wrapped), owner_id.bytes))


def _drawn(drawn: random.Random, vocabulary: list[str], count: int) -> Iterator[str]:
    """Words as language has them: few that are everywhere, many that are rare."""
    for _ in range(count):
        yield vocabulary[min(int(drawn.paretovariate(0.7)) - 1, len(vocabulary) - 1)]


def _spelled(number: int) -> str:
    """A number in letters, so that it is a word like another."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:05d}")
