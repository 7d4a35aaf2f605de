"""What is told of a correspondent before one writes, in words that people understand."""

from collections.abc import Mapping
from datetime import date
from math import ceil
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carnet.domain.messaging.queries.contacts import ContactRow, Standing
from carnet.interfaces.web.templatetags.web import day_in_words

_WHY_NOT: Mapping[str, object] = {
    "ended": gettext_lazy("They have ended your exchanges. If they write to you again, you will be able to answer."),
    "never-wrote": gettext_lazy("They must write to you first."),
    "closed": gettext_lazy("Their mailbox is closed."),
    "suspended": gettext_lazy("Their mailbox takes no mail for the moment."),
}


def delay_words(hours: int | None) -> str:
    """The usual delay of a mailbox: ``Usually answers within 2 days``; empty when it tells none."""
    if not hours:
        return ""
    if hours < 24:
        return ngettext("Usually answers within %(n)s hour", "Usually answers within %(n)s hours", hours) % {"n": hours}
    days = ceil(hours / 24)
    return ngettext("Usually answers within %(n)s day", "Usually answers within %(n)s days", days) % {"n": days}


def why_not(standing: Standing) -> str:
    """Why somebody cannot be written to; empty when they can."""
    return str(_WHY_NOT[standing.why_not.value]) if standing.why_not is not None else ""


def warnings(standing: Standing) -> list[str]:
    """What a writer should know first: an absence, a closing, a professional who is no longer active."""
    told = []
    if standing.inactive:
        told.append(_("No longer active in the directory of professionals: your message may not be read."))
    if standing.absent:
        told.append(_absence(standing.absent_until))
    if standing.closes_on is not None:
        told.append(_("This mailbox closes on %(day)s.") % {"day": day_in_words(standing.closes_on)})
    return told


def _absence(until: date | None) -> str:
    if until is None:
        return _("Absent for the moment.")
    return _("Absent until %(day)s.") % {"day": day_in_words(until)}


def recipient(row: ContactRow) -> dict[str, Any]:
    """Somebody whom one is about to write to, as the page tells of them."""
    return {
        "id": row.correspondent.contact_id,
        "name": row.correspondent.name,
        "verified": row.correspondent.verified,
        "domain": row.correspondent.domain,
        "is_pharmacy": row.is_pharmacy,
        "delay": delay_words(row.standing.answer_hours) if row.standing.may_write else "",
        "warnings": warnings(row.standing),
        "why_not": why_not(row.standing),
    }
