"""The figures that an operator owes: a month on a page, drawn, and as CSV and JSON."""

import csv
import re
from datetime import date

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from carnet.domain.messaging.counted import Measure
from carnet.domain.messaging.queries.statistics import MonthStatistics, document_name, month_statistics, totals_by_month
from carnet.domain.spaces.models import Account
from carnet.foundation.clock import now
from carnet.interfaces.web.charts import Bar, bars
from carnet.interfaces.web.console_forms import MonthChoice
from carnet.interfaces.web.console_sentences import KINDS, MEASURES
from carnet.interfaces.web.session import for_administrator

_MONTHS = 24
_COLUMNS = ("month", "kind", "what", "code", "label", "number")
_WITH_CODES = (Measure.DOCUMENT, Measure.PRODUCT)


@require_safe
@for_administrator
def figures(request: HttpRequest, who: Account) -> HttpResponse:
    """One month by kind of mailbox, and the twelve months up to it as a drawing."""
    month = _month(request)
    months = _months_back(month, 12)
    totals = totals_by_month(months[-1], month)
    chosen = month_statistics(month)
    drawn = [
        Bar(f"{one:%m/%y}", totals.get(one, {}).get(Measure.SENT, 0), totals.get(one, {}).get(Measure.RECEIVED, 0))
        for one in reversed(months)
    ]
    choices = [f"{one:%Y-%m}" for one in _months_back(_this_month(), _MONTHS)]
    return render(
        request,
        "web/console/figures.html",
        {
            "filters": MonthChoice({"month": f"{month:%Y-%m}"}, months=choices),
            "month": month,
            "chart": bars(drawn, _("Messages sent and received in the twelve months up to this one")),
            "kinds": [KINDS[one.kind] for one in chosen.kinds],
            "rows": _rows(chosen),
            "documents": [(code, document_name(code), count) for code, count in chosen.total.documents.items()],
            "products": list(chosen.total.products.items()),
            "query": f"?month={month:%Y-%m}",
        },
    )


def _rows(chosen: MonthStatistics) -> list[tuple[str, list[int]]]:
    """Each line of the table, and its number for each kind of mailbox."""
    lines: list[tuple[str, list[int]]] = [
        (_("Mailboxes"), [one.mailboxes for one in chosen.kinds]),
        (_("Mailboxes opened in the month"), [one.active for one in chosen.kinds]),
    ]
    counted = [measure for measure in Measure if measure not in _WITH_CODES]
    return lines + [(str(MEASURES[measure]), [one.count(measure) for one in chosen.kinds]) for measure in counted]


@require_safe
@for_administrator
def as_csv(request: HttpRequest, who: Account) -> HttpResponse:
    month = _month(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="carnet-{month:%Y-%m}.csv"'
    table = csv.writer(response)
    table.writerow(_COLUMNS)
    table.writerows(month_statistics(month).rows())
    return response


@require_safe
@for_administrator
def as_json(request: HttpRequest, who: Account) -> HttpResponse:
    month = _month(request)
    response = HttpResponse(orjson.dumps(month_statistics(month)), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="carnet-{month:%Y-%m}.json"'
    return response


def _month(request: HttpRequest) -> date:
    """The month that is asked for, else this one; never one to come."""
    found = re.fullmatch(r"(20\d{2})-(0[1-9]|1[0-2])", request.GET.get("month", ""))
    asked = date(int(found[1]), int(found[2]), 1) if found else _this_month()
    return min(asked, _this_month())


def _this_month() -> date:
    return timezone.localdate(now()).replace(day=1)


def _months_back(last: date, count: int) -> list[date]:
    """So many months, the last one first."""
    numbers = range(last.year * 12 + last.month - 1, last.year * 12 + last.month - 1 - count, -1)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
