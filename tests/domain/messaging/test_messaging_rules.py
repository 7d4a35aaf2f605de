"""Who may hand in mail, which thread it joins, when a machine answers, whose documents it carries."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.message import ParsedMessage
from carnet.domain.messaging.rules import (
    MAX_OWN_RECEIVED,
    MAX_RECEIVED,
    KnownMessage,
    answer_address,
    check_loop,
    check_sender_at_operators_door,
    check_sender_at_submission,
    dsn_allowed,
    is_automatic_double,
    match_conversation,
    patient_matches,
    receipt_due,
    receipt_wanted,
    recipient_reply,
    sender_display,
)
from carnet.domain.messaging.values import DeliveryOutcome, MessagingRefusal, RecipientState

WARD = "cardio@hopital-a.mssante.fr"
ROBOT = "robot@hopital-a.mssante.fr"
PEER = frozenset({"hopital-a.mssante.fr", "labo.mssante.fr"})
HERE = frozenset({"patient.mssante.fr", "carnet.mssante.fr"})
INS = "279035121518989"


def test_unknown_closed_and_opposed_spaces_get_the_same_answer() -> None:
    answers = {recipient_reply(one) for one in (RecipientState.UNKNOWN, RecipientState.CLOSED, RecipientState.OPPOSED)}
    assert len(answers) == 1
    assert str(answers.pop()).startswith("550 5.1.1 ")


def test_a_wrong_number_is_told_the_form_that_is_expected() -> None:
    for state in (RecipientState.WRONG_KEY, RecipientState.BAD_SYNTAX):
        answer = recipient_reply(state, "patient.test.fr")
        assert (answer.code, answer.enhanced, answer.accepts) == (553, "5.1.3", False)
        assert "15 characters" in answer.text
        assert "@patient.test.fr" in answer.text


@pytest.mark.parametrize("state", RecipientState)
def test_every_answer_is_one_short_line_of_ascii(state: RecipientState) -> None:
    line = str(recipient_reply(state))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 200
    assert recipient_reply(state).accepts == (state is RecipientState.OPEN)


@pytest.mark.parametrize(
    ("mail_from", "authors", "refusal"),
    [
        ("hopital-a.mssante.fr", ["hopital-a.mssante.fr"], None),
        ("HOPITAL-A.mssante.fr.", ["labo.mssante.fr"], None),
        (None, ["hopital-a.mssante.fr"], None),
        ("gmail.com", ["hopital-a.mssante.fr"], MessagingRefusal.SENDER_UNTRUSTED),
        ("x.hopital-a.mssante.fr", ["hopital-a.mssante.fr"], MessagingRefusal.SENDER_UNTRUSTED),
        ("", ["hopital-a.mssante.fr"], MessagingRefusal.SENDER_UNTRUSTED),
        ("hopital-a.mssante.fr", ["gmail.com"], MessagingRefusal.FROM_UNTRUSTED),
        ("hopital-a.mssante.fr", ["hopital-a.mssante.fr", "gmail.com"], MessagingRefusal.FROM_UNTRUSTED),
        ("hopital-a.mssante.fr", [], MessagingRefusal.FROM_MISSING),
        (None, [], MessagingRefusal.FROM_MISSING),
        ("hopital-a.mssante.fr", ["Patient.mssante.fr"], MessagingRefusal.SENDER_IS_HOSTED_HERE),
        ("carnet.mssante.fr", ["hopital-a.mssante.fr"], MessagingRefusal.SENDER_IS_HOSTED_HERE),
    ],
)
def test_another_operator_speaks_only_for_its_own_domains(
    mail_from: str | None, authors: list[str], refusal: MessagingRefusal | None
) -> None:
    decision = check_sender_at_operators_door(mail_from, authors, PEER | HERE, HERE)
    assert decision.reason is refusal
    assert bool(decision) == (refusal is None)


@pytest.mark.parametrize(
    ("mail_from", "authors", "refusal"),
    [
        (WARD, [WARD], None),
        ("Cardio@Hopital-A.mssante.fr", [WARD], None),
        ("", [WARD], None),
        (ROBOT, [WARD], MessagingRefusal.NOT_YOUR_ADDRESS),
        (WARD, [ROBOT], MessagingRefusal.NOT_YOUR_ADDRESS),
        (WARD, [WARD, ROBOT], MessagingRefusal.NOT_YOUR_ADDRESS),
        (WARD, [], MessagingRefusal.FROM_MISSING),
    ],
)
def test_a_mailbox_sends_only_under_its_own_address(
    mail_from: str, authors: list[str], refusal: MessagingRefusal | None
) -> None:
    assert check_sender_at_submission(WARD, mail_from, authors).reason is refusal


def test_nobody_sends_without_a_login() -> None:
    assert not check_sender_at_submission("", "", [""])


KNOWN = {
    "<a@h>": KnownMessage("first", frozenset({WARD})),
    "<b@h>": KnownMessage("second", frozenset({"CARDIO@hopital-a.mssante.fr", "labo@labo.mssante.fr"})),
}


@pytest.mark.parametrize(
    ("references", "in_reply_to", "sender", "conversation"),
    [
        ([], "<a@h>", WARD, "first"),
        (["<a@h>", "<b@h>"], None, WARD, "second"),
        (["<b@h>"], "<a@h>", WARD, "first"),
        (["<a@h>", "<unknown@h>"], "<unknown@h>", WARD, "first"),
        (["<a@h>"], None, "Cardio@Hopital-a.mssante.fr", "first"),
        (["<a@h>", "<b@h>"], "<a@h>", "labo@labo.mssante.fr", "second"),
        (["<a@h>"], "<a@h>", "labo@labo.mssante.fr", None),
        (["<a@h>", "<b@h>"], "<b@h>", "stranger@labo.mssante.fr", None),
        (["<A@H>"], None, WARD, None),
        ([], None, WARD, None),
    ],
)
def test_a_message_joins_only_a_conversation_its_sender_took_part_in(
    references: list[str], in_reply_to: str | None, sender: str, conversation: str | None
) -> None:
    assert match_conversation(references, in_reply_to, KNOWN, sender) == conversation


@given(st.lists(st.sampled_from(["<a@h>", "<b@h>", "<c@h>"]), max_size=6), st.sampled_from([None, "<a@h>", "<b@h>"]))
def test_a_stranger_never_joins_a_conversation(references: list[str], in_reply_to: str | None) -> None:
    assert match_conversation(references, in_reply_to, KNOWN, "stranger@hopital-a.mssante.fr") is None


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [
        ([WARD], WARD),
        (["x@gmail.com"], ROBOT),
        (["x@gmail.com", WARD], WARD),
        (["254019812312312@patient.mssante.fr"], ROBOT),
        (["254019812312312@PATIENT.mssante.fr."], ROBOT),
        ([""], ROBOT),
        ([], ROBOT),
    ],
)
def test_an_answer_stays_inside_the_trust_list_and_never_goes_to_another_holder(
    reply_to: list[str], expected: str
) -> None:
    assert answer_address(ROBOT, reply_to, PEER | HERE, {"patient.mssante.fr"}) == expected


def test_only_the_directory_gives_a_name() -> None:
    known = sender_display("Dr Anne LE GOFF", WARD)
    assert (known.name, known.verified, known.domain) == ("Dr Anne LE GOFF", True, "hopital-a.mssante.fr")
    for name in (None, "", "  "):
        unknown = sender_display(name, WARD)
        assert (unknown.name, unknown.verified, unknown.domain) == (WARD, False, "hopital-a.mssante.fr")


ASKING = ParsedMessage(
    from_=(Address("", ROBOT),),
    reply_to=(Address("", "labo@labo.mssante.fr"),),
    disposition_notification_to=(Address("", ROBOT),),
)


def asked(*addresses: str) -> tuple[Address, ...]:
    return tuple(Address("", one) for one in addresses)


@pytest.mark.parametrize(
    ("parsed", "return_path", "refusal"),
    [
        (ASKING, ROBOT, None),
        (replace(ASKING, disposition_notification_to=asked("x@labo.mssante.fr")), ROBOT, None),
        (replace(ASKING, auto_submitted="no"), ROBOT, None),
        (replace(ASKING, disposition_notification_to=()), ROBOT, MessagingRefusal.RECEIPT_NOT_ASKED),
        (replace(ASKING, disposition_notification_to=asked(ROBOT, WARD)), ROBOT, MessagingRefusal.RECEIPT_NOT_ASKED),
        (ASKING, "", MessagingRefusal.NO_RETURN_ADDRESS),
        (ASKING, None, MessagingRefusal.NO_RETURN_ADDRESS),
        (replace(ASKING, auto_submitted="auto-replied"), ROBOT, MessagingRefusal.AUTOMATIC_MESSAGE),
        (replace(ASKING, report_type="delivery-status"), ROBOT, MessagingRefusal.AUTOMATIC_MESSAGE),
        (replace(ASKING, report_type=""), ROBOT, MessagingRefusal.AUTOMATIC_MESSAGE),
        (
            replace(ASKING, disposition_notification_to=asked("x@gmail.com")),
            ROBOT,
            MessagingRefusal.RECEIPT_ADDRESS_UNTRUSTED,
        ),
        (
            replace(ASKING, disposition_notification_to=asked("x@other.mssante.fr")),
            ROBOT,
            MessagingRefusal.RECEIPT_ADDRESS_ELSEWHERE,
        ),
    ],
)
def test_a_receipt_is_owed_only_to_the_sender(
    parsed: ParsedMessage, return_path: str | None, refusal: MessagingRefusal | None
) -> None:
    request = receipt_wanted(parsed, return_path, PEER | {"other.mssante.fr"})
    assert request.reason is refusal
    assert bool(request) == (refusal is None)
    assert (request.address is None) == (refusal is not None)


@given(st.booleans(), st.booleans(), st.booleans())
def test_a_receipt_leaves_once_at_the_first_display_to_a_person(first: bool, prefetch: bool, sent: bool) -> None:
    due = receipt_due(first_displayed=first, is_prefetch=prefetch, already_sent=sent)
    assert bool(due) == ((first, prefetch, sent) == (True, False, False))


@pytest.mark.parametrize(
    ("domain", "is_null", "refusal"),
    [
        ("Labo.mssante.fr", False, None),
        (None, True, MessagingRefusal.NO_RETURN_ADDRESS),
        ("labo.mssante.fr", True, MessagingRefusal.NO_RETURN_ADDRESS),
        ("", False, MessagingRefusal.NO_RETURN_ADDRESS),
        ("gmail.com", False, MessagingRefusal.SENDER_UNTRUSTED),
    ],
)
def test_a_failure_is_reported_only_inside_the_trust_list(
    domain: str | None, is_null: bool, refusal: MessagingRefusal | None
) -> None:
    assert dsn_allowed(domain, PEER, is_null=is_null).reason is refusal


def test_a_message_that_goes_round_is_stopped() -> None:
    assert check_loop(MAX_RECEIVED - 1)
    assert check_loop(MAX_RECEIVED).reason is MessagingRefusal.LOOP
    assert check_loop(10, MAX_OWN_RECEIVED - 1)
    assert check_loop(10, MAX_OWN_RECEIVED).reason is MessagingRefusal.LOOP


@pytest.mark.parametrize(
    ("found", "allowed", "unproven"),
    [
        ({INS}, True, False),
        ({INS, " 2 79 03 51 215 189 89 "}, True, False),
        (set(), True, True),
        ({""}, True, True),
        ({"254019812312312"}, False, False),
        ({INS, "254019812312312"}, False, False),
    ],
)
def test_documents_of_another_person_are_refused(found: set[str], allowed: bool, unproven: bool) -> None:
    match = patient_matches(INS, found)
    assert (match.allowed, match.is_unproven) == (allowed, unproven)
    assert (match.reason is MessagingRefusal.OTHER_PATIENT) == (not allowed)


def test_a_corsican_number_has_no_case() -> None:
    assert patient_matches("2790320215189aa".upper(), {"2790320215189AA".lower()})


@given(st.sampled_from(MailboxKind), st.booleans())
def test_a_double_is_a_robot_that_sends_documents(kind: MailboxKind, carries: bool) -> None:
    assert is_automatic_double(kind, carries_documents=carries) == (kind is MailboxKind.APP and carries)


@pytest.mark.parametrize("refusal", MessagingRefusal)
def test_every_refusal_has_a_sentence(refusal: MessagingRefusal) -> None:
    assert refusal.sentence.endswith(".")


def test_an_outcome_knows_whether_the_sender_must_be_told() -> None:
    assert {one for one in DeliveryOutcome if not one.is_refusal} == {
        DeliveryOutcome.DELIVERED,
        DeliveryOutcome.WITHHELD_INFECTED,
    }
