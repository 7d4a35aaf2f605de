"""Contacts of a holder: pharmacies that may be written to first, why others may not, answers to all, and searching."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from holder_scene import a_letter, actor_of, arrive
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries.pharmacies import find_pharmacies
from carnet.domain.identity.models import Structure
from carnet.domain.messaging.access import open_conversation
from carnet.domain.messaging.commands.drafts import save_draft, send_draft
from carnet.domain.messaging.commands.write import Written, answer
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.models import Contact, Conversation, FolderEntry
from carnet.domain.messaging.queries.contacts import contact_list, known_pharmacies
from carnet.domain.messaging.queries.conversations import conversation
from carnet.domain.messaging.queries.holder_search import search_messages
from carnet.domain.messaging.rules import BoxState, ContactState, WhyNot, others_to_answer, standing
from carnet.domain.messaging.values import ReplyOption
from carnet.domain.messaging.wanted_words import Wanted, excerpt_of
from carnet.domain.spaces.values import Act, Decision, Refusal
from carnet.sandbox import cast

GP = f"claire.morvan@{cast.CITY_DOMAIN}"
PHARMACY = f"pharmacie.tilleuls@{cast.CITY_DOMAIN}"


@pytest.fixture
def patient(db: None) -> UUID:
    """Dominique, to whom nobody has written; the ward, her GP and the pharmacy are there."""
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    cast.general_practitioner()
    cast.pharmacy()
    return cast.patient()


def write_to_pharmacy(space_id: UUID, mailbox_id: UUID) -> Written | Decision:
    draft_id = uuid4()
    content = DraftContent(subject="Mon ordonnance", text="Bonjour.", pharmacy=str(mailbox_id))
    save_draft(actor_of(space_id), space_id, draft_id, content)
    done = send_draft(actor_of(space_id), space_id, draft_id)
    assert isinstance(done, Written | Decision)
    return done


def the_pharmacy() -> Mailbox:
    return Mailbox.objects.get(address=PHARMACY)


def test_a_holder_writes_first_to_a_pharmacy_and_to_nobody_else(patient: UUID) -> None:
    done = write_to_pharmacy(patient, the_pharmacy().id)
    assert isinstance(done, Written)
    assert FolderEntry.objects.filter(mailbox_id=the_pharmacy().id).count() == 1
    opened = open_conversation(actor_of(patient), Act.READ_CONVERSATION, patient, done.conversation_id)
    assert not isinstance(opened, Decision)
    assert ReplyOption.REPLY in conversation(opened).options, "a second message may follow before an answer"
    for other in (GP, f"orthopedie@{cast.HOSPITAL_DOMAIN}"):
        refused = write_to_pharmacy(patient, Mailbox.objects.get(address=other).id)
        assert isinstance(refused, Decision)
        assert refused.reason is Refusal.CANNOT_WRITE_FIRST
    assert Contact.objects.filter(space_id=patient).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"red_list": True},
        {"published": False},
        {"state": "closed"},
        {"kind": "APP"},
    ],
)
def test_that_it_may_is_asked_again_when_the_message_leaves(patient: UUID, change: dict[str, object]) -> None:
    pharmacy = the_pharmacy()
    Mailbox.objects.filter(id=pharmacy.id).update(**change)
    assert isinstance(write_to_pharmacy(patient, pharmacy.id), Decision)
    assert find_pharmacies("tilleuls") == []


def test_the_sectors_are_a_setting(patient: UUID, settings: object) -> None:
    settings.CARNET_PHARMACY_SECTORS = ()  # type: ignore[attr-defined]
    assert find_pharmacies("tilleuls") == []
    assert isinstance(write_to_pharmacy(patient, the_pharmacy().id), Decision)


def test_a_pharmacy_that_ends_the_exchange_is_written_to_no_more(patient: UUID) -> None:
    done = write_to_pharmacy(patient, the_pharmacy().id)
    assert isinstance(done, Written)
    arrive(a_letter("[FIN]", From=PHARMACY, references=done.conversation_id), sender=PHARMACY)
    refused = write_to_pharmacy(patient, the_pharmacy().id)
    assert isinstance(refused, Decision)
    assert refused.reason is Refusal.EXCHANGE_ENDED
    [row] = contact_list(patient)
    assert row.standing.why_not is WhyNot.ENDED


@pytest.mark.parametrize("text", ["tilleuls", "PHARMACIE saint", "saint-aubin", "Tilleùls"])
def test_pharmacies_are_found_by_name_or_town(patient: UUID, text: str) -> None:
    assert [one.name for one in find_pharmacies(text)] == ["Pharmacie des Tilleuls"]


@pytest.mark.parametrize("text", ["", "x", "orthopédique", "%%", "tilleuls rennes"])
def test_nothing_else_is_found(patient: UUID, text: str) -> None:
    assert find_pharmacies(text) == []


def test_pharmacies_where_one_has_been_come_first_while_they_can_be_written_to(patient: UUID) -> None:
    cast.pharmacies_known()
    assert [one.name for one in known_pharmacies(patient)] == ["Pharmacie des Tilleuls"]
    Structure.objects.update(active=False)
    assert known_pharmacies(patient) == []


def test_contacts_say_who_can_be_written_to_and_what_to_know_first(patient: UUID) -> None:
    arrive(a_letter())
    arrive(a_letter(From=GP), sender=GP)
    today = timezone.localdate()
    Mailbox.objects.filter(address=GP).update(
        absence_id=uuid4(), absence_from=today, absence_until=today + timedelta(days=3), absence_text="Congés"
    )
    Mailbox.objects.filter(address=f"orthopedie@{cast.HOSPITAL_DOMAIN}").update(state="suspended")
    away, shut = contact_list(patient)
    assert (away.correspondent.name, away.standing.may_write) == ("Dr Claire MORVAN", True)
    assert (away.standing.absent_until, away.standing.answer_hours) == (today + timedelta(days=3), 72)
    assert shut.standing.why_not is WhyNot.SUSPENDED


@pytest.mark.parametrize(
    ("contact", "box", "why_not"),
    [
        (ContactState(has_written=True), BoxState(), None),
        (ContactState(has_written=True, ended=True), BoxState(closed=True), WhyNot.ENDED),
        (ContactState(has_written=True), BoxState(closed=True), WhyNot.CLOSED),
        (ContactState(), BoxState(closed=True), WhyNot.CLOSED),
        (ContactState(), BoxState(), WhyNot.NEVER_WROTE),
        (ContactState(takes_first_message=True), BoxState(), None),
        (ContactState(has_written=True), BoxState(suspended=True), WhyNot.SUSPENDED),
    ],
)
def test_why_somebody_cannot_be_written_to(contact: ContactState, box: BoxState, why_not: WhyNot | None) -> None:
    assert standing(contact, box).why_not is why_not


def test_a_professional_who_is_no_longer_active_is_only_warned_of() -> None:
    told = standing(ContactState(has_written=True), BoxState(holder_active=False))
    assert (told.may_write, told.inactive) == (True, True)


def test_an_answer_to_all_reaches_the_others_and_they_may_go_on_with_it(patient: UUID) -> None:
    others = f"{cast.DOMINIQUE.ins}@patient.mssante.test, {GP}, pirate@ailleurs.test"
    arrive(a_letter("Votre suite", To=others))
    begun = Conversation.objects.get(space_id=patient)
    opened = open_conversation(actor_of(patient), Act.READ_CONVERSATION, patient, begun.id)
    assert not isinstance(opened, Decision)
    shown = conversation(opened)
    assert ReplyOption.REPLY_TO_ALL in shown.options
    assert shown.others == ("Dr Claire MORVAN",), "nobody outside the trust list, and no patient"
    boxes = {one.address: one.id for one in Mailbox.objects.all()}
    assert isinstance(answer(actor_of(patient), patient, begun.id, "Au chirurgien"), Written)
    assert not FolderEntry.objects.filter(mailbox_id=boxes[GP]).exists()
    assert isinstance(answer(actor_of(patient), patient, begun.id, "À tous", everyone=True), Written)
    assert FolderEntry.objects.filter(mailbox_id=boxes[GP]).count() == 1
    arrive(a_letter("Re: Votre suite", From=GP, references=begun.id), sender=GP)
    assert Conversation.objects.filter(space_id=patient).count() == 1, "she joins the conversation that she was told of"


def test_only_addresses_of_the_trust_list_are_answered() -> None:
    named = ["a@x.fr", "A@X.fr", "b@x.fr", "p@patient.fr", "c@y.fr"]
    assert others_to_answer(named, "b@X.FR", {"x.fr", "patient.fr"}, ["patient.fr"]) == ("a@x.fr",)
    assert len(others_to_answer([f"{n}@x.fr" for n in range(50)], "b@x.fr", {"x.fr"}, [])) == 10


def test_messages_are_found_by_words_whatever_their_case_and_accents(patient: UUID) -> None:
    letters = [a_letter(f"Lettre {n}", f"Consultation numéro {n}") for n in range(5)]
    letters[2].add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Échographie.pdf")
    for one in letters:
        arrive(one)
    assert [str(hit.subject) for hit in search_messages(patient, "NUMERO consultation 3").hits] == ["Lettre 3"]
    [hit] = search_messages(patient, "echographie").hits
    assert [part.text for part in hit.files[0].parts if part.is_hit] == ["Échographie"]
    assert len(search_messages(patient, "orthopedique").hits) == 5, "the name of who wrote"
    assert search_messages(patient, "absent partout").hits == []
    first = search_messages(patient, "consultation", hits=3)
    rest = search_messages(patient, "consultation", hits=3, before=first.next_before)
    assert [str(hit.subject) for hit in (*first.hits, *rest.hits)] == [f"Lettre {n}" for n in (4, 3, 2, 1, 0)]


@given(st.text(max_size=300), st.text(max_size=20))
def test_an_excerpt_is_some_of_the_text_and_every_word_marked_was_looked_for(text: str, asked: str) -> None:
    wanted = Wanted.of(asked)
    flat = " ".join(text.split())
    assert str(excerpt_of(text, wanted, whole=True)) == flat
    for part in excerpt_of(text, wanted).parts:
        if part.is_hit:
            assert part.text in flat
            assert wanted.any_in(part.text)
