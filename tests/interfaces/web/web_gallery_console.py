"""The console's pages with made-up domains and mailboxes in them. Contexts only: `web_gallery` draws them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from carnet.domain.directory.queries.hosted import Certificate, Delegate, HostedMailbox
from carnet.domain.directory.queries.operators import RefusedRow
from carnet.domain.directory.queries.trust_list import ChangeRow, ListVersion, TrustedRow
from carnet.domain.messaging.queries.outbound import DomainQueue, OutboundRow
from carnet.foundation.closures import Closure
from carnet.interfaces.web.charts import Bar, bars
from carnet.interfaces.web.console_forms import ClosureForm, MailboxSearch, MonthChoice, TrustSearch
from carnet.interfaces.web.console_sentences import FINDINGS, KINDS, PROBLEMS, STATES
from carnet.interfaces.web.views.console.overview import Card

_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_DN = "CN=mss.clinique-du-lac.test,OU=0002 999000023,O=Opérateur du Lac,ST=Savoie (73),C=FR"
_CLOSURE = Closure(1, "mail", _AT, datetime(2026, 11, 22, 5, 0, tzinfo=UTC), "Week-end de maintenance.", "")
_BOX = HostedMailbox(
    id=UUID(int=3),
    address="chirurgie-digestive@chu-val-fleuri.mssante.test",
    kind="ORG",
    name="CHU du Val-Fleuri – Chirurgie digestive",
    label="CHU du Val-Fleuri – Chirurgie digestive",
    description="Secrétariat et infirmières, avant et après une opération",
    rpps="",
    finess="739999015",
    service="Chirurgie digestive",
    responsible="Dr Anne Roche",
    rank=1,
    red_list=True,
    answer_hours=48,
    state="active",
    created_on=date(2026, 1, 5),
    last_access_on=date(2026, 11, 19),
    closes_on=date(2026, 12, 31),
    closed_at=None,
    emptied_at=None,
    absent=True,
    absence_from=None,
    absence_until=None,
    absence_text="",
    has_password=True,
)
_ROW = {"mailbox": _BOX, "state": STATES["active"], "kind": KINDS["ORG"]}


def _taken(outcome: str = "taken") -> ListVersion:
    reason = "the list has lost more than 20 % of its entries." if outcome == "refused" else ""
    return ListVersion(4, _AT, "https://liste.test", outcome, reason, _AT, "0" * 64, 8655, 8655, 321, 12, 3, 1, 2)


def contexts() -> list[tuple[str, str, dict[str, Any], str]]:
    """Each page: its name, its template, its context, its address."""
    queue = DomainQueue("clinique-du-lac.test", 12, 2, _AT, 90_000, 3, _AT, _AT, None, "", "unreachable")
    held = DomainQueue("ailleurs.test", 1, 0, _AT, 9_000, 0, None, None, _AT, "450", "refused")
    mail = OutboundRow(UUID(int=9), "ailleurs.test", "queued", _AT, _AT, 3, "450", "refused", 52_000, None, None)
    cards = [
        Card("Liste de confiance", "lock", "console_trust", ("8655 domaines.",)),
        Card("Courrier sortant", "send", "console_queue", (str(PROBLEMS["unreachable"]),), careful=True),  # type: ignore[index]
    ]
    numbers = {"sent": 1200, "to_patients": 800, "received": 950, "spool_waiting": 4, "needs_a_person": 1}
    trust = {"filters": TrustSearch({}), "text": "", "domains": [], "next_after": ""}
    away = [{"peer": RefusedRow("revoked", "ab", _DN, 3, _AT, _AT), "why": "Son certificat a été révoqué."}]
    domains = [TrustedRow("clinique-du-lac.test", "Opérateur du Lac", True, True, False, _AT, (_DN,))]
    changes = [ChangeRow(n, _AT, kind, "hand", "lac.test", _DN) for n, kind in enumerate(("added", "removed", "x"))]
    boxes = {"filters": MailboxSearch({}), "mailboxes": [_ROW], "next_after": "b@c.test", "text": ""}
    delegates = [
        Delegate("99700218938", "Mme Julie LEMAIRE", _BOX.created_on, last, "Dr Anne Roche", None, "", True)
        for last in (None, date(2026, 12, 31))
    ]
    opened = {"delegates": delegates, "certificates": [Certificate(_DN, "Dr Anne Roche", _AT, None)]}
    figures = {
        "filters": MonthChoice({"month": "2026-11"}, months=["2026-11", "2026-10"]),
        "month": date(2026, 11, 1),
        "chart": bars([Bar("10/26", 12, 40), Bar("11/26", 1200, 950)], "Messages"),
        "kinds": list(KINDS.values()),
        "rows": [("Boîtes", [1, 2, 3, 4, 10])],
        "documents": [("34112-3", "Lettre de liaison", 12)],
        "products": [("DEV935997", 12)],
        "query": "?month=2026-11",
    }
    asked = {"closures": [{"closure": _CLOSURE, "lasts": True}], "form": ClosureForm({})}
    unseen = {"checked": [{"mailbox": _BOX, "findings": list(FINDINGS.values())}]}
    return [
        ("console", "overview", {**numbers, "closure": _CLOSURE, "cards": cards}, "console"),
        (
            "trust",
            "trust",
            {**trust, "taken": _taken(), "read": _taken("refused"), "domains": domains, "turned_away": away},
            "console_trust",
        ),
        ("trust-none", "trust", {**trust, "taken": None, "read": None}, "console_trust"),
        ("changes", "trust_changes", {"changes": changes, "next_url": "?before=1"}, "console_trust_changes"),
        ("changes-none", "trust_changes", {"changes": []}, "console_trust_changes"),
        (
            "queue",
            "queue",
            {
                "domains": [{"queue": queue, "why": PROBLEMS["unreachable"]}, {"queue": held, "why": ""}],  # type: ignore[index]
                "waiting": 13,
                "held": 2,
                "oldest": _AT,
            },
            "console_queue",
        ),
        ("queue-none", "queue", {"domains": [], "waiting": 0, "held": 0, "oldest": None}, "console_queue"),
        (
            "queue-domain",
            "queue_domain",
            {"domain": "ailleurs.test", "mails": [{"mail": mail, "why": ""}], "next_url": "?after=1"},
            "console_queue_domain",
        ),
        ("closures", "closures", asked, "console_closures"),
        ("closures-none", "closures", {"closures": [], "form": ClosureForm()}, "console_closures"),
        ("boxes", "mailboxes", {**boxes, **unseen}, "console_mailboxes"),
        ("boxes-none", "mailboxes", {**boxes, "mailboxes": []}, "console_mailboxes"),
        ("box", "mailbox", {**_ROW, **opened}, "console_mailbox"),
        ("figures", "figures", figures, "console_statistics"),
    ]
