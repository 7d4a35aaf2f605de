"""The trust list: read, compared, put in the place of the last one, or refused as a whole."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.commands import distrust_domain, import_trust_list, trust_domain
from carnet.domain.directory.models import TrustedDomain, TrustEntry, TrustListVersion
from carnet.domain.directory.queries import operator_subjects, trust_space
from carnet.domain.directory.queries.trust_list import last_read, last_taken, trust_changes, trusted
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.trust_list import (
    MAX_BYTES,
    NAMESPACE,
    BadTrustList,
    ListProblem,
    compare,
    read_moment,
    read_trust_list,
)
from carnet.domain.directory.values import Domain
from carnet.foundation.clock import now
from carnet.sandbox.trust_list import document, write_trust_list

CHU = "CN=mss.chu.fr,OU=0002 123456789,O=CHU de Là,ST=Paris (75),C=FR"
LABO = "CN=mss.labo.fr,OU=0002 987654321,O=Labo,ST=Rhône (69),C=FR"
MONDAY, TUESDAY = datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2026, 1, 6, 6, tzinfo=UTC)


def entry(domain, subject=CHU, **texts):
    return {"Nom": domain, "DNCertificatOperateur": subject, **texts}


def written(*entries, generated="2026-01-05T07:00:00+01:00", root="ListeBlanche"):
    """A list as text, so that what it holds can be as wrong as one likes; one line an element."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{NAMESPACE}">']
    lines += [f"<DateDeGeneration>{generated}</DateDeGeneration>"] if generated else []
    for one in entries:
        lines += ["<Domaine>", *(f"<{name}>{text}</{name}>" for name, text in one.items()), "</Domaine>"]
    return "\n".join([*lines, f"</{root}>"]).encode()


def several(count, *more):
    """Enough good entries for a bad one among them to be a slip."""
    return [*(entry(f"d{number}.mssante.fr") for number in range(count)), *more]


class TestReading:
    def test_every_field_of_an_entry_is_read(self):
        found = read_trust_list(
            written(
                entry(
                    "CHU-Là.mssante.fr.",
                    Description="  Le CHU ",
                    ResponsableContact="dsi@chu.fr",
                    SupportContact="aide@chu.fr",
                    DateMAJ="31/12/2025",
                )
            )
        )
        assert found.generated_at == MONDAY
        [one] = found.entries.values()
        assert (one.domain, one.subject) == ("xn--chu-l-vqa.mssante.fr", Subject.parse(CHU))
        assert (one.written, one.operator, one.description) == (CHU, "CHU de Là", "Le CHU")
        assert (one.responsible_contact, one.support_contact) == ("dsi@chu.fr", "aide@chu.fr")
        assert one.updated_on == date(2025, 12, 31)

    def test_a_domain_that_moves_is_there_twice_and_a_double_once(self):
        found = read_trust_list(
            written(
                entry("a.fr", CHU), entry("a.fr", LABO), entry("A.fr", CHU.replace(",", ", "), Description="the last")
            )
        )
        assert (len(found.entries), found.domains, found.operators) == (2, {"a.fr"}, 2)
        assert found.entries["a.fr", Subject.parse(CHU)].description == "the last"

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (entry("a b.fr"), "a domain is labels"),
            (entry(""), "a domain is expected"),
            (entry("straße.fr"), "a letter that software reads in two ways"),
            (entry("b.fr", ""), "a subject is TYPE=value"),
            (entry("b.fr", "CN=a,PLANET=earth"), "an attribute of unknown type"),
            ({"Description": "nothing else"}, "a domain is expected"),
        ],
    )
    def test_a_bad_entry_is_left_out_and_told_with_its_line_and_the_others_are_taken(self, bad, reason):
        found = read_trust_list(written(*several(20, bad)))
        assert len(found.entries) == 20
        [skipped] = found.skipped
        assert skipped.line == 4 + 20 * 4  # declaration, root, date, then four lines for each good entry
        assert reason in skipped.reason

    @pytest.mark.parametrize(
        ("content", "code", "told"),
        [
            (b"", ListProblem.NOT_XML, "line 1"),
            (b"PK\x03\x04", ListProblem.NOT_XML, "line 1"),
            (written(entry("a.fr"))[:-20], ListProblem.NOT_XML, "line"),
            (written(entry("a.fr")).replace(NAMESPACE.encode(), b"urn:x"), ListProblem.NOT_A_TRUST_LIST, NAMESPACE),
            (written(entry("a.fr"), generated=""), ListProblem.NO_DATE, "DateDeGeneration"),
            (written(entry("a.fr"), generated="soon"), ListProblem.NO_DATE, "line 3"),
            (written(), ListProblem.EMPTY, "no entry"),
            (written(*several(3, entry("a b.fr"))), ListProblem.TOO_MANY_BAD_ENTRIES, "line 16"),
            (b"<a>" + b" " * MAX_BYTES, ListProblem.TOO_LARGE, str(MAX_BYTES)),
        ],
    )
    def test_what_is_no_list_is_refused_as_a_whole(self, content, code, told):
        with pytest.raises(BadTrustList) as problem:
            read_trust_list(content)
        assert problem.value.code is code
        assert told in str(problem.value)

    @pytest.mark.parametrize(
        "doctype",
        [
            '<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY e "&a;&a;&a;&a;&a;&a;">]>',
            '<!DOCTYPE l SYSTEM "http://127.0.0.1:1/l.dtd">',
        ],
    )
    def test_a_list_with_a_document_type_is_refused(self, doctype):
        content = written(entry("a.fr", Description="&e;")).replace(
            b"<ListeBlanche", doctype.encode() + b"<ListeBlanche"
        )
        with pytest.raises(BadTrustList) as problem:
            read_trust_list(content)
        assert problem.value.code in (ListProblem.NOT_A_TRUST_LIST, ListProblem.NOT_XML)

    @given(st.binary(max_size=400))
    def test_any_bytes_are_a_list_or_told_why_not(self, data):
        for content in (data, b'<l xmlns="' + NAMESPACE.encode() + b'">' + data + b"</l>"):
            with pytest.raises(BadTrustList):
                read_trust_list(content)

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-01-05T07:00:00+01:00", MONDAY),
            ("2026-01-05T06:00:00Z", MONDAY),
            ("2026-01-05 07:00:00", MONDAY),
            ("05/01/2026 07:00", MONDAY),
            ("05/01/2026", datetime(2026, 1, 4, 23, tzinfo=UTC)),
            ("2026-07-05", datetime(2026, 7, 4, 22, tzinfo=UTC)),
            ("32/01/2026", None),
            ("0001-01-01", None),
        ],
    )
    def test_dates_are_read_as_they_are_written_in_france(self, text, moment):
        assert read_moment(text) == moment

    def test_what_changed_is_told_by_domain_and_certificate(self):
        old = read_trust_list(written(entry("a.fr"), entry("b.fr"), entry("c.fr"))).entries
        new = read_trust_list(written(entry("a.fr"), entry("b.fr", LABO), entry("c.fr", Description="new"))).entries
        found = compare(old, new)
        assert [one.key for one in found.added] == [("b.fr", Subject.parse(LABO))]
        assert found.removed == (("b.fr", Subject.parse(CHU)),)
        assert [one.key for one in found.updated] == [("c.fr", Subject.parse(CHU))]
        assert compare(new, new).added == compare(new, new).removed == compare(new, new).updated == ()


@pytest.mark.django_db
class TestTaking:
    def read(self, *entries, at=MONDAY, **options):
        return import_trust_list(document([(*one, "") for one in entries], at), source="test", **options)

    def test_a_list_makes_domains_trusted_and_says_who_speaks_for_them(self):
        reading = self.read(("a.fr", CHU), ("b.fr", CHU), ("b.fr", LABO))
        assert (reading.outcome, reading.entries, reading.domains, reading.operators) == ("taken", 3, 2, 2)
        assert operator_subjects("B.fr.") == {Subject.parse(CHU), Subject.parse(LABO)}
        assert trust_space().domains_of(Subject.parse(CHU)) == {"a.fr", "b.fr"}
        assert not trust_space().hosts("a.fr")
        assert [(row.kind, row.domain) for row in trust_changes()] == [("added", "b.fr")] * 2 + [("added", "a.fr")]

    def test_the_next_list_takes_its_place_and_a_domain_left_out_is_trusted_no_more(self):
        self.read(("a.fr", CHU), ("b.fr", CHU), ("c.fr", CHU), ("d.fr", CHU), ("e.fr", CHU))
        reading = self.read(("a.fr", LABO), ("b.fr", CHU), ("c.fr", CHU), ("d.fr", CHU), at=TUESDAY)
        assert (reading.added, reading.removed, reading.updated) == (1, 2, 0)
        assert operator_subjects("a.fr") == {Subject.parse(LABO)}
        assert operator_subjects("e.fr") == frozenset()
        assert not trust_space().lists("e.fr")
        assert {(row.kind, row.domain) for row in trust_changes(limit=3)} == {
            ("removed", "a.fr"),
            ("removed", "e.fr"),
            ("added", "a.fr"),
        }

    def test_the_same_list_changes_nothing_and_is_noted(self):
        self.read(("a.fr", CHU))
        before = trust_changes()
        assert self.read(("a.fr", CHU)).outcome == "unchanged"
        assert trust_changes() == before
        assert last_read().outcome == "unchanged"
        assert last_taken().outcome == "taken"

    def test_an_older_list_is_refused_and_the_last_one_stays(self):
        self.read(("a.fr", CHU), at=TUESDAY)
        reading = self.read(("b.fr", CHU), at=MONDAY)
        assert reading.outcome == "refused"
        assert "before the one in force" in reading.reason
        assert trust_space().listed == {"a.fr"}

    def test_a_list_cut_short_is_refused_unless_somebody_says_that_the_loss_is_meant(self):
        self.read(*((f"d{number}.fr", CHU) for number in range(10)))
        rest = [(f"d{number}.fr", CHU) for number in range(7)]
        reading = self.read(*rest, at=TUESDAY)
        assert reading.outcome == "refused"
        assert "leaves out 3 of 10 domains" in reading.reason
        assert len(trust_space().listed) == 10
        assert self.read(*rest, at=TUESDAY, accept_loss=True).outcome == "taken"
        assert len(trust_space().listed) == 7

    def test_bytes_that_are_no_list_leave_the_last_one_and_their_reason(self):
        self.read(("a.fr", CHU))
        assert import_trust_list(b"<html>Maintenance</html>", source="test").outcome == "refused"
        assert trust_space().listed == {"a.fr"}
        assert "namespace" in last_read().reason

    def test_what_was_added_by_hand_stays_whatever_the_list_says(self):
        trust_domain(Domain("mine.fr"), operator="Moi", hosted=True, subjects=[(Subject.parse(LABO), LABO)])
        self.read(("a.fr", CHU), ("mine.fr", CHU))
        assert operator_subjects("mine.fr") == {Subject.parse(LABO), Subject.parse(CHU)}
        self.read(("a.fr", CHU), at=TUESDAY, accept_loss=True)
        assert operator_subjects("mine.fr") == {Subject.parse(LABO)}
        assert trust_space().hosts("mine.fr")
        assert TrustedDomain.objects.get(domain="mine.fr").operator == "Moi"

    def test_what_was_added_by_hand_can_be_taken_back_and_the_lists_word_stays(self):
        trust_domain(Domain("both.fr"), operator="Moi")
        trust_domain(Domain("mine.fr"), operator="Moi")
        self.read(("both.fr", CHU))
        assert distrust_domain(Domain("both.fr"))
        assert distrust_domain(Domain("mine.fr"))
        assert not distrust_domain(Domain("unknown.fr"))
        assert trust_space().listed == {"both.fr"}

    def test_a_domain_trusted_by_hand_without_a_certificate_has_nobody_who_speaks_for_it(self):
        trust_domain(Domain("mine.fr"), operator="Moi")
        assert trust_space().lists("mine.fr")
        assert operator_subjects("mine.fr") == frozenset()

    def test_a_list_of_the_published_size_is_taken_within_two_seconds(self):
        entries = [(f"domaine-{number}.mssante.fr", operator(number)) for number in range(8_655)]
        content = document([(*one, "Établissement") for one in entries], MONDAY)
        # Time of this process: the machine may have other things to do.
        begun = time.process_time()
        reading = import_trust_list(content, source="test")
        taken = time.process_time() - begun
        assert (reading.entries, reading.domains, reading.operators, reading.added) == (8_655, 8_655, 321, 8_655)
        # 2,729 changes came in one quarter: all of them at once, here.
        moved = [(domain, LABO if number < 1_400 else dn) for number, (domain, dn) in enumerate(entries)]
        content = document([(*one, "Établissement") for one in moved], TUESDAY)
        begun = time.process_time()
        reading = import_trust_list(content, source="test")
        changed = time.process_time() - begun
        assert (reading.added, reading.removed) == (1_400, 1_400)
        assert TrustEntry.objects.count() == len(trust_space().listed) == 8_655
        assert len(TrustListVersion.objects.get(id=reading.version).raw) < 400_000
        assert max(taken, changed) < 2

    def test_the_console_pages_and_searches(self):
        self.read(*((f"d{number}.fr", CHU if number % 2 else LABO) for number in range(9)))
        first = trusted(limit=5)
        assert [row.domain for row in first] == ["d0.fr", "d1.fr", "d2.fr", "d3.fr", "d4.fr"]
        assert [row.domain for row in trusted(after="d4.fr")] == ["d5.fr", "d6.fr", "d7.fr", "d8.fr"]
        assert [row.domain for row in trusted(text="Rhône")] == ["d0.fr", "d2.fr", "d4.fr", "d6.fr", "d8.fr"]
        newest = trust_changes(limit=2)
        assert [row.domain for row in trust_changes(before=newest[-1].id, limit=1)] == ["d6.fr"]


def operator(number):
    kind = number % 321 if number < 321 * 26 else number % 300
    return f"CN=mss{kind}.operateur.fr,OU=0002 {100000000 + kind},O=Opérateur {kind},ST=Paris (75),C=FR"


def test_the_sandboxs_list_stays_the_same_file_until_it_says_something_else(tmp_path):
    file = write_trust_list(tmp_path / "list.xml", [("a.fr", CHU, "")])
    before = file.read_bytes()
    assert write_trust_list(file, [("a.fr", CHU, "")]).read_bytes() == before
    assert b"b.fr" in write_trust_list(file, [("b.fr", CHU, "")]).read_bytes()
    assert read_trust_list(before).generated_at <= now()
