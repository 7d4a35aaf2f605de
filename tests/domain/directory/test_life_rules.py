"""What always holds of the life of a mailbox and of who may use it, and of what is counted."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.rules.findings import Finding, MailboxLook, findings
from carnet.domain.directory.rules.life import (
    DelegationDates,
    Life,
    check_closing,
    check_reopening,
    check_resuming,
    check_suspending,
    is_absent,
    is_dormant,
    life,
    may_use,
)
from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.counted import OTHER, Measure, document_codes, of_sent

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
STATES = st.sampled_from(["active", "suspended", "closed"])
DELEGATIONS = st.lists(st.builds(DelegationDates, DAYS, st.none() | DAYS), max_size=4)
FIELDS = st.dictionaries(
    st.sampled_from(["X-MSS-CODECDA", "X-MSS-INS", "X-MSS-NIL"]),
    st.text(max_size=60) | st.sampled_from(["O", "N", "11488-4,11488-4", "DEV935997"]),
)


@given(STATES, st.none() | DAYS, DAYS)
def test_a_closing_counts_from_its_day_and_nothing_else_changes_the_state(state, closes_on, today):
    stands = life(state, closes_on, today)
    assert (stands is Life.CLOSED) is (state == "closed" or (closes_on is not None and closes_on <= today))
    assert stands is Life.CLOSED or stands.value == state
    # From one state only one of the two ways leads on.
    assert bool(check_suspending(stands)) or bool(check_resuming(stands))


@given(st.sampled_from(MailboxKind), st.booleans(), DELEGATIONS, DAYS)
def test_nobody_uses_a_mailbox_that_is_neither_theirs_nor_delegated_today(kind, is_holder, delegations, today):
    current = any(one.first <= today and (one.last is None or today <= one.last) for one in delegations)
    may = may_use(kind, is_holder=is_holder, delegations=delegations, today=today)
    match kind:
        case MailboxKind.PER:
            assert may is is_holder
        case MailboxKind.CAB:
            assert may is (is_holder or current)
        case MailboxKind.ORG:
            assert may is current
        case MailboxKind.APP:
            assert not may


@given(st.sampled_from(Life), DAYS, DAYS, st.integers(0, 400), st.booleans())
def test_a_closing_is_never_announced_too_late_nor_twice(stands, on, today, notice, at_once):
    refused = check_closing(stands, on, today, notice, at_once=at_once)
    assert bool(refused) is (stands is Life.CLOSED or (not at_once and on < today + timedelta(days=notice)))


@given(st.sampled_from(Life), st.none() | DAYS)
def test_what_was_emptied_never_reopens(stands, closes_on):
    assert check_reopening(closes_on=closes_on, state=stands, emptied=True)
    assert bool(check_reopening(closes_on=closes_on, state=stands, emptied=False)) is (
        stands is not Life.CLOSED and closes_on is None
    )


@given(DAYS, DAYS, DAYS)
def test_an_absence_covers_its_first_and_last_day(first, last, today):
    assert is_absent(first, last, today) is (first <= today <= last)
    assert not is_absent(None, last, today)
    assert not is_absent(first, None, today)


@given(DAYS, DAYS, st.integers(0, 1000))
def test_dormancy_can_be_switched_off(last_used, today, after):
    assert is_dormant(last_used, today, after) is (after > 0 and (today - last_used).days > after)


@given(
    st.builds(
        MailboxLook,
        kind=st.sampled_from(MailboxKind),
        stands=st.sampled_from(Life),
        description=st.text(max_size=30),
        service=st.text(max_size=10),
        responsible=st.text(max_size=10),
        rank=st.integers(1, 3),
        red_list=st.booleans(),
        created_on=DAYS,
        last_access_on=st.none() | DAYS,
        closes_on=st.none() | DAYS,
        geographic=st.booleans(),
        professional_active=st.booleans(),
        has_password=st.booleans(),
        delegates=st.integers(0, 2),
        certificates=st.integers(0, 2),
    ),
    DAYS,
)
def test_findings_are_in_order_once_each_and_never_about_what_is_closed(box, today):
    found = findings(box, today, 365)
    assert found == [one for one in Finding if one in set(found)]
    assert not (box.stands is Life.CLOSED and found)
    assert all(one.sentence for one in found)
    if box.kind is MailboxKind.PER:
        assert not {Finding.NO_DESCRIPTION, Finding.NO_SERVICE, Finding.NO_GEOGRAPHIC_FINESS} & set(found)


@given(st.lists(st.text(max_size=12) | st.just("11490-0"), max_size=150), FIELDS)
def test_no_sender_writes_names_of_its_own_into_the_statistics(found, fields):
    codes = document_codes(found, fields)
    counted = of_sent(to_patients=False, codes=codes, fields=fields)
    assert counted[0] == (Measure.SENT, "")
    assert len(counted) <= 104
    for measure, detail in counted:
        assert len(detail) <= 40
        assert detail.isprintable()
        if measure is Measure.DOCUMENT and detail != OTHER:
            assert detail.replace("-", "").isdigit()
    said = {Measure.INS_QUALIFIED, Measure.INS_NOT_QUALIFIED, Measure.INS_NOT_SAID}
    assert sum(measure in said for measure, _ in counted) == bool(codes)
