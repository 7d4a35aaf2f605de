"""The pages of pathways, templates and sendings with invented ones in them. Contexts only: `web_gallery` draws them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.utils.safestring import mark_safe

from carnet.domain.pathways.queries import (
    Curves,
    Figures,
    LineShown,
    NamedFigures,
    PathwayShown,
    Rendered,
    SendingShown,
    TemplateFile,
    TemplateShown,
)
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    LineReason,
    LineState,
    Opened,
    PastDue,
    PathwayContent,
    SendingState,
    TemplateContent,
    Timing,
    UseCase,
    When,
)
from carnet.interfaces.web.desk.pathway_forms import (
    NewSendingForm,
    PathwayForm,
    PeriodForm,
    PlanForm,
    SheetForm,
    TemplateForm,
    UnreachedForm,
    UseCaseFilter,
)
from carnet.interfaces.web.desk.pathway_sentences import (
    COLUMNS,
    LINE_STATES,
    SENDING_STATES,
    UNREACHED,
    USE_CASES,
    condition_sentences,
    line_sentence,
    timing_sentence,
)
from carnet.interfaces.web.views.desk.sending_results import _chart, _told

BOX = UUID(int=21)
_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_MAILBOX = "Centre hospitalier Saint-Aubin – Chirurgie orthopédique"
_PATHWAYS = [
    PathwayShown(
        UUID(int=1),
        PathwayContent(
            "Prothèse de hanche",
            "De la consultation au retour à domicile.",
            validated_on=date(2026, 3, 1),
            validated_by="Commission médicale d’établissement",
        ),
        _AT,
    ),
    PathwayShown(UUID(int=2), PathwayContent("Archives", active=False), _AT),
]
_FILE = TemplateFile(UUID(int=4), "livret_d_accueil_du_service.pdf", "application/pdf", 840_000)
_CONTENT = TemplateContent(
    name="Consignes avant une prothèse de hanche",
    use_case=UseCase.PREOP,
    subject="Votre opération du {{date_entree}}",
    text="Bonjour {{prenom}} {{nom_naissance}},\n\nVenez à jeun le {{date_entree}}.",
    pathway_id=UUID(int=1),
    receipt_wanted=True,
    files=(_FILE.id,),
)
_TEMPLATE = TemplateShown(UUID(int=3), 4, _CONTENT, False, "Prothèse de hanche", (_FILE,), "99700218938", _AT, True)
_PREVIEW = {
    "message": Rendered("Votre opération du lundi 7 décembre 2026", "", (_FILE,), True, True),
    "html": mark_safe("<p>Bonjour Dominique PAT-TROIS,</p><p>Venez à jeun le lundi 7 décembre 2026.</p>"),
}
_SENDING = SendingShown(
    id=UUID(int=5),
    title="Consignes – opérations de décembre",
    state=SendingState.CHECKED,
    template_id=_TEMPLATE.id,
    template_version=4,
    template_name=_CONTENT.name,
    pathway_id=UUID(int=1),
    pathway_name="Prothèse de hanche",
    follows=None,
    timing=Timing(When.RELATIVE, anchor=Anchor.START, days=-7, hour=time(9), past_due=PastDue.SKIP),
    conditions=Conditions(unless_answered=True, opened=Opened.ONLY_NOT_OPENED),
    counts={LineState.WAITING: 412, LineState.BAD: 2, LineState.SKIPPED: 1},
    columns=("ins", "nom_naissance", "prenom", "date_entree", "telephone"),
    created_at=_AT,
    created_by="99700218938",
    started_at=None,
    ended_at=None,
    next_due_at=datetime(2026, 11, 30, 8, 0, tzinfo=UTC),
    past_due=3,
    receipt_wanted=True,
    takes_answer=True,
)
_COUNTS = {LineState.WAITING: 120, LineState.SENT: 280, LineState.REFUSED: 12, LineState.BAD: 2, LineState.SKIPPED: 1}
_RUNNING = replace(_SENDING, state=SendingState.RUNNING, counts=_COUNTS, started_at=_AT)
_PAUSED = replace(_RUNNING, state=SendingState.PAUSED, receipt_wanted=False, pathway_name="", ended_at=_AT)
_FIGURES = Figures(415, 292, 280, 12, 0, 190, 64, 41)
_DAYS = tuple(range(31))
_CURVES = Curves(_DAYS, tuple(min(190, day * 22) for day in _DAYS), tuple(day * 2 for day in _DAYS), 280)


def _line(number: int, state: LineState, reason: LineReason = LineReason.NONE, column: str = "") -> LineShown:
    cells = {"ins": "279035121518989", "telephone": "06 00 00 00 00", "nom_naissance": "PAT-TROIS"}
    sent = _AT if state is LineState.SENT else None
    return LineShown(
        number, state, reason, column, 4 if reason is LineReason.DOUBLE else None, "PAT-TROIS", "Dominique",
        cells["ins"], _AT, sent, "delivered" if sent else "", bool(sent), sent, sent, cells,
    )  # fmt: skip


_LINES = [
    _line(2, LineState.WAITING),
    _line(3, LineState.BAD, LineReason.MISSING, "prenom"),
    _line(5, LineState.BAD, LineReason.DOUBLE),
    _line(6, LineState.SKIPPED, LineReason.OPPOSED),
    _line(7, LineState.SENT),
    _line(8, LineState.REFUSED, LineReason.NO_SPACE),
]


def _steps(current: int, sending: SendingShown = _SENDING) -> dict[str, Any]:
    labels = ("Modèle", "Liste des patients", "Vérification", "Moment", "Confirmation")
    steps = [
        {"label": label, "url": "/x" if 0 < at < current else "", "current": at == current, "done": at < current}
        for at, label in enumerate(labels)
    ]  # fmt: skip
    return {"box": BOX, "sending": sending, "steps": steps}


def _rows(lines: Sequence[LineShown]) -> list[dict[str, Any]]:
    return [{"line": one, "state": LINE_STATES[one.state], "why": line_sentence(one)} for one in lines]


def _shown(sending: SendingShown) -> dict[str, Any]:
    return {
        "box": BOX,
        "sending": sending,
        "state": SENDING_STATES[sending.state],
        "moment": timing_sentence(sending.timing),
        "conditions": condition_sentences(sending.conditions),
        "figures": _FIGURES,
        "chart": _chart(_CURVES) if sending.leaving else "",
        "told_days": _told(_CURVES),
        "parts": [{"state": state, "label": LINE_STATES[state], "count": count} for state, count in _COUNTS.items()],
    }


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Each page: its name, its template, its context, its address."""
    wrong = TemplateForm(_PATHWAYS, (), {"name": "", "use_case": "x"}, {})
    files = TemplateForm(_PATHWAYS, (_FILE,), initial=TemplateForm.values_of(_CONTENT))
    fields = [{"name": "{{prenom}}", "label": COLUMNS["prenom"]}]
    known = [{"name": name, "label": label, "known": True} for name, label in COLUMNS.items()]
    report = SimpleNamespace(moved=12, cancelled=1, unchanged=3, unknown=(4, 9), bad=(1,))
    people = [
        {"line": _LINES[5], "why": UNREACHED["refused"], "more": line_sentence(_LINES[5]),
         "cells": [("Téléphone", "06 00 00 00 00"), ("INS", "279035121518989")]},
        {"line": _LINES[4], "why": UNREACHED["not-activated"], "more": "", "cells": []},
    ]  # fmt: skip
    tables = [
        {"id": "template", "title": "Par modèle", "key": "modele",
         "rows": [NamedFigures(_TEMPLATE.id, _CONTENT.name, _FIGURES, 3)], "cut": 200},
        {"id": "pathway", "title": "Par parcours", "key": "parcours", "rows": [NamedFigures(None, "", _FIGURES, 1)]},
    ]  # fmt: skip
    figures = {"box": BOX, "filters": PeriodForm(), "tables": tables, "period": "since=2026-11-01&until=2026-11-30",
               "totals": {"delivered": 280, "opened": 190, "answered": 64, "not_activated": 41}}  # fmt: skip
    tabs = [
        {"url": "?", "label": "Toutes", "count": 415, "current": True},
        {"url": "?etat=bad", "label": LINE_STATES[LineState.BAD], "count": 2, "current": False},
    ]
    lines = {"lines": _rows(_LINES), "tabs": tabs, "columns": [*known, {"name": "telephone", "known": False}], "bad": 2,
             "skipped": 1, "next_url": "?apres=50"}  # fmt: skip
    preview = {"line": _LINES[0], "state": LINE_STATES[LineState.WAITING], "preview": _PREVIEW, "previous": None,
               "next": 3, "due_at": _AT, "cells": [("Téléphone", "06 00 00 00 00")],
               "mailbox_label": _MAILBOX}  # fmt: skip
    bad = preview | {"line": _LINES[4], "preview": None, "previous": 2, "next": None, "why": "Prénom"}
    archived = replace(_TEMPLATE, archived=True, files=(), pathway_name="", usable=False)
    starters = [{"key": "convocation", "use_case": USE_CASES[UseCase.CONVOCATION], "name": "Convocation"}]
    listed = {"box": BOX, "filters": UseCaseFilter({}), "groups": [(USE_CASES[UseCase.PREOP], [_TEMPLATE, archived])],
              "starters": starters, "has_establishment": True}  # fmt: skip
    sendings = [
        {"sending": sending, "state": SENDING_STATES[sending.state], "moment": timing_sentence(sending.timing)}
        for sending in (_SENDING, _RUNNING, _PAUSED)
    ]
    confirm = _steps(4) | {
        "moment": timing_sentence(_SENDING.timing), "conditions": condition_sentences(_SENDING.conditions), "bad": 2,
        "skipped": 1, "mailbox_label": _MAILBOX,
    }  # fmt: skip
    cancel = {"box": BOX, "title": "Annuler cet envoi ?", "text": "Ce qui est parti ne peut pas être rappelé.",
              "action_url": "/x", "act": "cancel", "confirm_label": "Annuler ce qui attend",
              "cancel_url": "/y"}  # fmt: skip
    versions = [{"template": _TEMPLATE, "preview": _PREVIEW}, {"template": replace(_TEMPLATE, version=3)}]
    unreached = {"box": BOX, "sending": _RUNNING, "filters": UnreachedForm({"days": "3"}), "days": 3, "people": people,
                 "next_url": "?days=3&apres=9"}  # fmt: skip
    empty = SheetForm({}, {})
    return [
        ("pathways", "pathways", {"box": BOX, "pathways": _PATHWAYS, "has_establishment": True}, "desk_pathways"),
        ("pathways-none", "pathways", {"box": BOX, "pathways": [], "has_establishment": False}, "desk_pathways"),
        ("pathway", "pathway", {"box": BOX, "form": PathwayForm(), "pathway": _PATHWAYS[0]}, "desk_pathway"),
        ("pathway-wrong", "pathway", {"box": BOX, "form": PathwayForm({}), "pathway": None}, "desk_pathway_new"),
        ("templates", "templates", listed, "desk_templates"),
        ("templates-none", "templates", listed | {"groups": [], "starters": []}, "desk_templates"),
        ("template", "template",
         {"box": BOX, "form": files, "template": _TEMPLATE, "preview": _PREVIEW, "fields": fields}, "desk_template"),
        ("template-wrong", "template", {"box": BOX, "form": wrong, "template": None, "fields": fields},
         "desk_template_new"),
        ("template-versions", "template_versions", {"box": BOX, "template": _TEMPLATE, "versions": versions},
         "desk_template_versions"),
        ("sendings", "sendings", {"box": BOX, "sendings": sendings, "next_url": "?before=1", "has_establishment": True},
         "desk_sendings"),
        ("sendings-none", "sendings", {"box": BOX, "sendings": [], "has_establishment": False}, "desk_sendings"),
        ("sending-new", "sending_new", _steps(0) | {"form": NewSendingForm([_TEMPLATE]), "templates": [_TEMPLATE]},
         "desk_sending_new"),
        ("sending-again", "sending_new",
         _steps(0) | {"form": NewSendingForm([_TEMPLATE], {}), "templates": [_TEMPLATE], "before": _RUNNING},
         "desk_sending_new"),
        ("sending-file", "sending_file",
         _steps(1) | {"form": SheetForm(), "known_columns": known, "own_columns": ["telephone"]}, "desk_sending_file"),
        ("sending-file-wrong", "sending_file", _steps(1) | {"form": empty, "known_columns": known},
         "desk_sending_file"),
        ("sending-lines", "sending_lines", _steps(2) | lines, "desk_sending_lines"),
        ("sending-lines-left", "sending_lines", _steps(2, _RUNNING) | lines | {"lines": []},
         "desk_sending_lines"),
        ("sending-preview", "sending_preview", _steps(2) | preview, "desk_sending_preview"),
        ("sending-preview-bad", "sending_preview", _steps(2, _RUNNING) | bad, "desk_sending_preview"),
        ("sending-plan", "sending_plan", _steps(3) | {"form": PlanForm(replace(_SENDING, follows=UUID(int=9)))},
         "desk_sending_plan"),
        ("sending-plan-wrong", "sending_plan", _steps(3) | {"form": PlanForm(_SENDING, {"when": "relative"})},
         "desk_sending_plan"),
        ("sending-confirm", "sending_confirm", confirm, "desk_sending_confirm"),
        ("sending-cancel", "sending_cancel", cancel, "desk_sending_cancel"),
        ("sending-running", "sending", _shown(_RUNNING), "desk_sending"),
        ("sending-paused", "sending", _shown(_PAUSED), "desk_sending"),
        ("sending-unreached", "sending_unreached", unreached, "desk_sending_unreached"),
        ("sending-unreached-none", "sending_unreached", unreached | {"people": [], "sending": _PAUSED},
         "desk_sending_unreached"),
        ("sending-stays", "sending_stays", {"box": BOX, "form": SheetForm()}, "desk_sending_stays"),
        ("sending-stays-read", "sending_stays",
         {"box": BOX, "form": SheetForm(), "done": report, "remarks": ["Seule la feuille « Séjours » a été lue."],
          "bad": [{"number": 7, "why": "Premier jour du séjour : ce n’est pas une date"}]}, "desk_sending_stays"),
        ("sending-figures", "sending_figures",
         figures | {"chart": _chart(_CURVES), "told_days": _told(_CURVES), "of": "Consignes"}, "desk_sending_figures"),
        ("sending-figures-none", "sending_figures", figures | {"tables": [tables[0] | {"rows": []}], "chart": ""},
         "desk_sending_figures"),
    ]  # fmt: skip
