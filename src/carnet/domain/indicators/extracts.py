"""The evidence as Arrow tables: read by COPY, bounded by mailboxes and period, without any INS.

Patients are numbers: their place in the list of patients that the caller gives. What is about anybody else is left
out. Moments are whole microseconds since 1970, UTC, so that every engine computes on them alike.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from django.db import connection

from carnet.domain.identity.values import Ins
from carnet.domain.indicators.rules import span
from carnet.domain.indicators.values import CohortLine, StayKind, Window

STAYS = pa.schema(
    [
        ("patient", pa.int64()),
        ("pathway", pa.int64()),
        ("is_stay", pa.bool_()),
        ("opens", pa.int64()),
        ("begins", pa.int64()),
        ("closes", pa.int64()),
    ]
)
DISPATCHES = pa.schema(
    [
        ("patient", pa.int64()),
        ("dispatch", pa.int64()),
        ("sent_at", pa.int64()),
        ("delivered", pa.bool_()),
        ("refused", pa.bool_()),
        ("double", pa.bool_()),
        ("conversation", pa.string()),
        ("read_at", pa.int64()),
    ]
)
ANSWERS = pa.schema([("conversation", pa.string()), ("answered_at", pa.int64())])
LETTERS = pa.schema(
    [
        ("patient", pa.int64()),
        ("letter", pa.int64()),
        ("sent_at", pa.int64()),
        ("arrived", pa.bool_()),
        ("observable", pa.bool_()),
        ("seen", pa.bool_()),
        ("answered_at", pa.int64()),
    ]
)

# A conversation is that of one space: its identifier is made of both.
_DISPATCHES = """
    SELECT dispatch.ins, dispatch.id, (extract(epoch FROM dispatch.sent_at) * 1000000)::bigint,
           dispatch.outcome = 'delivered', dispatch.outcome LIKE 'refused-%%', dispatch.automatic_double,
           entry.space_id || '/' || entry.conversation_id,
           (extract(epoch FROM entry.read_at) * 1000000)::bigint
    FROM messaging_dispatch dispatch
    LEFT JOIN messaging_conversation_entry entry
        ON entry.space_id = dispatch.space_id AND entry.message_id = dispatch.message_id AND entry.direction = 'in'
    WHERE dispatch.mailbox_id = ANY(%(mailboxes)s)
      AND dispatch.sent_at >= %(since)s AND dispatch.sent_at < %(until)s
"""
# The holder's own messages in those conversations, as far as today: an answer may come after the window.
_ANSWERS = """
    SELECT answer.space_id || '/' || answer.conversation_id, (extract(epoch FROM answer.at) * 1000000)::bigint
    FROM messaging_conversation_entry answer
    JOIN (
        SELECT DISTINCT entry.space_id, entry.conversation_id
        FROM messaging_dispatch dispatch
        JOIN messaging_conversation_entry entry
            ON entry.space_id = dispatch.space_id AND entry.message_id = dispatch.message_id
            AND entry.direction = 'in'
        WHERE dispatch.mailbox_id = ANY(%(mailboxes)s)
            AND dispatch.sent_at >= %(since)s AND dispatch.sent_at < %(until)s
    ) conversation
        ON conversation.space_id = answer.space_id AND conversation.conversation_id = answer.conversation_id
    WHERE answer.direction = 'out'
"""
# Seen: the mailbox's copy was, in one of its folders. A copy that never was here leaves no evidence of reading.
_LETTERS = """
    SELECT space.ins, letter.id, (extract(epoch FROM letter.sent_at) * 1000000)::bigint,
           entry.delivery IS DISTINCT FROM 'failed', letter.mailbox_message_id IS NOT NULL,
           seen.message_id IS NOT NULL OR letter.seen_at IS NOT NULL,
           (extract(epoch FROM letter.first_answer_at) * 1000000)::bigint
    FROM messaging_patient_letter letter
    JOIN spaces_health_space space ON space.id = letter.space_id
    LEFT JOIN messaging_conversation_entry entry
        ON entry.space_id = letter.space_id AND entry.message_id = letter.message_id
    LEFT JOIN (
        SELECT DISTINCT copy.mailbox_id, copy.message_id
        FROM messaging_folder_entry copy
        WHERE copy.mailbox_id = ANY(%(mailboxes)s) AND (copy.seen_at IS NOT NULL OR '\\Seen' = ANY(copy.flags))
    ) seen
        ON seen.mailbox_id = letter.mailbox_id AND seen.message_id = letter.mailbox_message_id
    WHERE letter.mailbox_id = ANY(%(mailboxes)s) AND letter.sent_at >= %(since)s AND letter.sent_at < %(until)s
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What evidence to read: of these mailboxes, from `since`, before `until`, about these patients."""

    mailboxes: Sequence[UUID]
    since: datetime
    until: datetime
    patients: Sequence[Ins]


def stays(lines: Sequence[CohortLine], window: Window, patients: Sequence[Ins], pathways: Sequence[str]) -> pa.Table:
    """The eligible lines with the window of each. Patients and pathways are numbered by their place in the lists."""
    patient_numbers = {ins: number for number, ins in enumerate(patients)}
    pathway_numbers = {pathway: number for number, pathway in enumerate(pathways)}
    spans = [span(line, window) for line in lines]
    return pa.table(
        {
            "patient": [patient_numbers[line.ins] for line in lines],
            "pathway": [pathway_numbers[line.pathway] for line in lines],
            "is_stay": [line.kind is StayKind.STAY for line in lines],
            "opens": [found.opens for found in spans],
            "begins": [found.begins for found in spans],
            "closes": [found.closes for found in spans],
        },
        schema=STAYS,
    )


def dispatches(bounds: Bounds) -> pa.Table:
    """The messages written to these patients by these mailboxes, and what became of each."""
    return _of_patients(_DISPATCHES, bounds, DISPATCHES)


def answers(bounds: Bounds) -> pa.Table:
    """What holders wrote in the conversations of those messages."""
    return _copy(_ANSWERS, bounds, ANSWERS)


def letters(bounds: Bounds) -> pa.Table:
    """The messages that these patients wrote to these mailboxes, and what became of each."""
    return _of_patients(_LETTERS, bounds, LETTERS)


def _of_patients(query: str, bounds: Bounds, schema: pa.Schema) -> pa.Table:
    """The rows about these patients, whose first column, an INS, gives way to the patient's number."""
    raw = _copy(query, bounds, schema.set(0, pa.field("patient", pa.string())))
    numbers = pc.index_in(raw["patient"], value_set=pa.array([str(ins) for ins in bounds.patients], pa.string()))
    numbered = raw.set_column(0, schema.field(0), pc.cast(numbers, pa.int64()))
    return numbered.filter(pc.is_valid(numbers))


def _copy(query: str, bounds: Bounds, schema: pa.Schema) -> pa.Table:
    """The rows of a query, by COPY and Arrow's own reader of CSV: no row becomes a Python object."""
    parameters = {"mailboxes": list(bounds.mailboxes), "since": bounds.since, "until": bounds.until}
    received = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters) as blocks:
        for block in blocks:
            received.write(block)
    if not received.tell():
        return schema.empty_table()
    received.seek(0)
    return pyarrow.csv.read_csv(
        received,
        read_options=pyarrow.csv.ReadOptions(column_names=schema.names),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema, true_values=["t"], false_values=["f"], null_values=[""], strings_can_be_null=True
        ),
    )
