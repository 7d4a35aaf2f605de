"""The statistics of an operator: what was sent and received in a month, by kind of mailbox.

Counted at delivery, in its own transaction; nothing is opened again. Sources: ANS, Référentiel socle MSSanté #1
(indicators of operators) and #2 §3.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.counted import Measure
from carnet.domain.nomenclature.queries import document_type

ALL = "ALL"
"""All kinds together."""


@dataclass(frozen=True)
class KindStatistics:
    """The numbers of one kind of mailbox in a month; ``documents`` and ``products`` by code."""

    kind: str
    mailboxes: int = 0
    active: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    documents: Mapping[str, int] = field(default_factory=dict)
    products: Mapping[str, int] = field(default_factory=dict)

    def count(self, measure: Measure) -> int:
        return self.counts.get(measure.value, 0)


@dataclass(frozen=True)
class MonthStatistics:
    """A month of the operator: each kind, then all together."""

    month: date
    kinds: tuple[KindStatistics, ...]

    @property
    def total(self) -> KindStatistics:
        return self.kinds[-1]

    def rows(self) -> list[tuple[str, str, str, str, str, int]]:
        """(month, kind, what, code, name of the code, number): a table for any spreadsheet, zeros left in."""
        month = f"{self.month:%Y-%m}"
        found: list[tuple[str, str, str, str, str, int]] = []
        for one in self.kinds:
            found.append((month, one.kind, "mailboxes", "", "", one.mailboxes))
            found.append((month, one.kind, "active-mailboxes", "", "", one.active))
            for measure in Measure:
                if measure is Measure.DOCUMENT:
                    found += [
                        (month, one.kind, measure.value, c, document_name(c), n) for c, n in one.documents.items()
                    ]
                elif measure is Measure.PRODUCT:
                    found += [(month, one.kind, measure.value, c, "", n) for c, n in one.products.items()]
                else:
                    found.append((month, one.kind, measure.value, "", "", one.count(measure)))
        return found


def month_statistics(month: date) -> MonthStatistics:
    """The numbers of the month that begins on this day. ``mailboxes`` are those open at some time of it."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    counts: dict[str, dict[str, int]] = {}
    documents: dict[str, dict[str, int]] = {}
    products: dict[str, dict[str, int]] = {}
    coded = {Measure.DOCUMENT.value: documents, Measure.PRODUCT.value: products}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, measure, detail, sum(count)::bigint FROM messaging_mail_count"
            " WHERE day >= %s AND day < %s GROUP BY kind, measure, detail ORDER BY 4 DESC, detail",
            [month, following],
        )
        for kind, measure, detail, number in cursor.fetchall():
            into = coded.get(measure, counts)
            for one in (kind, ALL):
                by = into.setdefault(one, {})
                name = detail if measure in coded else measure
                by[name] = by.get(name, 0) + number
        mailboxes = _by_kind(
            "SELECT kind, count(*) FROM directory_mailbox WHERE hosted AND created_at < %(following)s"
            " AND (closed_at IS NULL OR closed_at >= %(month)s) GROUP BY kind",
            {"month": month, "following": following},
        )
        active = _by_kind(
            "SELECT m.kind, count(*) FROM directory_mailbox_active_month a JOIN directory_mailbox m"
            " ON m.id = a.mailbox_id WHERE a.month = %(month)s GROUP BY m.kind",
            {"month": month},
        )
    return MonthStatistics(
        month,
        tuple(
            KindStatistics(
                kind,
                mailboxes.get(kind, 0),
                active.get(kind, 0),
                counts.get(kind, {}),
                _most_first(documents.get(kind, {})),
                _most_first(products.get(kind, {})),
            )
            for kind in (*(one.value for one in MailboxKind), ALL)
        ),
    )


def totals_by_month(first: date, last: date) -> dict[date, dict[str, int]]:
    """Messages of all kinds of mailbox, by measure, of each month from ``first`` to ``last`` that has any."""
    following = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    found: dict[date, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', day)::date, measure, sum(count)::bigint FROM messaging_mail_count"
            " WHERE day >= %s AND day < %s AND measure <> ALL (%s) GROUP BY 1, 2",
            [first, following, [Measure.DOCUMENT.value, Measure.PRODUCT.value]],
        )
        for month, measure, number in cursor.fetchall():
            found.setdefault(month, {})[measure] = number
    return found


def _by_kind(question: str, parameters: dict[str, date]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        found = dict(cursor.fetchall())
    return {**found, ALL: sum(found.values())}


def _most_first(numbers: dict[str, int]) -> dict[str, int]:
    return dict(sorted(numbers.items(), key=lambda one: (-one[1], one[0])))


def document_name(code: str) -> str:
    """The French name of a document's LOINC code, empty for one that the national list does not have."""
    known = document_type(code)
    return known.label_fr if known else ""
