"""What is counted of the mail of hosted mailboxes, for the statistics that an operator owes.

Sources: ANS, Référentiel socle MSSanté #2 §3.4 (X-MSS-CODECDA, X-MSS-INS, X-MSS-NIL), read here for the operator.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

_CODE = re.compile(r"[0-9]{1,7}-[0-9]\Z")
_PRODUCT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}\Z")
_MOST_CODES = 100
OTHER = "other"


class Measure(StrEnum):
    """One number of the statistics. A sent message is one message, however many it is for; a received one is one
    message in one mailbox. Those of documents and products are counted on what is sent."""

    SENT = "sent"
    SENT_TO_PATIENTS = "sent-to-patients"
    SENT_WITH_CDA = "sent-with-cda"
    INS_QUALIFIED = "ins-qualified"
    INS_NOT_QUALIFIED = "ins-not-qualified"
    INS_NOT_SAID = "ins-not-said"
    DOCUMENT = "document"
    PRODUCT = "product"
    RECEIVED = "received"
    RECEIVED_FROM_PATIENTS = "received-from-patients"
    RECEIVED_WITH_CDA = "received-with-cda"


Counted = tuple[Measure, str]
"""What is counted, and the code of the document or the product."""


def of_sent(*, to_patients: bool, codes: list[str], fields: Mapping[str, str]) -> list[Counted]:
    """What a sent message counts for. ``codes``: of its clinical documents; ``fields``: its X-MSS-* fields.

    One document is one count, doubles included (ECO.2.4.1). Whether the INS was qualified counts only beside a
    document (ECO.2.4.2); the product counts on every message that names it (ECO.2.4.3).
    """
    counted: list[Counted] = [(Measure.SENT, "")]
    if to_patients:
        counted.append((Measure.SENT_TO_PATIENTS, ""))
    if codes:
        counted.append((Measure.SENT_WITH_CDA, ""))
        counted += [(Measure.DOCUMENT, code) for code in codes]
        said = {"O": Measure.INS_QUALIFIED, "N": Measure.INS_NOT_QUALIFIED}
        counted.append((said.get(fields.get("X-MSS-INS", "").strip().upper(), Measure.INS_NOT_SAID), ""))
    product = fields.get("X-MSS-NIL", "").strip()
    if product:
        counted.append((Measure.PRODUCT, product if _PRODUCT.match(product) else OTHER))
    return counted


def of_received(*, from_patient: bool, with_documents: bool) -> list[Counted]:
    """What a message in a mailbox counts for."""
    counted: list[Counted] = [(Measure.RECEIVED, "")]
    if from_patient:
        counted.append((Measure.RECEIVED_FROM_PATIENTS, ""))
    if with_documents:
        counted.append((Measure.RECEIVED_WITH_CDA, ""))
    return counted


def document_codes(found: Iterable[str], fields: Mapping[str, str]) -> list[str]:
    """The codes of the clinical documents of a message: those that its archives hold, else what its header says.

    What is no LOINC code counts as ``other``, so that no sender fills the statistics with names of its own.
    """
    codes = list(found)
    if not codes:
        codes = [one.strip() for one in fields.get("X-MSS-CODECDA", "").split(",") if one.strip()]
    return [code if _CODE.match(code) else OTHER for code in codes[:_MOST_CODES]]
