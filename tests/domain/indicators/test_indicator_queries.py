"""The indicators of a small hospital whose evidence lies in PostgreSQL, with answers known by hand."""

import random
import sys
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from indicator_evidence import (
    ELSEWHERE,
    JURIDICAL,
    NORTH,
    OCTOBER,
    SOUTH,
    WINDOW,
    answer,
    hospital,
    ins,
    letter,
    listed,
    patient,
    question,
    utc,
    write,
)
from indicator_recount import (
    Passage,
    Sent,
    Written,
    around,
    before_stay,
    closed_in,
    count_letters,
    count_messages,
    count_patients,
)

from carnet.domain.identity.models import Organization
from carnet.domain.identity.values import InsOid
from carnet.domain.indicators import queries
from carnet.domain.indicators.engine import AnalyticsMissing
from carnet.domain.indicators.values import Exchange, Notice, Reach, Scope, Target, Window

pytestmark = pytest.mark.django_db
STAY = ("A", "stay", "2026-10-10", "2026-10-12")
IN_WINDOW = utc("2026-10-05T09:00")


@pytest.fixture
def mailboxes():
    return hospital()


def p1_08(*passages, finess=NORTH, percent=70, **kwargs):
    return queries.p1_08(question(listed(*passages), finess, **kwargs), Target(percent))


def counts(reach: Reach) -> tuple[int, ...]:
    return tuple(reach.counts())


def test_each_case_counts_as_the_definition_says(mailboxes):
    """Ten patients, one case each; all but the last three are eligible."""
    north = mailboxes["north"]
    spaces = {number: patient(number) for number in range(1, 11)}
    write(north, 1, IN_WINDOW, space=spaces[1])  # delivered
    write(north, 2, IN_WINDOW, outcome="refused-recipient")  # refused only
    write(north, 3, IN_WINDOW, space=spaces[3], double=True)  # double only
    write(north, 4, IN_WINDOW, space=spaces[4], double=True)  # double and real
    write(north, 4, IN_WINDOW, space=spaces[4])
    write(north, 5, utc("2026-09-09T09:00"), space=spaces[5])  # outside the window, before
    write(north, 5, utc("2026-10-28T09:00"), space=spaces[5])  # and after
    write(mailboxes["elsewhere"], 6, IN_WINDOW, space=spaces[6])  # by somebody else
    write(north, 7, IN_WINDOW, outcome="withheld-infected")  # sent, neither delivered nor refused
    for number in (8, 9, 10):
        write(north, number, IN_WINDOW, space=spaces[number])
    report = p1_08(
        *[(number, *STAY) for number in range(1, 8)],
        (8, "A", "emergency", "2026-10-10", "2026-10-10"),
        (9, "A", "stay", "2026-10-10", ""),
        (10, "A", "stay", "2026-10-30", "2026-11-01"),
    )
    assert counts(report.all) == (7, 4, 2, 1, 1)
    assert report.pathways[0].pathway == "A"
    assert counts(report.pathways[0]) == counts(report.all)
    assert report.all.rate_sent == pytest.approx(4 / 7)
    assert report.all.rate_delivered == pytest.approx(2 / 7)
    assert report.all.rate_with_doubles == pytest.approx(5 / 7)
    assert (report.all.target_reached, report.all.target_reached_delivered) == (False, False)
    found = report.basis.cohort
    assert (found.emergencies, found.open_stays, found.other_months, found.patients) == (1, 1, 1, 7)
    assert report.basis.notices == (Notice.SMALL_CELLS,)


def test_a_patient_of_two_pathways_counts_once_in_each_and_once_in_all(mailboxes):
    space = patient(1)
    write(mailboxes["north"], 1, IN_WINDOW, space=space)
    report = p1_08((1, *STAY), (1, "B", "consultation", "2026-10-30", ""), (1, "A", "consultation", "2026-10-11", ""))
    assert [(reach.pathway, counts(reach)) for reach in report.pathways] == [
        ("A", (1, 1, 1, 0, 0)),
        ("B", (1, 1, 1, 0, 0)),
    ]
    assert counts(report.all) == (1, 1, 1, 0, 0)


def test_a_message_in_the_window_of_one_pathway_counts_for_that_one_and_for_all(mailboxes):
    write(mailboxes["north"], 1, utc("2026-09-12T09:00"), space=patient(1))
    report = p1_08((1, *STAY), (1, "B", "consultation", "2026-10-30", ""), percent=50)
    assert [reach.sent for reach in report.pathways] == [1, 0]
    assert (report.all.sent, report.all.target_reached) == (1, True)


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        ("2026-09-09T21:59:59.999999", 0),  # 23:59 in Paris, the day before the window
        ("2026-09-09T22:00", 1),
        ("2026-10-27T22:59:59.999999", 1),  # winter time by then
        ("2026-10-27T23:00", 0),
    ],
)
def test_a_window_opens_and_closes_at_midnight_of_paris(mailboxes, at, sent):
    write(mailboxes["north"], 1, utc(at), space=patient(1))
    others = (2, "B", "stay", "2026-09-20", "2026-10-31")  # whose window holds all these moments
    assert p1_08((1, *STAY), others).pathways[0].sent == sent


def test_the_window_is_the_one_that_is_set(mailboxes):
    write(mailboxes["north"], 1, IN_WINDOW, space=patient(1))
    assert p1_08((1, *STAY), window=Window(4, 0)).all.sent == 0
    assert p1_08((1, *STAY), window=Window(5, 0)).all.sent == 1


@pytest.mark.parametrize(
    ("finess", "scope", "sites", "sent"),
    [
        (NORTH, Scope.GEOGRAPHIC, [NORTH], 1),
        (SOUTH, Scope.GEOGRAPHIC, [SOUTH], 1),
        (JURIDICAL, Scope.JURIDICAL, [NORTH, SOUTH], 2),
        (ELSEWHERE, Scope.GEOGRAPHIC, [ELSEWHERE], 0),
    ],
)
def test_a_juridical_finess_counts_the_mailboxes_of_its_sites(mailboxes, finess, scope, sites, sent):
    write(mailboxes["second"], 1, IN_WINDOW, space=patient(1))
    write(mailboxes["south"], 2, IN_WINDOW, space=patient(2))
    report = p1_08((1, *STAY), (2, *STAY), finess=finess)
    assert report.basis.establishment.scope is scope
    assert [site.finess for site in report.basis.establishment.sites] == sites
    assert report.all.sent == sent


def test_an_unknown_finess_is_named(mailboxes):
    with pytest.raises(queries.UnknownFiness, match="FINESS 990000000: no establishment of this number"):
        p1_08((1, *STAY), finess="990000000")


def test_an_establishment_without_mailbox_has_figures_and_a_notice(mailboxes):
    Organization.objects.create(finess="310000099", name="New site")
    report = p1_08((1, *STAY), finess="310000099")
    assert (report.all.eligible, report.all.sent, report.all.rate_sent) == (1, 0, 0.0)
    assert Notice.NO_MAILBOX in report.basis.notices


def test_an_empty_list_has_no_rate_and_reaches_nothing(mailboxes):
    write(mailboxes["north"], 1, IN_WINDOW, space=patient(1))
    report = p1_08()
    assert (counts(report.all), report.pathways) == ((0, 0, 0, 0, 0), ())
    assert (report.all.rate_sent, report.all.target_reached) == (None, None)
    assert report.basis.notices == (Notice.NO_ELIGIBLE_PATIENT,)
    assert queries.pilot(question(listed())).from_patients.sent == 0


def test_a_pathway_where_nobody_is_eligible_is_shown_with_no_rate(mailboxes):
    report = p1_08((1, *STAY), (2, "B", "stay", "2026-10-10", ""))
    assert [(reach.pathway, reach.eligible, reach.rate_sent) for reach in report.pathways] == [
        ("A", 1, 0.0),
        ("B", 0, None),
    ]


def test_a_month_whose_windows_are_open_is_provisional(mailboxes):
    asked = question(listed((1, *STAY)))
    early = queries.Question(asked.finess, OCTOBER, asked.cohort, WINDOW, False, utc("2026-11-15T22:59"))
    late = queries.Question(asked.finess, OCTOBER, asked.cohort, WINDOW, False, utc("2026-11-15T23:00"))
    assert Notice.PROVISIONAL in queries.p1_08(early, Target(70)).basis.notices
    assert Notice.PROVISIONAL not in queries.p1_08(late, Target(70)).basis.notices
    assert queries.p1_08(late, Target(70)).basis.complete_on == date(2026, 11, 16)


def test_patients_who_are_not_known_here_are_eligible_and_counted(mailboxes):
    patient(1)
    report = p1_08((1, *STAY), (2, *STAY))
    assert (report.all.eligible, report.basis.unknown_patients) == (2, 1)
    assert Notice.UNKNOWN_PATIENTS in report.basis.notices


@pytest.mark.parametrize(("oid", "production"), [(InsOid.NIR, False), (InsOid.NIR_TEST, True)])
def test_an_identity_that_this_mode_refuses_stops_everything_and_names_its_line(mailboxes, oid, production):
    patient(2, oid)
    with pytest.raises(queries.RefusedIdentities) as refused:
        p1_08((1, *STAY), (2, *STAY), production=production)
    assert [line.number for line in refused.value.lines] == [3]
    assert ins(2) not in refused.value.lines[0].reason + str(refused.value)


def test_without_the_analytics_extra_the_message_names_it(mailboxes, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    for name in [name for name in sys.modules if name.partition(".")[0] in ("ibis", "duckdb", "_duckdb")]:
        monkeypatch.delitem(sys.modules, name)
    sys.path_importer_cache.clear()
    with pytest.raises(AnalyticsMissing, match=r"need ibis, duckdb, .* pip install 'carnet\[analytics\]'"):
        p1_08((1, *STAY))


def test_the_pilot_tells_who_was_contacted_before_a_stay(mailboxes):
    north = mailboxes["north"]
    spaces = {number: patient(number) for number in range(1, 6)}
    write(north, 1, utc("2026-10-09T21:59"), space=spaces[1])  # the evening before
    write(north, 2, utc("2026-10-09T22:00"), space=spaces[2])  # the day of the stay
    write(north, 3, IN_WINDOW, space=spaces[3], double=True)
    write(north, 4, IN_WINDOW, outcome="refused-recipient")
    write(north, 5, IN_WINDOW, space=spaces[5])  # a consultation is no stay
    passages = [(number, *STAY) for number in range(1, 5)]
    report = queries.pilot(question(listed(*passages, (5, "A", "consultation", "2026-10-10", ""))))
    found = report.contacted_before_all
    assert (found.eligible, found.sent, found.delivered, found.double_only) == (4, 2, 1, 1)
    assert (found.rate_sent, found.rate_delivered) == (0.5, 0.25)
    assert [tuple(reach.counts()) for reach in report.contacted_before] == [tuple(found.counts())]


def test_the_pilot_tells_what_patients_opened_and_answered(mailboxes):
    north, space, thread, crossing = mailboxes["north"], patient(1), uuid4(), uuid4()
    other, silent = patient(2), patient(3)
    write(north, 1, utc("2026-10-05T08:00"), space=space, conversation=thread, read_at=utc("2026-10-05T20:00"))
    write(north, 1, utc("2026-10-06T08:00"), space=space, conversation=thread, read_at=utc("2026-10-06T09:00"))
    answer(space, thread, utc("2026-10-05T07:00"))  # before: answers nothing
    answer(space, thread, utc("2026-10-06T10:00"))
    answer(space, thread, utc("2026-10-07T10:00"))  # only the first one tells the delay
    write(north, 2, IN_WINDOW, space=other, conversation=crossing, read_at=utc("2026-12-24T20:00"))
    answer(other, crossing, IN_WINDOW)  # written at the same moment: no answer
    write(north, 3, utc("2026-10-05T08:00"), space=silent)
    write(north, 3, utc("2026-10-05T08:00"), outcome="refused-too-large")
    write(north, 3, utc("2026-10-05T08:00"), space=silent, double=True, read_at=utc("2026-10-08T20:00"))
    write(north, 3, utc("2026-12-05T08:00"), space=silent, read_at=utc("2026-12-08T20:00"))  # outside the window
    report = queries.pilot(question(listed((1, *STAY), (2, *STAY), (3, *STAY), (3, "B", *STAY[1:]))))
    assert report.to_patients == Exchange(
        sent=5, arrived=4, observable=4, opened=3, answered=2, rate_opened=0.75, rate_answered=0.5,
        median_answer_seconds=14 * 3600.0, p90_answer_seconds=pytest.approx((2 + 0.9 * 24) * 3600),
    )  # fmt: skip
    doubles = report.automatic_doubles
    assert (doubles.sent, doubles.opened, doubles.answered, doubles.median_answer_seconds) == (1, 1, 0, None)


def test_the_pilot_tells_what_the_establishment_opened_and_answered(mailboxes):
    north, space = mailboxes["north"], patient(1)
    at = utc("2026-10-08T08:00")
    letter(north, space, at, flags=("\\Seen",))
    letter(north, space, at, seen_at=utc("2026-10-09T08:00"), answered_at=utc("2026-10-10T08:00"))
    letter(north, space, at, seen_at=utc("2026-10-09T08:00"))  # marked unread again
    letter(north, space, at, flags=("\\Flagged",))
    letter(north, space, at, answered_at=utc("2026-10-09T08:00"))  # answered without the flag: it was read
    letter(north, space, at, hosted=False, answered_at=utc("2026-10-08T09:00"))
    letter(north, space, at, hosted=False)
    letter(north, space, at, hosted=False, failed=True)
    letter(mailboxes["elsewhere"], space, at, seen_at=at)
    letter(north, patient(2), at, seen_at=at)  # not of the list
    report = queries.pilot(question(listed((1, *STAY))))
    assert report.from_patients == Exchange(
        sent=8, arrived=7, observable=5, opened=4, answered=3, rate_opened=0.8, rate_answered=pytest.approx(3 / 7),
        median_answer_seconds=24 * 3600.0, p90_answer_seconds=pytest.approx((24 + 0.8 * 24) * 3600),
    )  # fmt: skip


def test_nothing_about_a_person_is_in_a_report(mailboxes):
    write(mailboxes["north"], 1, IN_WINDOW, space=patient(1))
    asked = question(listed((1, *STAY)))
    for report in (queries.p1_08(asked, Target(70)), queries.pilot(asked)):
        assert ins(1)[:13] not in repr(report)


def test_a_large_hospital_is_recounted(mailboxes):
    """Hundreds of random passages and messages, through PostgreSQL, against plain loops on what was laid there."""
    chance = random.Random(20261001)
    spaces = {number: patient(number) for number in range(1, 61)}
    start = datetime(2026, 9, 1, tzinfo=UTC)

    def some_time() -> datetime:
        return start + timedelta(seconds=chance.randrange(90 * 86_400))

    passages, sent, written, answers = [], [], [], []
    for _ in range(120):
        day = date(2026, 9, 20) + timedelta(days=chance.randrange(50))
        kind = chance.choice(["stay", "stay", "consultation", "emergency"])
        end = day if kind == "consultation" else chance.choice([None, day, day + timedelta(days=chance.randrange(9))])
        passages.append(Passage(ins(chance.randrange(1, 61)), chance.choice("ABC"), kind, day, end))
    threads = {number: uuid4() for number in spaces}
    for _ in range(250):
        number, at, read = chance.randrange(1, 61), some_time(), chance.choice([None, some_time()])
        outcome = chance.choice(["delivered", "delivered", "refused-recipient", "queued"])
        double, thread = chance.random() < 0.4, threads[number]
        write(
            mailboxes[chance.choice(["north", "second"])], number, at, space=spaces[number], outcome=outcome,
            double=double, conversation=thread, read_at=read,
        )  # fmt: skip
        sent.append(Sent(ins(number), at, outcome, double, str(thread), read))
        write(mailboxes["south"], chance.randrange(1, 61), some_time())
    for _ in range(80):
        number, at = chance.randrange(1, 61), some_time()
        answer(spaces[number], threads[number], at)
        answers.append((str(threads[number]), at))
        number, at, hosted, seen = chance.randrange(1, 61), some_time(), chance.random() < 0.7, chance.random() < 0.5
        answered = at + timedelta(seconds=chance.randrange(1, 10**6)) if chance.random() < 0.5 else None
        flags = ("\\Seen",) if seen else ()
        letter(mailboxes["north"], spaces[number], at, hosted=hosted, flags=flags, answered_at=answered)
        written.append(Written(ins(number), at, hosted, False, hosted and seen, answered))

    rows = [(p.patient, p.pathway, p.kind, p.start, p.end) for p in passages]
    content = "ins;pathway;kind;stay_start;stay_end\n" + "".join(
        f"{a};{b};{c};{d.isoformat()};{e.isoformat() if e else ''}\n" for a, b, c, d, e in rows
    )
    asked = question(content.encode())
    eligible = [passage for passage in passages if closed_in(passage, 2026, 10)]
    stays = [passage for passage in eligible if passage.kind == "stay"]

    report = queries.p1_08(asked, Target(50))
    recount = count_patients(eligible, sent, lambda passage, at: around(passage, at, 30, 15))
    assert counts(report.all) == recount[None]
    assert {reach.pathway: counts(reach) for reach in report.pathways} == {name: recount[name] for name in "ABC"}
    assert all(count > 5 for count in recount[None][:3])

    pilot = queries.pilot(asked)
    before = count_patients(stays, sent, lambda passage, at: before_stay(passage, at, 30))
    found = pilot.contacted_before_all
    assert (found.eligible, found.sent, found.delivered, found.double_only) == (*before[None][:3], before[None][4])
    for exchange, expected in (
        (pilot.to_patients, count_messages(eligible, sent, answers, 30, 15, double=False)),
        (pilot.automatic_doubles, count_messages(eligible, sent, answers, 30, 15, double=True)),
        (pilot.from_patients, count_letters(eligible, written, 30, 15)),
    ):
        assert tuple(exchange.counts()) == expected[:5]
        assert exchange.median_answer_seconds == pytest.approx(expected[5])
        assert exchange.p90_answer_seconds == pytest.approx(expected[6])
        assert exchange.answered > 3
