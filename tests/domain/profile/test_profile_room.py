"""The profile as it is kept: whose it is, what the trail has, what the PDF says."""

import io
from uuid import UUID

import pikepdf
import pypdfium2
import pytest
from django.db import connection

from carnet.domain.audit.models import AccessEvent
from carnet.domain.profile.commands import EntryRefused, add_entry, change_entry, remove_entry, say_nothing
from carnet.domain.profile.models import ProfileEntry
from carnet.domain.profile.pdf import profile_file_name, profile_pdf
from carnet.domain.profile.queries import Profile, read_entry, read_profile
from carnet.domain.profile.values import Entry, EntryProblem, Section
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Act, Actor, ActorKind, Decision, Refusal
from carnet.foundation.clock import now
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
ASTHMA = Entry(Section.DISEASES, text="Asthme sévère", started="1991-03", comment="Au printemps")


@pytest.fixture
def patient() -> UUID:
    return cast.patient()


def of(space_id: UUID) -> Actor:
    return holder(HealthSpace.objects.select_related("person").get(id=space_id))


def read(space_id: UUID) -> Profile:
    found = read_profile(of(space_id), space_id, now().date())
    assert isinstance(found, Profile)
    return found


def told(space_id: UUID) -> list[Entry]:
    return [one.entry for section in read(space_id).sections for one in section.entries]


def trail(space_id: UUID) -> list[tuple[str, bool]]:
    """What was done to the profile, and whether it was allowed."""
    events = AccessEvent.objects.filter(space_id=space_id, act__endswith="-profile").order_by("sequence")
    return list(events.values_list("act", "allowed"))


def test_the_holder_adds_changes_and_takes_out_and_the_trail_has_each(patient: UUID) -> None:
    actor = of(patient)
    entry_id = add_entry(actor, patient, ASTHMA)
    assert isinstance(entry_id, UUID)
    better = Entry(Section.DISEASES, text="Asthme", started="1991-03")
    assert change_entry(actor, patient, entry_id, better, version=1) == entry_id
    assert told(patient) == [better]
    assert remove_entry(actor, patient, entry_id) is None
    assert told(patient) == []
    changed, opened = (Act.CHANGE_PROFILE.value, True), (Act.READ_PROFILE.value, True)
    assert trail(patient) == [changed, changed, opened, changed, opened]


def test_what_is_told_and_in_which_section_is_sealed(patient: UUID) -> None:
    add_entry(of(patient), patient, ASTHMA)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM profile_entry")
        row = bytes(cursor.fetchone()[0])
    assert b"Asthme" not in row
    assert b"diseases" not in row


def test_an_entry_that_cannot_be_kept_changes_nothing_and_leaves_no_trace(patient: UUID) -> None:
    refused = add_entry(of(patient), patient, Entry(Section.DISEASES, text="Asthme", started="2999"))
    assert isinstance(refused, EntryRefused)
    assert list(refused.problems.values()) == [EntryProblem.IN_THE_FUTURE]
    assert trail(patient) == []
    assert isinstance(add_entry(of(patient), patient, ASTHMA), UUID)


def test_an_older_page_never_overwrites_a_newer_one(patient: UUID) -> None:
    actor = of(patient)
    entry_id = add_entry(actor, patient, ASTHMA)
    assert isinstance(entry_id, UUID)
    newer = Entry(Section.DISEASES, text="Asthme léger", started="1991")
    assert change_entry(actor, patient, entry_id, newer, version=1) == entry_id
    late = change_entry(actor, patient, entry_id, ASTHMA, version=1)
    assert late == EntryRefused({None: EntryProblem.CHANGED_MEANWHILE})
    assert told(patient) == [newer]


def test_no_known_allergy_is_said_once_and_ends_with_the_first_allergy(patient: UUID) -> None:
    actor = of(patient)
    for _ in range(2):
        assert say_nothing(actor, patient, Section.ALLERGIES, nothing=True) is None
    assert [one.section for one in read(patient).told] == [Section.ALLERGIES]
    assert ProfileEntry.objects.count() == 1
    add_entry(actor, patient, Entry(Section.ALLERGIES, text="Arachide"))
    assert told(patient) == [Entry(Section.ALLERGIES, text="Arachide")]
    assert say_nothing(actor, patient, Section.ALLERGIES, nothing=True) == Decision(False, Refusal.NOT_PROVIDED)


def test_nobody_else_reads_or_changes_a_profile(patient: UUID) -> None:
    entry_id = add_entry(of(patient), patient, ASTHMA)
    assert isinstance(entry_id, UUID)
    stranger = cast.curious_stranger()
    others = {
        Refusal.NOT_YOURS: of(stranger),
        Refusal.NOT_PROVIDED: Actor(ActorKind.PROFESSIONAL, "Dr Claire MORVAN", mailbox_id=patient),
    }
    for reason, actor in others.items():
        for attempt in (
            lambda: read_profile(actor, patient, now().date()),  # noqa: B023 - called within the turn
            lambda: read_entry(actor, patient, entry_id),  # noqa: B023
            lambda: profile_pdf(actor, patient, "fr"),  # noqa: B023
            lambda: add_entry(actor, patient, ASTHMA),  # noqa: B023
            lambda: change_entry(actor, patient, entry_id, ASTHMA, version=1),  # noqa: B023
            lambda: remove_entry(actor, patient, entry_id),  # noqa: B023
            lambda: say_nothing(actor, patient, Section.ALLERGIES, nothing=True),  # noqa: B023
        ):
            assert attempt() == Decision(False, reason)
    assert [allowed for _, allowed in trail(patient)] == [True, *[False] * 14]
    assert told(patient) == [ASTHMA]


def test_an_entry_of_another_space_is_not_found_by_its_number(patient: UUID) -> None:
    entry_id = add_entry(of(patient), patient, ASTHMA)
    assert isinstance(entry_id, UUID)
    stranger = cast.curious_stranger()
    assert read_entry(of(stranger), stranger, entry_id) == Decision(False, Refusal.NOT_FOUND)
    assert change_entry(of(stranger), stranger, entry_id, ASTHMA, version=1) == Decision(False, Refusal.NOT_FOUND)
    remove_entry(of(stranger), stranger, entry_id)
    assert told(patient) == [ASTHMA]


# --- on paper ---------------------------------------------------------------------------------------------------


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_pdf_says_who_and_what_and_is_accessible_and_for_keeping(patient: UUID) -> None:
    actor = of(patient)
    add_entry(actor, patient, ASTHMA)
    add_entry(actor, patient, Entry(Section.MEASURES, kind="weight", value="62,5", started="2026-11-20"))
    say_nothing(actor, patient, Section.ALLERGIES, nothing=True)
    pdf = profile_pdf(actor, patient, "en")
    assert isinstance(pdf, bytes)
    text = text_of(pdf)
    for words in ("Medical profile", "DOMINIQUE MARIE-LOUISE PAT-TROIS", "28 March 1979", "2 79 03 51 215 189 89",
                  "Asthme sévère", "Since March 1991", "Au printemps", "No known allergy", "62.5"):  # fmt: skip
        assert words in text.replace("\u00a0", " "), words
    assert "Treatments" not in text  # only what is told
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang).startswith("en")
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == "Medical profile"
    assert trail(patient)[-1] == (Act.READ_PROFILE.value, True)
    assert profile_file_name("fr").endswith(".pdf")


HOSTILE = '#panic("x") #import "@preview/a:1" $x$ *gras* _it_ `code` [lien] ] } \\ // /* <a> @b "'


@pytest.mark.parametrize("text", [HOSTILE, "😀 日本語", "العربية ١٢", "‮txt.exe", "a" * 200, "\ud83d <b>"])
def test_what_people_type_is_shown_as_it_is_and_never_read_as_markup(patient: UUID, text: str) -> None:
    actor = of(patient)
    said = {"text": text, "comment": f"{text}\n{text}"}
    assert isinstance(add_entry(actor, patient, Entry.typed(Section.ALLERGIES, said)), UUID)
    pdf = profile_pdf(actor, patient, "fr")
    assert isinstance(pdf, bytes)
    if text is HOSTILE:
        shown = " ".join(text_of(pdf).split())
        for piece in ('#panic("x")', "#import", "$x$", "*gras*", "`code`", "[lien]", "/* <a>"):
            assert piece in shown
