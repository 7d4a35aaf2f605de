"""The trust list of secure health mail as a file: which domain is spoken for by which certificate.

ANS, espace de confiance MSSanté, « liste blanche »: an XML document of the namespace below; one `Domaine` for each
domain and certificate, so that a domain that changes operators is there twice for a while. Nothing signs it: whoever
fetches it trusts the server that gives it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree

from carnet.domain.directory.subjects import InvalidSubject, Subject, written_organization
from carnet.domain.directory.values import Domain, InvalidAddress

NAMESPACE = "https://listeblanche.mssante.fr/schema"
MAX_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 200_000
# One entry in twenty that cannot be read is no slip of the pen any more: the form of the list has changed.
_MOST_SKIPPED = 0.05
_MOST_NODES_OF_ENTRY = 100
_LONGEST = {"Description": 500, "ResponsableContact": 254, "SupportContact": 254}
_LONGEST_OPERATOR = 200
_PARIS = ZoneInfo("Europe/Paris")
_DATES = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y", "%Y%m%d")


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One domain and one certificate's subject; `written` is the subject as the list has it."""

    domain: Domain
    subject: Subject
    written: str
    operator: str
    description: str = ""
    responsible_contact: str = ""
    support_contact: str = ""
    updated_on: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        return str(self.domain), str(self.subject)


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry that was left out: the line where it begins, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class TrustList:
    """A list as it was read: when it was generated, its entries by domain and subject, what was left out."""

    generated_at: datetime
    entries: Mapping[tuple[str, str], ListedEntry]
    skipped: tuple[SkippedEntry, ...] = ()

    @property
    def domains(self) -> frozenset[str]:
        return frozenset(domain for domain, _ in self.entries)

    @property
    def operators(self) -> int:
        """How many certificates speak for somebody."""
        return len({subject for _, subject in self.entries})


class ListProblem(StrEnum):
    """Why a list is refused as a whole."""

    TOO_LARGE = "too-large"
    NOT_XML = "not-xml"
    NOT_A_TRUST_LIST = "not-a-trust-list"
    NO_DATE = "no-date"
    EMPTY = "empty"
    TOO_MANY_ENTRIES = "too-many-entries"
    TOO_MANY_BAD_ENTRIES = "too-many-bad-entries"
    OLDER = "older"
    SHRUNK = "shrunk"


class BadTrustList(Exception):
    """A list that is refused as a whole; the message says what and, where it has one, on which line."""

    def __init__(self, code: ListProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_trust_list(content: bytes) -> TrustList:
    """Read a list. Raises `BadTrustList`.

    An entry that cannot be read is left out and told with its line: its domain is then not trusted, which is safe,
    while refusing the list for it would keep everybody whom this list takes away. More than one in twenty is no slip:
    the whole list is refused. Doubles of a domain and subject count once, the last of them.
    """
    if len(content) > MAX_BYTES:
        raise BadTrustList(ListProblem.TOO_LARGE, f"a trust list has at most {MAX_BYTES} octets")
    generated_at: datetime | None = None
    entries: dict[tuple[str, str], ListedEntry] = {}
    skipped: list[SkippedEntry] = []
    for number, (name, line, texts) in enumerate(_elements(content)):
        if number > MAX_ENTRIES:
            raise BadTrustList(ListProblem.TOO_MANY_ENTRIES, f"line {line}: more than {MAX_ENTRIES} entries")
        if name == "DateDeGeneration":
            generated_at = read_moment(texts[""])
            if generated_at is None:
                raise BadTrustList(ListProblem.NO_DATE, f"line {line}: DateDeGeneration is not a date")
            continue
        try:
            entry = _entry(texts)
        except (InvalidAddress, InvalidSubject) as problem:
            skipped.append(SkippedEntry(line, str(problem)))
        else:
            entries[entry.key] = entry
    if generated_at is None:
        raise BadTrustList(ListProblem.NO_DATE, "the list has no DateDeGeneration")
    if not entries:
        raise BadTrustList(ListProblem.EMPTY, "the list has no entry that can be read")
    if len(skipped) > _MOST_SKIPPED * (len(skipped) + len(entries)):
        first = skipped[0]
        raise BadTrustList(
            ListProblem.TOO_MANY_BAD_ENTRIES,
            f"{len(skipped)} entries cannot be read, the first on line {first.line}: {first.reason}",
        )
    return TrustList(generated_at, entries, tuple(skipped))


def _elements(content: bytes) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The name, line and texts of the list's date and of each of its entries, one at a time, freed after use."""
    wanted = (f"{{{NAMESPACE}}}Domaine", f"{{{NAMESPACE}}}DateDeGeneration")
    root: etree._Element | None = None
    parsing = etree.iterparse(
        BytesIO(content), events=("end",), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for _, element in parsing:
            if root is None:
                root = element.getroottree().getroot()
                if element.getroottree().docinfo.doctype:
                    raise BadTrustList(ListProblem.NOT_A_TRUST_LIST, "a trust list has no document type")
                if not str(root.tag).startswith(f"{{{NAMESPACE}}}"):
                    raise BadTrustList(ListProblem.NOT_A_TRUST_LIST, f"line 1: the namespace is not {NAMESPACE}")
            if element.tag not in wanted:
                continue
            line = cast("int", element.sourceline)
            if element.tag == wanted[1]:
                yield "DateDeGeneration", line, {"": _text(element)}
                continue
            if len(element) > _MOST_NODES_OF_ENTRY:
                raise BadTrustList(ListProblem.NOT_A_TRUST_LIST, f"line {line}: an entry has too many elements")
            yield "Domaine", line, {str(child.tag).rpartition("}")[2]: _text(child) for child in element}
            element.clear()
            while element.getprevious() is not None:
                del cast("etree._Element", element.getparent())[0]
    except etree.XMLSyntaxError as problem:
        line = problem.lineno or 1
        raise BadTrustList(ListProblem.NOT_XML, f"line {line}: this is not well-formed XML") from problem
    if root is None:
        raise BadTrustList(ListProblem.NOT_XML, "line 1: this is not XML")


def _text(element: etree._Element) -> str:
    text = element.text or "" if not len(element) else "".join(element.itertext())
    return text.strip()


def _entry(texts: Mapping[str, str]) -> ListedEntry:
    """One entry; raises `InvalidAddress` or `InvalidSubject` when it names no domain or no certificate."""
    written = texts.get("DNCertificatOperateur", "")
    domain = Domain.parse(texts.get("Nom", ""))
    subject, operator = _subject(written)
    moment = read_moment(texts.get("DateMAJ", ""))
    kept = {name: texts.get(name, "")[:longest] for name, longest in _LONGEST.items()}
    return ListedEntry(
        domain=domain,
        subject=subject,
        written=written,
        operator=operator,
        description=kept["Description"],
        responsible_contact=kept["ResponsableContact"],
        support_contact=kept["SupportContact"],
        updated_on=moment.astimezone(_PARIS).date() if moment else None,
    )


@lru_cache(maxsize=1024)
def _subject(written: str) -> tuple[Subject, str]:
    """A written subject and the organisation that it names: hundreds of entries have the same. Raises
    `InvalidSubject`."""
    return Subject.parse(written), written_organization(written)[:_LONGEST_OPERATOR]


@lru_cache(maxsize=1024)
def read_moment(text: str) -> datetime | None:
    """A date or a date and time in ISO 8601 or as the French write them; Paris's time where none is named."""
    text = text.strip()
    found: datetime | None = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for pattern in _DATES:
            try:
                found = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added below
            except ValueError:
                continue
            break
    if found is None or not 1990 <= found.year <= 9000:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=_PARIS)).astimezone(UTC)


@dataclass(frozen=True)
class Differences:
    """What a list changes: entries to add, keys to remove, entries whose words changed."""

    added: tuple[ListedEntry, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    updated: tuple[ListedEntry, ...] = ()
    kept: int = field(default=0)


def compare(known: Mapping[tuple[str, str], ListedEntry], new: Mapping[tuple[str, str], ListedEntry]) -> Differences:
    """What changes when `new` takes the place of `known`, in the order of domains."""
    return Differences(
        added=tuple(new[key] for key in sorted(new.keys() - known.keys())),
        removed=tuple(sorted(known.keys() - new.keys())),
        updated=tuple(new[key] for key in sorted(new.keys() & known.keys()) if new[key] != known[key]),
        kept=len(new.keys() & known.keys()),
    )


def check_succession(
    new: TrustList, *, last_generated_at: datetime | None, known_domains: Collection[str], max_loss_percent: int
) -> None:
    """Raises `BadTrustList` when a list cannot come after the last one taken: it is older, or leaves out more than
    `max_loss_percent` of the domains that were listed, as a file cut short would."""
    if last_generated_at is not None and new.generated_at < last_generated_at:
        raise BadTrustList(
            ListProblem.OLDER,
            f"the list was generated on {new.generated_at:%Y-%m-%d %H:%M} UTC, before the one in force"
            f" ({last_generated_at:%Y-%m-%d %H:%M})",
        )
    lost = len(set(known_domains) - new.domains)
    if lost * 100 > max_loss_percent * len(known_domains):
        raise BadTrustList(
            ListProblem.SHRUNK,
            f"the list leaves out {lost} of {len(known_domains)} domains, more than {max_loss_percent} %:"
            " take it with --accept-loss once you know why",
        )
