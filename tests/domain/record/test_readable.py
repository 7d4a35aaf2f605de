"""The right to read a document, decided twice: by the rule, and by the predicate that every list carries."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carnet.domain.record.access import facts, readable
from carnet.domain.record.models import Document
from carnet.domain.record.rules import INVISIBLE_TO_PATIENT_DAYS, may_read
from carnet.domain.spaces.values import Actor, ActorKind
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

pytestmark = pytest.mark.django_db
SPACES = (UUID(int=1), UUID(int=2))
NOW = now().replace(microsecond=0)
HIDDEN_FOR = timedelta(days=INVISIBLE_TO_PATIENT_DAYS)

actors = st.builds(
    Actor,
    kind=st.sampled_from(ActorKind),
    label=st.just("X"),
    space_id=st.sampled_from([*SPACES, None]),
    mailbox_id=st.sampled_from([None, UUID(int=3)]),
)
CODES = ["N", "R", "V", "INVISIBLE_PATIENT", "MASQUE_PS", "INVISIBLE_PATIENT_", "invisible_patient", ""]
confidentialities = st.lists(st.sampled_from(CODES), max_size=3, unique=True)
around_the_month = st.sampled_from(
    [timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1), timedelta(days=1), -timedelta(days=1)]
).map(lambda shift: NOW - HIDDEN_FOR + shift)
moments = around_the_month | st.datetimes(
    NOW.replace(tzinfo=None) - timedelta(days=90), NOW.replace(tzinfo=None) + timedelta(days=1)
).map(lambda at: at.replace(tzinfo=NOW.tzinfo))


def row(space_id: UUID, status: str, confidentiality: list[str], added_at: datetime) -> Document:
    return Document(
        space_id=space_id,
        id=new_id(),
        logical_id=new_id(),
        submission_id=new_id(),
        unique_id_digest=new_id().bytes * 2,
        status=status,
        source="professional",
        type_code="11490-0",
        class_code="10",
        category="CPT_REND",
        confidentiality=confidentiality,
        mime_type="text/xml",
        size=1,
        body=b"\x00" * 32,
        created_at=added_at,
        service_start=added_at,
        added_at=added_at,
        metadata=b"",
    )


documents = st.builds(
    row,
    space_id=st.sampled_from(SPACES),
    status=st.sampled_from(["approved", "deprecated", "deleted"]),
    confidentiality=confidentialities,
    added_at=moments,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents, min_size=1, max_size=8), actors)
@example(
    [row(SPACES[0], "approved", ["INVISIBLE_PATIENT"], NOW - HIDDEN_FOR)],
    Actor(ActorKind.HOLDER, "X", space_id=SPACES[0]),
)
def test_a_list_holds_what_one_may_read_and_nothing_else(rows: list[Document], actor: Actor) -> None:
    Document.objects.all().delete()
    Document.objects.bulk_create(rows)
    by_rule = {one.id for one in rows if may_read(actor, facts(one), NOW)}
    by_predicate = set(Document.objects.filter(readable(actor, NOW)).values_list("id", flat=True))
    assert by_predicate == by_rule


def test_the_examples_hold_readable_and_unreadable_ones() -> None:
    """What the property above would miss if everything were refused."""
    holder = Actor(ActorKind.HOLDER, "X", space_id=SPACES[0])
    shown = row(SPACES[0], "approved", ["N"], NOW)
    hidden = row(SPACES[0], "approved", ["N", "INVISIBLE_PATIENT"], NOW - HIDDEN_FOR + timedelta(microseconds=1))
    no_longer = row(SPACES[0], "approved", ["INVISIBLE_PATIENT"], NOW - HIDDEN_FOR)
    Document.objects.bulk_create([shown, hidden, no_longer])
    found = set(Document.objects.filter(readable(holder, NOW)).values_list("id", flat=True))
    assert found == {shown.id, no_longer.id}
