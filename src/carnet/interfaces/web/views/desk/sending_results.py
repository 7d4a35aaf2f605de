"""What becomes of a sending: its progress, its figures and curves, those not reached, its report, stays that change."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.queries import Curves, Figures, NamedFigures, SendingShown, Table
from carnet.domain.pathways.spreadsheet import csv_of, xlsx_of
from carnet.domain.pathways.values import Refused, SendingAct
from carnet.foundation.clock import now
from carnet.interfaces.web.asked import number_of, uuid_of
from carnet.interfaces.web.charts import curves
from carnet.interfaces.web.desk.pathway_forms import PeriodForm, SheetForm, UnreachedForm
from carnet.interfaces.web.desk.pathway_pages import for_sending, refuse
from carnet.interfaces.web.desk.pathway_sentences import (
    LINE_STATES,
    REPORT_COLUMNS,
    SENDING_STATES,
    UNREACHED,
    column_label,
    condition_sentences,
    file_remarks,
    line_sentence,
    reason_sentence,
    report_cell,
    timing_sentence,
)
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.pieces import SANDBOX
from carnet.interfaces.web.session import not_found

_PAGE = 100
_AFTER_DAYS = 3
_TOLD_ALREADY = frozenset({"ins", "oid", "nom_naissance", "prenom"})
_DAYS_TOLD = (0, 1, 2, 3, 5, 7, 14, 21, 30)
_KINDS = ("csv", "xlsx")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@for_sending
def show(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """A sending as it goes; one that is being prepared is shown at its step."""
    if sending.preparing:
        step = "desk_sending_lines" if SendingAct.START in sending.acts else "desk_sending_file"
        return redirect(step, box=who.mailbox.id, sending=sending.id)
    figures = queries.sending_figures(who.actor, sending.id)
    drawn = queries.sending_curves(who.actor, sending.id)
    if isinstance(figures, Refused) or isinstance(drawn, Refused):
        return not_found(request)
    return render(
        request,
        "web/desk/sending.html",
        {
            "box": who.mailbox.id,
            "sending": sending,
            "state": SENDING_STATES[sending.state],
            "moment": timing_sentence(sending.timing),
            "conditions": condition_sentences(sending.conditions),
            "figures": figures,
            "chart": _chart(drawn),
            "told_days": _told(drawn),
            "parts": _parts(sending),
        },
    )


def _parts(shown: SendingShown) -> list[dict[str, object]]:
    return [
        {"state": state, "label": label, "count": shown.counts[state]}
        for state, label in LINE_STATES.items()
        if shown.counts.get(state)
    ]


def _chart(drawn: Curves) -> SafeString:
    """Opened and answered, day by day since each message left; nothing before the first message has arrived."""
    if not drawn.delivered:
        return SafeString("")
    labels = [_("D+%(day)s") % {"day": day} for day in drawn.days]
    title = _("Opened and answered, by days since each message left")
    return curves(labels, [drawn.opened, drawn.answered], title, top=drawn.delivered)


def _told(drawn: Curves) -> list[tuple[int, int, int]]:
    """Some days of the curves as figures: the day, opened, answered."""
    if not drawn.delivered:
        return []
    rows = zip(drawn.days, drawn.opened, drawn.answered, strict=True)
    return [(day, opened, answered) for day, opened, answered in rows if day in _DAYS_TOLD]


@require_safe
@for_sending
def unreached(request: HttpRequest, who: AtDesk, sending: SendingShown) -> HttpResponse:
    """Those whom the messages did not reach, with what the file says of them: for post or telephone."""
    days = _days(UnreachedForm(request.GET))
    after = number_of(request.GET.get("apres", "")) or 0
    found = queries.list_unreached(who.actor, sending.id, after_days=days, after=after, limit=_PAGE + 1)
    if isinstance(found, Refused):
        return not_found(request)
    return render(
        request,
        "web/desk/sending_unreached.html",
        {
            "box": who.mailbox.id,
            "sending": sending,
            "filters": UnreachedForm(initial={"days": days}),
            "days": days,
            "people": [
                {
                    "line": one.line,
                    "why": UNREACHED[one.reason],
                    "more": line_sentence(one.line),
                    "cells": [
                        (column_label(name), text)
                        for name, text in one.line.cells.items()
                        if text and name not in _TOLD_ALREADY
                    ],
                }
                for one in found[:_PAGE]
            ],
            "next_url": f"?days={days}&apres={found[_PAGE - 1].line.number}" if len(found) > _PAGE else "",
        },
    )


def _days(form: UnreachedForm) -> int:
    asked = form.cleaned_data.get("days") if form.is_valid() else None
    return _AFTER_DAYS if asked is None else int(asked)


@require_safe
@for_desk
def report(request: HttpRequest, who: AtDesk, sending: UUID, kind: str) -> HttpResponse:
    """The report of all lines, as CSV or XLSX."""
    if kind not in _KINDS:
        return not_found(request)
    found = queries.report(who.actor, sending)
    return not_found(request) if isinstance(found, Refused) else _download(found, kind, _("report"))


@require_safe
@for_desk
def unreached_table(request: HttpRequest, who: AtDesk, sending: UUID, kind: str) -> HttpResponse:
    """The list of those not reached, as CSV or XLSX."""
    if kind not in _KINDS:
        return not_found(request)
    found = queries.unreached_table(who.actor, sending, after_days=_days(UnreachedForm(request.GET)))
    return not_found(request) if isinstance(found, Refused) else _download(found, kind, _("not-reached"))


def _download(table: Table, kind: str, name: str) -> HttpResponse:
    """A table for a spreadsheet program, in words. What its cells hold is text there, never a formula.

    Columns of the file stay as they are, whatever they are called.
    """
    codes = table.codes
    own = table.columns[:codes]
    headings = [*(str(REPORT_COLUMNS[one]) for one in own), *(column_label(one) for one in table.columns[codes:])]
    rows = [
        [*(report_cell(code, cell) for code, cell in zip(own, row, strict=False)), *row[codes:]] for row in table.rows
    ]
    if kind == "xlsx":
        response = HttpResponse(xlsx_of(headings, rows, name=name), content_type=_XLSX)
    else:
        response = HttpResponse(csv_of(headings, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="carnet-{name}-{now():%Y-%m-%d}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def stays(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """A later list of stays: what waits moves with them, or is cancelled."""
    sent = request.method == "POST"
    form = SheetForm(request.POST if sent else None, request.FILES if sent else None)
    done = None
    read = form.read(required=("numero_sejour",)) if sent else None
    if read is not None:
        changed = commands.update_stays(who.actor, read.rows)
        if isinstance(changed, Refused):
            refuse(form, changed.reason, "file")
        else:
            done = changed
    context = {
        "box": who.mailbox.id,
        "form": form,
        "done": done,
        "remarks": file_remarks(read) if read else [],
        "bad": [{"number": one.number, "why": reason_sentence(one.reason, one.column)} for one in done.bad[:_PAGE]]
        if done
        else [],
    }
    return form_page(request, "web/desk/sending_stays.html", context)


@require_safe
@for_desk
def figures(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Delivered, opened and answered by template and by pathway, with the curves of one of them."""
    form = PeriodForm(request.GET)
    since, until = form.period()
    totals = queries.figures_in_all(who.actor, since=since, until=until)
    by_template = queries.figures_by_template(who.actor, since=since, until=until)
    by_pathway = queries.figures_by_pathway(who.actor, since=since, until=until)
    template, pathway = uuid_of(request.GET.get("modele", "")), uuid_of(request.GET.get("parcours", ""))
    drawn = queries.scope_curves(who.actor, template_id=template, pathway_id=pathway, since=since, until=until)
    if isinstance(drawn, Refused):
        return not_found(request)
    named = [one.name for one in (*by_template, *by_pathway) if one.id and one.id in (template, pathway)]
    return render(
        request,
        "web/desk/sending_figures.html",
        {
            "box": who.mailbox.id,
            "filters": PeriodForm(initial={"since": since, "until": until}),
            "tables": [
                {"id": name, "title": title, "key": key, "rows": rows, "cut": _cut(rows, totals)}
                for name, title, key, rows in (
                    ("template", _("By template"), "modele", by_template),
                    ("pathway", _("By pathway"), "parcours", by_pathway),
                )
            ],
            "chart": _chart(drawn),
            "told_days": _told(drawn),
            "of": named[0] if named else "",
            "period": f"since={since}&until={until}",
            "totals": totals,
        },
    )


def _cut(rows: list[NamedFigures], totals: Figures) -> int:
    """How many rows are listed when they are not all there are; 0 when they are."""
    return len(rows) if sum(one.figures.lines for one in rows) < totals.lines else 0
