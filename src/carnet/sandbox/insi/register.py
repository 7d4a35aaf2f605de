"""The register behind the sandbox's INSi service: invented people, in a file that a tester may add to."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from carnet.domain.identity.insi.values import AskedTraits, FoundIdentity, InsiAnswer, InsiCode
from carnet.domain.identity.values import Ins, InsOid, StrictTraits
from carnet.foundation.keys import write_durably


@dataclass(frozen=True)
class Registered:
    """A line of the register, as the file has it."""

    body: str  # an INS without its key, or with it
    birth_name: str
    given_names: str
    birth_date: str
    sex: str
    birth_place: str
    oid: str = InsOid.NIR_TEST.value

    def identity(self) -> FoundIdentity:
        """Raises ``InvalidIns`` or ``InvalidTrait``."""
        ins = Ins.parse(self.body) if len(self.body) == 15 else Ins.from_body(self.body)
        traits = StrictTraits.read(
            birth_name=self.birth_name,
            given_names=self.given_names,
            birth_date=self.birth_date,
            sex=self.sex,
            birth_place=self.birth_place,
        )
        return FoundIdentity(ins, InsOid.parse(self.oid), traits)


OTHERS = (
    # two women whom only the place of birth tells apart, and a third whom her second given name does
    Registered("2800569123401", "MARTIN", "MARIE CLAUDE", "1980-05-15", "F", "69123"),
    Registered("2800513055402", "MARTIN", "MARIE LOUISE", "1980-05-15", "F", "13055"),
    Registered("2800569123403", "MARTIN", "MARIE HELENE", "1980-05-15", "F", "69123"),
    # a hyphen or a space: two families
    Registered("1920729019404", "LE-GALL", "YANN", "1992-07-03", "M", "29019"),
    Registered("1920729232405", "LE GALL", "YANN", "1992-07-03", "M", "29232"),
    # an apostrophe, a hyphenated given name, Corsica both ways, a birth abroad
    Registered("2650144109406", "D'HERBLAY", "ANNE-MARIE SOPHIE", "1965-01-22", "F", "44109"),
    Registered("172092B033407", "SANT'ANGELO", "LISANDRU", "1972-09-09", "M", "2B033"),
    Registered("299112A004408", "COLONNA-D'ISTRIA", "MARIA-STELLA", "1999-11-30", "F", "2A004"),
    Registered("1951299352409", "BENSALAH", "KARIM", "1995-12-02", "M", "99352"),
)


def write_register(path: Path, people: Iterable[Registered]) -> None:
    """The register as a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path, orjson.dumps(list(people), option=orjson.OPT_INDENT_2))


def read_register(path: Path) -> list[FoundIdentity]:
    """The people of a register; raises ``OSError``, ``ValueError`` or ``TypeError`` when the file is none."""
    return [Registered(**line).identity() for line in orjson.loads(path.read_bytes())]


def find(people: Iterable[FoundIdentity], asked: AskedTraits) -> InsiAnswer:
    """Who has exactly these traits; the given name asked for begins the list of theirs."""
    found = [
        one
        for one in people
        if one.traits.birth_name == asked.birth_name
        and one.traits.birth_date == asked.birth_date
        and one.traits.sex == asked.sex
        and f"{one.traits.given_names_text} ".startswith(f"{asked.given_name} ")
        and asked.birth_place in ("", one.traits.birth_place)
    ]
    if len(found) == 1:
        return InsiAnswer(InsiCode.FOUND, found[0])
    return InsiAnswer(InsiCode.SEVERAL if found else InsiCode.NOBODY)


def agrees(people: Iterable[FoundIdentity], said: FoundIdentity) -> bool:
    """Whether this INS is that of a person with these traits; a place or further given names not said do not count."""
    for one in people:
        if (one.ins, one.oid) == (said.ins, said.oid):
            asked, kept = said.traits, one.traits
            return (
                (asked.birth_name, asked.birth_date, asked.sex) == (kept.birth_name, kept.birth_date, kept.sex)
                and f"{kept.given_names_text} ".startswith(f"{asked.given_names_text} ")
                and asked.birth_place in ("", kept.birth_place)
            )
    return False
