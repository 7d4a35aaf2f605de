"""The right to read a document as a rule and as the predicate of lists: never one without the other."""

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from carnet.domain.record.access import facts, readable
from carnet.domain.record.models import Document
from carnet.domain.record.rules import INVISIBLE_TO_PATIENT_DAYS, may_read
from carnet.domain.spaces.values import SYSTEM, Actor, ActorKind
from carnet.foundation.clock import now

STATUSES = ("approved", "deprecated", "archived", "deleted")
CODES = ([], ["N"], ["N", "MASQUE_PS"], ["INVISIBLE_PATIENT"], ["N", "INVISIBLE_PATIENT"], ["INVISIBLE_PATIENTS"])
AGES = (timedelta(0), timedelta(days=INVISIBLE_TO_PATIENT_DAYS), timedelta(days=INVISIBLE_TO_PATIENT_DAYS, seconds=1))


def document(space_id, status, codes, added_at):
    return Document(
        space_id=space_id,
        id=uuid4(),
        logical_id=uuid4(),
        submission_id=uuid4(),
        unique_id_digest=bytes(32),
        status=status,
        source="professional",
        type_code="11490-0",
        class_code="11",
        category="AUTR_DOC",
        confidentiality=codes,
        mime_type="text/xml",
        size=1,
        body=bytes(32),
        created_at=added_at,
        service_start=added_at,
        added_at=added_at,
        metadata=b"",
    )


@pytest.mark.django_db
def test_the_patient_a_stranger_a_professional_and_the_system_read_the_same_by_rule_and_by_predicate():
    at, patient, stranger = now(), uuid4(), uuid4()
    documents = [
        document(owner, status, codes, at - age)
        for owner, status, codes, age in product((patient, stranger), STATUSES, CODES, AGES)
    ]
    Document.objects.bulk_create(documents)
    actors = {
        "patient": Actor(ActorKind.HOLDER, "Dominique PAT-TROIS", space_id=patient),
        "stranger": Actor(ActorKind.HOLDER, "Stéphane BOISJOLI", space_id=stranger),
        "holder of no space": Actor(ActorKind.HOLDER, "Nobody"),
        "professional": Actor(ActorKind.PROFESSIONAL, "Dr Claire MORVAN", mailbox_id=uuid4()),
        "system": SYSTEM,
    }
    counts = {}
    for name, actor in actors.items():
        by_rule = {one.id for one in documents if may_read(actor, facts(one), at)}
        by_predicate = set(Document.objects.filter(readable(actor, at)).values_list("id", flat=True))
        assert by_rule == by_predicate, name
        counts[name] = len(by_rule)
    assert counts == {"patient": 48, "stranger": 48, "holder of no space": 0, "professional": 0, "system": 0}
