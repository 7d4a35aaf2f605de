"""P1.08 of HOP'EN 2 as an expression: patients written to, by pathway and in all.

Tables as in `extracts`. The expression is the definition, whatever engine computes it.
"""

from typing import Any

import ibis
import pyarrow as pa


def figures(stays: pa.Table, dispatches: pa.Table) -> Any:
    """One row a pathway that has eligible patients, and one for all of them (`pathway` null).

    Columns: `pathway`, `eligible`, `sent`, `delivered`, `refused_only`, `double_only`: numbers of patients, each
    counted once a pathway and once in all.
    """
    stay, dispatch = ibis.memtable(stays), ibis.memtable(dispatches)
    in_window = stay.join(
        dispatch,
        [stay.patient == dispatch.patient, dispatch.sent_at >= stay.opens, dispatch.sent_at < stay.closes],
        how="left",
    )
    return count_patients(in_window)


def count_patients(joined: Any) -> Any:
    """The numbers of patients for stays joined with the messages that count for them (nulls where there is none)."""
    by_pathway = _marked(joined, ["pathway", "patient"])
    in_all = _marked(joined, ["patient"]).mutate(pathway=ibis.null("int64"))
    return ibis.union(_counted(by_pathway), _counted(in_all.select(*by_pathway.columns)), distinct=False)


def _marked(joined: Any, keys: list[str]) -> Any:
    """One row a patient (and pathway): what happened to them at least once."""
    substance = ~joined.double
    marked = joined.group_by(keys).aggregate(
        sent=substance.any(),
        delivered=(substance & joined.delivered).any(),
        not_refused=(substance & ~joined.refused).any(),
        doubled=joined.double.any(),
    )
    return marked.mutate(
        **{name: marked[name].fill_null(False) for name in ("sent", "delivered", "not_refused", "doubled")}
    )


def _counted(marked: Any) -> Any:
    return marked.group_by("pathway").aggregate(
        eligible=marked.count(),
        sent=marked.sent.sum(),
        delivered=marked.delivered.sum(),
        refused_only=(marked.sent & ~marked.not_refused).sum(),
        double_only=(marked.doubled & ~marked.sent).sum(),
    )
