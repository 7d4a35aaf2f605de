"""What becomes of a sending: its progress, its figures and curves, those not reached, its report, stays that change."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.queries import Curves, Figures, SendingShown, Table
from carnet.domain.pathways.spreadsheet import BadFile, csv_of, read_sheet_file, xlsx_of
from carnet.domain.pathways.values import Refused, SendingState
from carnet.foundation.clock import now
from carnet.interfaces.web.charts import curves
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.pathway_forms import PeriodForm, SheetForm, UnreachedForm
from carnet.interfaces.web.pathway_sentences import (
    LINE_STATES,
    REPORT_COLUMNS,
    SENDING_STATES,
    UNREACHED,
    column_label,
    condition_sentences,
    file_remarks,
    file_sentence,
    line_sentence,
    reason_sentence,
    refusal_words,
    report_cell,
    timing_sentence,
)
from carnet.interfaces.web.pieces import SANDBOX
from carnet.interfaces.web.views.desk.pathways import not_there

_PAGE = 100
_AFTER_DAYS = 3
_CURVE_DAYS = 30
_TOLD_ALREADY = frozenset({"ins", "oid", "nom_naissance", "prenom"})
_DAYS_TOLD = (0, 1, 2, 3, 5, 7, 14, 21, 30)
_KINDS = ("csv", "xlsx")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@for_desk
def show(request: HttpRequest, who: AtDesk, sending: UUID) -> HttpResponse:
    """A sending as it goes; one that is being prepared is shown at its step."""
    shown = queries.open_sending(who.actor, sending)
    if isinstance(shown, Refused):
        return not_there(request)
    if shown.state is SendingState.DRAFT:
        return redirect("desk_sending_file", box=who.mailbox.id, sending=sending)
    if shown.state is SendingState.CHECKED:
        return redirect("desk_sending_lines", box=who.mailbox.id, sending=sending)
    figures = queries.sending_figures(who.actor, sending)
    drawn = queries.sending_curves(who.actor, sending, _days_run(shown))
    if isinstance(figures, Refused) or isinstance(drawn, Refused):
        return not_there(request)
    return render(
        request,
        "web/desk/sending.html",
        {
            "box": who.mailbox.id,
            "sending": shown,
            "state": SENDING_STATES[shown.state],
            "moment": timing_sentence(shown.timing),
            "conditions": condition_sentences(shown.conditions),
            "figures": figures,
            "chart": _chart(drawn),
            "told_days": _told(drawn),
            "parts": _parts(shown),
            "gone": shown.total - shown.will_leave,
            "moves": shown.state is SendingState.RUNNING and not shown.scheduled,
        },
    )


def _days_run(shown: SendingShown) -> int:
    """The days that the curves can tell of: those that have passed since the sending was confirmed, thirty at most."""
    if shown.started_at is None:
        return _CURVE_DAYS
    return min(_CURVE_DAYS, max(1, (now() - shown.started_at).days))


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
@for_desk
def unreached(request: HttpRequest, who: AtDesk, sending: UUID) -> HttpResponse:
    """Those whom the messages did not reach, with what the file says of them: for post or telephone."""
    shown = queries.open_sending(who.actor, sending)
    if isinstance(shown, Refused):
        return not_there(request)
    form = UnreachedForm(request.GET)
    days = _days(form)
    after = request.GET.get("apres", "")
    start = int(after) if after.isdecimal() and len(after) < 9 else 0
    found = queries.list_unreached(who.actor, sending, after_days=days, after=start, limit=_PAGE + 1)
    if isinstance(found, Refused):
        return not_there(request)
    return render(
        request,
        "web/desk/sending_unreached.html",
        {
            "box": who.mailbox.id,
            "sending": shown,
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
        return not_there(request)
    found = queries.report(who.actor, sending)
    return not_there(request) if isinstance(found, Refused) else _download(found, kind, _("report"), codes=10)


@require_safe
@for_desk
def unreached_table(request: HttpRequest, who: AtDesk, sending: UUID, kind: str) -> HttpResponse:
    """The list of those not reached, as CSV or XLSX."""
    if kind not in _KINDS:
        return not_there(request)
    found = queries.unreached_table(who.actor, sending, after_days=_days(UnreachedForm(request.GET)))
    return not_there(request) if isinstance(found, Refused) else _download(found, kind, _("not-reached"), codes=3)


def _download(table: Table, kind: str, name: str, *, codes: int) -> HttpResponse:
    """A table for a spreadsheet program, in words. What its cells hold is text there, never a formula.

    The first ``codes`` columns are Carnet's own; the others are the file's, whatever they are called.
    """
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
    remarks: list[str] = []
    if sent and form.is_valid():
        try:
            read = read_sheet_file(form.cleaned_data["file"].read(), required=("numero_sejour",))
        except BadFile as error:
            form.add_error("file", file_sentence(error))
        else:
            remarks = file_remarks(read)
            changed = commands.update_stays(who.actor, read.rows)
            if isinstance(changed, Refused):
                form.add_error("file", refusal_words(changed.reason))
            else:
                done = changed
    return render(
        request,
        "web/desk/sending_stays.html",
        {
            "box": who.mailbox.id,
            "form": form,
            "done": done,
            "remarks": remarks,
            "bad": [{"number": one.number, "why": reason_sentence(one.reason, one.column)} for one in done.bad[:_PAGE]]
            if done
            else [],
        },
        status=400 if form.errors else 200,
    )


@require_safe
@for_desk
def figures(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Delivered, opened and answered by template and by pathway, with the curves of one of them."""
    form = PeriodForm(request.GET)
    since, until = form.period()
    by_template = queries.figures_by_template(who.actor, since=since, until=until)
    by_pathway = queries.figures_by_pathway(who.actor, since=since, until=until)
    template, pathway = _chosen(request, "modele"), _chosen(request, "parcours")
    drawn = queries.scope_curves(who.actor, template_id=template, pathway_id=pathway, since=since, until=until)
    if isinstance(drawn, Refused):
        return not_there(request)
    named = [one.name for one in (*by_template, *by_pathway) if one.id and one.id in (template, pathway)]
    return render(
        request,
        "web/desk/sending_figures.html",
        {
            "box": who.mailbox.id,
            "filters": PeriodForm(initial={"since": since, "until": until}),
            "tables": [
                {"id": "template", "title": _("By template"), "key": "modele", "rows": by_template},
                {"id": "pathway", "title": _("By pathway"), "key": "parcours", "rows": by_pathway},
            ],
            "chart": _chart(drawn),
            "told_days": _told(drawn),
            "of": named[0] if named else "",
            "period": f"since={since}&until={until}",
            "totals": _total([one.figures for one in by_template]),
        },
    )


def _total(rows: list[Figures]) -> dict[str, int]:
    names = ("lines", "delivered", "opened", "answered", "not_activated")
    return {name: sum(getattr(one, name) for one in rows) for name in names}


def _chosen(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None
