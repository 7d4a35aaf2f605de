"""What an identity becomes, and what it allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.rules import (
    IdentityEvent,
    Reason,
    StatusChange,
    may_call_insi,
    may_share_ins,
    may_use_oid,
    next_status,
    tolerates_document_oid,
)
from carnet.domain.identity.values import IdentityAttribute, IdentityStatus, InsOid, StrictTraits

PROVISOIRE, RECUPEREE, VALIDEE, QUALIFIEE = IdentityStatus
HOMONYME, DOUTEUSE, FICTIVE = IdentityAttribute
NOTHING: frozenset[IdentityAttribute] = frozenset()


@pytest.mark.parametrize(
    ("before", "event", "after", "forgets"),
    [
        (PROVISOIRE, IdentityEvent.INSI_MATCHED, RECUPEREE, False),
        (RECUPEREE, IdentityEvent.INSI_MATCHED, RECUPEREE, False),
        (VALIDEE, IdentityEvent.INSI_MATCHED, QUALIFIEE, False),
        (QUALIFIEE, IdentityEvent.INSI_MATCHED, QUALIFIEE, False),
        (PROVISOIRE, IdentityEvent.DOCUMENT_CHECKED, VALIDEE, False),
        (RECUPEREE, IdentityEvent.DOCUMENT_CHECKED, QUALIFIEE, False),
        (QUALIFIEE, IdentityEvent.DOCUMENT_CHECKED, QUALIFIEE, False),
        (PROVISOIRE, IdentityEvent.INSI_NOT_MATCHED, PROVISOIRE, False),
        (RECUPEREE, IdentityEvent.INSI_NOT_MATCHED, PROVISOIRE, True),
        (VALIDEE, IdentityEvent.INSI_NOT_MATCHED, VALIDEE, False),
        (QUALIFIEE, IdentityEvent.INSI_NOT_MATCHED, VALIDEE, True),
        (RECUPEREE, IdentityEvent.STRICT_TRAIT_CHANGED, PROVISOIRE, True),
        (VALIDEE, IdentityEvent.STRICT_TRAIT_CHANGED, PROVISOIRE, False),
        (QUALIFIEE, IdentityEvent.STRICT_TRAIT_CHANGED, PROVISOIRE, True),
        (QUALIFIEE, IdentityEvent.ATTRIBUTES_CHANGED, QUALIFIEE, False),
    ],
)
def test_each_event_leads_to_its_status(before, event, after, forgets):
    assert next_status(before, NOTHING, event) == StatusChange(after, forgets_ins=forgets)


@pytest.mark.parametrize("attribute", [DOUTEUSE, FICTIVE])
@pytest.mark.parametrize("event", IdentityEvent)
@pytest.mark.parametrize("before", IdentityStatus)
def test_a_doubtful_or_fictitious_identity_is_provisional_whatever_happens(before, event, attribute):
    change = next_status(before, {attribute}, event)
    assert change.status is PROVISOIRE
    assert change.forgets_ins == (before in (RECUPEREE, QUALIFIEE))


def test_a_homonym_may_be_qualified_and_its_ins_shared():
    assert next_status(VALIDEE, {HOMONYME}, IdentityEvent.INSI_MATCHED).status is QUALIFIEE
    assert may_share_ins(QUALIFIEE, {HOMONYME}).allowed


@given(st.lists(st.sampled_from(IdentityEvent), max_size=12))
def test_ins_is_never_shared_unless_both_proofs_came_after_the_last_change(events):
    status = PROVISOIRE
    for event in events:
        status = next_status(status, NOTHING, event).status
    since = (
        events[len(events) - events[::-1].index(IdentityEvent.STRICT_TRAIT_CHANGED) :]
        if (IdentityEvent.STRICT_TRAIT_CHANGED in events)
        else events
    )
    answers = [e for e in since if e in (IdentityEvent.INSI_MATCHED, IdentityEvent.INSI_NOT_MATCHED)]
    proved = IdentityEvent.DOCUMENT_CHECKED in since and answers[-1:] == [IdentityEvent.INSI_MATCHED]
    assert may_share_ins(status, NOTHING).allowed == proved


@pytest.mark.parametrize(
    ("status", "attributes", "reason"),
    [
        (QUALIFIEE, NOTHING, Reason.IDENTITY_QUALIFIED),
        (VALIDEE, NOTHING, Reason.IDENTITY_NOT_QUALIFIED),
        (RECUPEREE, NOTHING, Reason.IDENTITY_NOT_QUALIFIED),
        (PROVISOIRE, NOTHING, Reason.IDENTITY_NOT_QUALIFIED),
        (QUALIFIEE, {DOUTEUSE}, Reason.IDENTITY_DOUBTFUL),
        (QUALIFIEE, {DOUTEUSE, FICTIVE}, Reason.IDENTITY_FICTITIOUS),
    ],
)
def test_only_a_qualified_identity_lets_its_ins_be_shared(status, attributes, reason):
    decision = may_share_ins(status, attributes)
    assert decision.reason is reason
    assert decision.allowed == (reason is Reason.IDENTITY_QUALIFIED)


def test_insi_is_asked_about_whole_identities_that_are_not_in_doubt():
    assert may_call_insi(NOTHING, ()).allowed
    assert may_call_insi({HOMONYME}, ()).allowed
    assert may_call_insi({FICTIVE}, ()).reason is Reason.IDENTITY_FICTITIOUS
    assert may_call_insi({DOUTEUSE}, ()).reason is Reason.IDENTITY_DOUBTFUL
    assert may_call_insi(NOTHING, StrictTraits().missing()).reason is Reason.TRAITS_MISSING


@pytest.mark.parametrize(
    ("oid", "production", "reason"),
    [
        (InsOid.NIR, True, Reason.OID_FITS),
        (InsOid.NIA, True, Reason.OID_FITS),
        (InsOid.NIR_TEST, True, Reason.TEST_OID_IN_PRODUCTION),
        (InsOid.NIR_DEMO, True, Reason.TEST_OID_IN_PRODUCTION),
        (InsOid.NIR, False, Reason.REAL_OID_OUTSIDE_PRODUCTION),
        (InsOid.NIA, False, Reason.REAL_OID_OUTSIDE_PRODUCTION),
        (InsOid.NIR_TEST, False, Reason.OID_FITS),
        (InsOid.NIR_DEMO, False, Reason.OID_FITS),
    ],
)
def test_test_identities_never_meet_real_ones(oid, production, reason):
    decision = may_use_oid(oid, production=production)
    assert decision.reason is reason
    assert decision.allowed == (reason is Reason.OID_FITS)


def test_official_samples_come_in_outside_production_with_a_warning():
    decision = tolerates_document_oid(InsOid.NIR, production=False)
    assert (decision.allowed, decision.is_warning) == (True, True)
    assert not tolerates_document_oid(InsOid.NIA, production=False).allowed
    for oid in InsOid:
        assert tolerates_document_oid(oid, production=True) == may_use_oid(oid, production=True)


def test_every_reason_has_a_sentence():
    assert all(reason.sentence for reason in Reason)
