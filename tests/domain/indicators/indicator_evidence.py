"""A small hospital, its mailboxes and its patients, laid in the database with the evidence that others would leave."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.identity.models import Organization, Person
from carnet.domain.identity.values import Finess, Ins, InsOid
from carnet.domain.indicators.cohort import read_cohort
from carnet.domain.indicators.queries import Question
from carnet.domain.indicators.values import Month, Window
from carnet.domain.messaging.models import ConversationEntry, Dispatch, Folder, FolderEntry, PatientLetter
from carnet.domain.spaces.models import HealthSpace

JURIDICAL = "310000016"
NORTH = "310000024"
SOUTH = "310000032"
ELSEWHERE = "800000010"
OCTOBER = Month(2026, 10)
WINDOW = Window(30, 15)


def ins(number: int) -> Ins:
    """A test identity: born in 1980 nowhere in particular."""
    return Ins.from_body(f"1800199999{number:03d}")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hospital() -> dict[str, UUID]:
    """Two sites of one juridical entity, a stranger far away, and a mailbox of each; `second` is also of the north."""
    domain = TrustedDomain.objects.create(domain="ch.mssante.fr", operator="CH", since=utc("2020-01-01"))
    for finess, juridical in ((NORTH, JURIDICAL), (SOUTH, JURIDICAL), (ELSEWHERE, "800000002")):
        Organization.objects.create(finess=finess, finess_ej=juridical, name=f"Site {finess}")
    mailboxes = {}
    for name, finess in (("north", NORTH), ("second", NORTH), ("south", SOUTH), ("elsewhere", ELSEWHERE)):
        mailboxes[name] = Mailbox.objects.create(
            id=uuid4(), address=f"{name}@ch.mssante.fr", domain=domain, kind="ORG", organization_id=finess,
            label=name, created_at=utc("2020-01-01"),
        ).id  # fmt: skip
    return mailboxes


def patient(number: int, oid: InsOid = InsOid.NIR_TEST) -> UUID:
    """Somebody with an open space; the space's id."""
    opened = utc("2022-01-01")
    person = Person.objects.create(
        id=uuid4(), ins=ins(number), oid=oid.value, status="qualified", traits=b"", created_at=opened
    )
    return HealthSpace.objects.create(id=uuid4(), person=person, ins=ins(number), state="open", opened_at=opened).id


def write(
    mailbox: UUID,
    number: int,
    at: datetime,
    *,
    space: UUID | None = None,
    outcome: str = "delivered",
    double: bool = False,
    conversation: UUID | None = None,
    read_at: datetime | None = None,
) -> None:
    """A message to a patient, with its entry in the conversation when it arrived in a space."""
    message = uuid4() if space and outcome == "delivered" else None
    Dispatch.objects.create(
        mailbox_id=mailbox, ins=ins(number), space_id=space, message_id=message, sent_at=at, outcome=outcome,
        automatic_double=double,
    )  # fmt: skip
    if message:
        ConversationEntry.objects.create(
            space_id=space, message_id=message, conversation_id=conversation or uuid4(), direction="in", at=at,
            read_at=read_at, content=b"",
        )  # fmt: skip


def answer(space: UUID, conversation: UUID, at: datetime) -> None:
    """What a patient writes in a conversation."""
    ConversationEntry.objects.create(
        space_id=space, message_id=uuid4(), conversation_id=conversation, direction="out", at=at, content=b""
    )


def letter(
    mailbox: UUID,
    space: UUID,
    at: datetime,
    *,
    hosted: bool = True,
    failed: bool = False,
    flags: tuple[str, ...] = (),
    seen_at: datetime | None = None,
    answered_at: datetime | None = None,
) -> None:
    """A message from a patient to a mailbox, with the mailbox's copy in its folder when it is hosted here."""
    message, copy = uuid4(), uuid4() if hosted else None
    ConversationEntry.objects.create(
        space_id=space, message_id=message, conversation_id=uuid4(), direction="out", at=at, content=b"",
        delivery="failed" if failed else "",
    )  # fmt: skip
    PatientLetter.objects.create(
        space_id=space, message_id=message, mailbox_id=mailbox, mailbox_message_id=copy, sent_at=at,
        first_answer_at=answered_at,
    )  # fmt: skip
    if copy:
        folder, _ = Folder.objects.get_or_create(mailbox_id=mailbox, name="INBOX", defaults={"uid_validity": 1})
        folder.uid_next += 1
        folder.save()
        FolderEntry.objects.create(
            mailbox_id=mailbox, folder_id=folder.id, uid=folder.uid_next, message_id=copy, flags=list(flags),
            internal_date=at, size=1, seen_at=seen_at,
        )  # fmt: skip


def listed(*passages: tuple[int, str, str, str, str]) -> bytes:
    """The hospital's list: number of the patient, pathway, kind, start, end."""
    lines = ["ins,pathway,kind,stay_start,stay_end"]
    lines += [f"{ins(number)},{pathway},{kind},{start},{end}" for number, pathway, kind, start, end in passages]
    return "\n".join(lines).encode()


def question(content: bytes, finess: str = NORTH, *, production: bool = False, window: Window = WINDOW) -> Question:
    """October 2026, asked on 1 March 2027, when every window is over."""
    cohort = read_cohort(content, production=production)
    return Question(Finess(finess), OCTOBER, cohort, window, production, utc("2027-03-01"))


def day(text: str) -> date:
    return date.fromisoformat(text)
