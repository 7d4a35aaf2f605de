"""The figures of the 2021 pilot as expressions: contacted before a stay, opening, delay to answer, both ways.

Tables as in `extracts`. A delay runs from the sending of a message to the first message that the other side wrote
after it in the same conversation.
"""

from typing import Any

import ibis
import pyarrow as pa

from carnet.domain.indicators.p108 import count_patients


def contacted_before(stays: pa.Table, dispatches: pa.Table) -> Any:
    """Patients with a closed stay, and those written to before the day when one began; columns as in `p108.figures`."""
    stay, dispatch = ibis.memtable(stays), ibis.memtable(dispatches)
    hospitalised = stay.filter(stay.is_stay)
    before = hospitalised.join(
        dispatch,
        [
            hospitalised.patient == dispatch.patient,
            dispatch.sent_at >= hospitalised.opens,
            dispatch.sent_at < hospitalised.begins,
        ],
        how="left",
    )
    return count_patients(before)


def to_patients(stays: pa.Table, dispatches: pa.Table, answers: pa.Table) -> Any:
    """One row for messages of substance and one for automatic doubles (`double`), of those that were sent.

    Columns: `double`, `sent`, `arrived`, `observable`, `opened`, `answered`, `median_answer`, `p90_answer`
    (microseconds). What did not arrive is neither opened nor answered.
    """
    dispatch = _in_window(ibis.memtable(dispatches), ibis.memtable(stays))
    arrived = dispatch.filter(dispatch.delivered)
    answer = ibis.memtable(answers)
    following = arrived.join(
        answer, [arrived.conversation == answer.conversation, answer.answered_at > arrived.sent_at]
    )
    first = following.group_by("dispatch").aggregate(answered_at=following.answered_at.min())
    messages = dispatch.left_join(first, "dispatch")
    delay = messages.answered_at - messages.sent_at
    opened = messages.delivered & messages.read_at.notnull()
    return messages.group_by("double").aggregate(
        sent=messages.count(),
        arrived=messages.delivered.sum(),
        observable=messages.delivered.sum(),
        opened=opened.sum(),
        answered=messages.answered_at.count(),
        median_answer=delay.quantile(0.5),
        p90_answer=delay.quantile(0.9),
    )


def from_patients(stays: pa.Table, letters: pa.Table) -> Any:
    """One row, of columns as in `to_patients` without `double`; counts are null when there is no letter at all.

    An answer proves a reading: an answered letter is opened, whether its copy was marked or not.
    """
    letter = _in_window(ibis.memtable(letters), ibis.memtable(stays))
    answered = letter.arrived & letter.answered_at.notnull()
    delay = answered.ifelse(letter.answered_at - letter.sent_at, ibis.null("int64"))
    return letter.aggregate(
        sent=letter.count(),
        arrived=letter.arrived.sum(),
        observable=(letter.arrived & letter.observable).sum(),
        opened=(letter.arrived & letter.observable & (letter.seen | answered)).sum(),
        answered=answered.sum(),
        median_answer=delay.quantile(0.5),
        p90_answer=delay.quantile(0.9),
    )


def _in_window(messages: Any, stays: Any) -> Any:
    """The messages that fall in the window of a stay of their patient, each once."""
    return messages.semi_join(
        stays,
        [messages.patient == stays.patient, messages.sent_at >= stays.opens, messages.sent_at < stays.closes],
    )
