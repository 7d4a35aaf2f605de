"""What a mailbox must be, how its sender is named, and which domains are trusted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.rules import (
    MailboxProblem,
    TrustReason,
    check_change,
    check_mailbox,
    description_is_clear,
    sender_label,
    trust,
)
from carnet.domain.directory.values import Domain, MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess, Rpps

PER, ORG, APP, CAB = MailboxKind
GP = Rpps("99700218896")
HOSPITAL = Finess("750712184")
CARDIOLOGY = "Secrétariat de cardiologie"


@pytest.mark.parametrize(
    ("kind", "given_facts"),
    [
        (PER, {"rpps": GP}),
        (PER, {"rpps": GP, "finess": HOSPITAL}),
        (ORG, {"finess": HOSPITAL, "description": CARDIOLOGY}),
        (ORG, {"finess": HOSPITAL, "description": CARDIOLOGY, "service": "Cardiologie", "responsible": "Dr Roy"}),
        (APP, {"finess": HOSPITAL, "description": "Envoi automatique du laboratoire"}),
        (CAB, {"rpps": GP, "description": "Cabinet médical du Parc"}),
    ],
)
def test_whole_mailbox_has_no_problem(kind, given_facts):
    assert check_mailbox(kind, **given_facts) == []


@pytest.mark.parametrize(
    ("kind", "given_facts", "problems"),
    [
        (PER, {}, [MailboxProblem.RPPS_MISSING]),
        (PER, {"finess": HOSPITAL}, [MailboxProblem.RPPS_MISSING]),
        (PER, {"rpps": GP, "description": CARDIOLOGY}, [MailboxProblem.DESCRIPTION_NOT_CARRIED]),
        (
            PER,
            {"rpps": GP, "service": "Cardiologie", "responsible": "Dr Roy"},
            [MailboxProblem.SERVICE_NOT_CARRIED, MailboxProblem.RESPONSIBLE_NOT_CARRIED],
        ),
        (ORG, {"description": CARDIOLOGY}, [MailboxProblem.FINESS_MISSING]),
        (ORG, {"finess": HOSPITAL}, [MailboxProblem.DESCRIPTION_MISSING]),
        (ORG, {"finess": HOSPITAL, "description": " \u00a0"}, [MailboxProblem.DESCRIPTION_MISSING]),
        (ORG, {"finess": HOSPITAL, "description": "UF 3210"}, [MailboxProblem.DESCRIPTION_UNCLEAR]),
        (ORG, {"finess": HOSPITAL, "description": "mot " * 200}, [MailboxProblem.DESCRIPTION_TOO_LONG]),
        (APP, {}, [MailboxProblem.FINESS_MISSING, MailboxProblem.DESCRIPTION_MISSING]),
        (
            APP,
            {"finess": HOSPITAL, "rpps": GP, "description": CARDIOLOGY},
            [MailboxProblem.RPPS_NOT_CARRIED],
        ),
        (CAB, {"finess": HOSPITAL, "description": CARDIOLOGY}, [MailboxProblem.RPPS_MISSING]),
        (CAB, {"rpps": GP}, [MailboxProblem.DESCRIPTION_MISSING]),
        (
            CAB,
            {"rpps": GP, "description": CARDIOLOGY, "service": "Cardiologie"},
            [MailboxProblem.SERVICE_NOT_CARRIED],
        ),
    ],
)
def test_each_missing_or_misplaced_thing_is_named(kind, given_facts, problems):
    assert check_mailbox(kind, **given_facts) == problems


@pytest.mark.parametrize(
    "text", ["Secrétariat de cardiologie", "Pharmacie du Marché", "HAD Lyon", "CHU Orléans – Urgences pédiatriques"]
)
def test_description_in_words_is_clear(text):
    assert description_is_clear(text)


@pytest.mark.parametrize(
    "text", ["UF 3210", "BAL2", "test", "cardiologie", "CHU SMR", "secretariat cardio@chu.fr", "12345 67890", ""]
)
def test_description_in_codes_is_not_clear(text):
    assert not description_is_clear(text)


def test_address_and_kind_are_for_the_whole_life_of_a_mailbox():
    before = (MailboxAddress("Cardio@chu.fr"), ORG)
    assert check_change(before, (MailboxAddress("cardio@chu.fr"), ORG)) == []
    assert check_change(before, (MailboxAddress("cardio2@chu.fr"), ORG)) == [MailboxProblem.ADDRESS_CHANGED]
    assert check_change(before, (MailboxAddress("cardio@chu2.fr"), APP)) == [
        MailboxProblem.ADDRESS_CHANGED,
        MailboxProblem.KIND_CHANGED,
    ]


def test_professional_is_named_by_title_given_name_capital_name_and_entity():
    assert (
        sender_label(PER, title="Dr", given_name="Zoé", family_name="Lévy-Martin", entity="Hôpital A")
        == "Dr Zoé LÉVY-MARTIN Hôpital A"
    )
    assert sender_label(PER, given_name="Zoé", family_name="Lévy") == "Zoé LÉVY"


@pytest.mark.parametrize(
    "names", [{}, {"given_name": "Zoé"}, {"family_name": "Lévy"}, {"given_name": " ", "family_name": "x"}]
)
def test_professional_without_both_names_has_no_label(names):
    assert sender_label(PER, title="Dr", entity="Hôpital A", **names) == ""


@pytest.mark.parametrize("kind", [ORG, APP, CAB])
def test_other_mailboxes_are_named_by_what_they_do(kind):
    label = sender_label(kind, functional_label="Hopital A – Service Cardiologie", given_name="Zoé", family_name="Lévy")
    assert label == "Hopital A – Service Cardiologie"


@given(st.text(), st.text(), st.text(), st.text(), st.sampled_from(MailboxKind))
def test_label_is_one_line_whatever_it_is_made_of(title, given_name, family_name, label, kind):
    made = sender_label(
        kind, title=title, given_name=given_name, family_name=family_name, entity=label, functional_label=label
    )
    assert not any(unicodedata.category(character)[0] == "C" for character in made)
    assert made == " ".join(made.split())


LISTED = frozenset({Domain("medecin.mssante.fr"), Domain.parse("chu-orléans.mssante.fr")})


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("medecin.mssante.fr", TrustReason.LISTED),
        ("MEDECIN.mssante.fr.", TrustReason.LISTED),
        ("CHU-ORLÉANS.mssante.fr", TrustReason.LISTED),
        ("xn--chu-orlans-h7a.mssante.fr", TrustReason.LISTED),
        (Domain("medecin.mssante.fr"), TrustReason.LISTED),
        ("mssante.fr", TrustReason.NOT_LISTED),
        ("x.medecin.mssante.fr", TrustReason.NOT_LISTED),
        ("medecin.mssante.fr.evil.fr", TrustReason.NOT_LISTED),
        ("mеdecin.mssante.fr", TrustReason.NOT_LISTED),  # a Cyrillic е
        ("", TrustReason.NOT_A_DOMAIN),
        ("[192.0.2.1]", TrustReason.NOT_A_DOMAIN),
    ],
)
def test_only_listed_domains_are_trusted_in_any_writing(domain, reason):
    decision = trust(domain, LISTED)
    assert decision.reason is reason
    assert decision.allowed == (reason is TrustReason.LISTED)


def test_without_a_list_nobody_is_trusted():
    decision = trust("medecin.mssante.fr", frozenset())
    assert (decision.allowed, decision.reason) == (False, TrustReason.NO_LIST)


def test_every_code_has_a_sentence():
    assert all(problem.sentence for problem in MailboxProblem)
    assert all(reason.sentence for reason in TrustReason)
