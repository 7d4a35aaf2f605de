"""The holders: people with a health space, or without one, and the state that the cast gives them."""

from dataclasses import dataclass
from uuid import UUID

from carnet.domain.identity.commands import register_person
from carnet.domain.identity.values import IdentityStatus, Ins, InsOid, StrictTraits
from carnet.domain.spaces.commands import close_space, create_account, open_space_of
from carnet.domain.spaces.values import Login

PASSWORD = "Sablier-2026!"  # noqa: S105 - the sandbox tells it to everyone


@dataclass(frozen=True)
class Holder:
    """A person of the sandbox as the demo presents them."""

    ins: str
    birth_name: str
    given_names: str
    birth_date: str
    sex: str
    birth_place: str
    email: str
    login: str = ""
    state: str = "open"
    oid: InsOid = InsOid.NIR_TEST


DOMINIQUE = Holder(
    "279035121518989", "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "1979-03-28", "F", "51215",
    "dominique@courriel.test", "dominique.p", "activated",
)  # fmt: skip
RUTH = Holder(
    "277076322082910", "NESSI", "RUTH ISABELLE", "1977-07-14", "F", "63220",
    "ruth@courriel.test", "ruth.nessi", "activated",
)  # fmt: skip
LAURENCE = Holder("207058575627097", "PATB-QUATRE", "LAURENCE", "2007-05-12", "F", "85756", "laurence@courriel.test")
LUCAS = Holder("118035145412301", "PAT-TROIS", "LUCAS", "2018-03-09", "M", "51454", "lucas.parents@courriel.test")
STEPHANE = Holder(
    "179075145422281", "BOISJOLI", "STEPHANE", "1979-07-02", "M", "51454",
    "stephane@courriel.test", "stephane.b", "activated",
)  # fmt: skip
JOSETTE = Holder("252033523814534", "KERMADEC", "JOSETTE ANNE", "1952-03-17", "F", "35238", "josette@courriel.test")
GHJUVAN = Holder("184102A00402193", "PAOLETTI", "GHJUVAN", "1984-10-21", "M", "2A004", "ghjuvan@courriel.test")
MEHDI = Holder(
    "186116912345688", "AZOULAY", "MEHDI", "1986-11-05", "M", "69123",
    "mehdi@courriel.test", "mehdi.azoulay", "closed",
)  # fmt: skip
HOLDERS = (DOMINIQUE, RUTH, LAURENCE, LUCAS, STEPHANE, JOSETTE, GHJUVAN, MEHDI)

_SIMONE = Holder("266047511223336", "LEFORT", "SIMONE", "1966-04-30", "F", "75112", "", state="opposed")


def make_holder(holder: Holder) -> UUID:
    """A person and their space, in the state that the cast gives them. Returns the space's id."""
    traits = StrictTraits.read(
        birth_name=holder.birth_name,
        given_names=holder.given_names,
        birth_date=holder.birth_date,
        sex=holder.sex,
        birth_place=holder.birth_place,
    )
    person_id = register_person(Ins(holder.ins), holder.oid, traits, IdentityStatus.QUALIFIEE)
    space_id = open_space_of(person_id, email=holder.email, opposed=holder.state == "opposed")
    if holder.login:
        create_account(space_id, login=Login(holder.login), email=holder.email, password=PASSWORD)
    if holder.state == "closed":
        close_space(space_id)
    return space_id


def patient() -> UUID:
    """Dominique, who was in hospital: her space is activated."""
    return make_holder(DOMINIQUE)


def second_patient() -> UUID:
    """Ruth, another activated holder."""
    return make_holder(RUTH)


def her_son() -> UUID:
    """Lucas, eight years old: a space, no sign-in of his own."""
    return make_holder(LUCAS)


def not_activated() -> UUID:
    """Laurence, whose space is open and who has not signed in yet."""
    return make_holder(LAURENCE)


def curious_stranger() -> UUID:
    """Stéphane, a holder who tries to see what is not his."""
    return make_holder(STEPHANE)


def closed_patient() -> UUID:
    """Mehdi, who closed his space."""
    return make_holder(MEHDI)


def opposed_person() -> UUID:
    """Simone, who opposed the opening of a space."""
    return make_holder(_SIMONE)
