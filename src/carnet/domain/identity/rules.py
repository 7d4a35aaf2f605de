"""What an identity becomes, and what it then allows: pure decisions (RNIV; ANS, Référentiel INS).

Only a qualified identity lets its INS be used outside: address a health space, reference a document, be sent.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from carnet.domain.identity.values import IdentityAttribute, IdentityStatus, InsOid, Trait


class IdentityEvent(StrEnum):
    """What may happen to an identity."""

    INSI_MATCHED = "insi-matched"
    """INSi gave one identity, and its traits agree with those held."""
    INSI_NOT_MATCHED = "insi-not-matched"
    """INSi found none or several, or answered KO to a verification."""
    DOCUMENT_CHECKED = "document-checked"
    """The traits were compared with a document or device of high confidence."""
    STRICT_TRAIT_CHANGED = "strict-trait-changed"
    ATTRIBUTES_CHANGED = "attributes-changed"


class Reason(StrEnum):
    """Why a decision is what it is; `sentence` says it to a person."""

    IDENTITY_QUALIFIED = "identity-qualified"
    IDENTITY_NOT_QUALIFIED = "identity-not-qualified"
    IDENTITY_DOUBTFUL = "identity-doubtful"
    IDENTITY_FICTITIOUS = "identity-fictitious"
    TRAITS_COMPLETE = "traits-complete"
    TRAITS_MISSING = "traits-missing"
    OID_FITS = "oid-fits"
    TEST_OID_IN_PRODUCTION = "test-oid-in-production"
    REAL_OID_OUTSIDE_PRODUCTION = "real-oid-outside-production"
    REAL_OID_TOLERATED_IN_DOCUMENT = "real-oid-tolerated-in-document"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Reason.IDENTITY_QUALIFIED: "The identity is qualified: its INS may be used and sent.",
    Reason.IDENTITY_NOT_QUALIFIED: "The INS may be used once INSi and a document both agree.",
    Reason.IDENTITY_DOUBTFUL: "The identity is marked doubtful: settle the doubt first.",
    Reason.IDENTITY_FICTITIOUS: "The identity is marked fictitious: it names nobody.",
    Reason.TRAITS_COMPLETE: "The traits that INSi needs are there.",
    Reason.TRAITS_MISSING: "INSi needs birth name, first given name, birth date, sex and birth place.",
    Reason.OID_FITS: "This authority is the right one here.",
    Reason.TEST_OID_IN_PRODUCTION: "A test or demonstration INS names nobody: it is refused in production.",
    Reason.REAL_OID_OUTSIDE_PRODUCTION: "Outside production only test and demonstration INS are taken.",
    Reason.REAL_OID_TOLERATED_IN_DOCUMENT: (
        "The document names the authority of real INS; official samples do too, so it is taken here."
    ),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or refused, and why. `is_warning`: allowed, but somebody should be told."""

    allowed: bool
    reason: Reason
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The status after an event, and whether the INS that was held must be forgotten with it."""

    status: IdentityStatus
    forgets_ins: bool


def next_status(
    status: IdentityStatus,
    attributes: Set[IdentityAttribute],
    event: IdentityEvent,
) -> StatusChange:
    """The status that `event` leads to; `attributes` are those held once the event has happened.

    1. A doubtful or fictitious identity is provisional, whatever happens.
    2. A strict trait that changes undoes both proofs: neither INSi nor a document said so of the new
       traits. Who corrected it from the document says so by a `DOCUMENT_CHECKED` of its own.
    3. Otherwise INSi and the document each prove their half: provisional, then recovered or validated, then
       qualified.
    4. An INSi that no longer recognises the traits takes back its own half.

    The INS is kept only while INSi answers for it.
    """
    if any(attribute.forces_provisional for attribute in attributes):
        return _change(status, insi=False, document=False)
    insi, document = status.ins_was_found, status.document_was_checked
    match event:
        case IdentityEvent.STRICT_TRAIT_CHANGED:
            insi = document = False
        case IdentityEvent.INSI_MATCHED:
            insi = True
        case IdentityEvent.INSI_NOT_MATCHED:
            insi = False
        case IdentityEvent.DOCUMENT_CHECKED:
            document = True
        case IdentityEvent.ATTRIBUTES_CHANGED:
            pass
    return _change(status, insi=insi, document=document)


def may_share_ins(status: IdentityStatus, attributes: Set[IdentityAttribute]) -> Decision:
    """Whether the INS may be used outside or sent: only when the identity is qualified."""
    refused = _refused_by_attribute(attributes)
    if refused is not None:
        return refused
    if status is not IdentityStatus.QUALIFIEE:
        return Decision(False, Reason.IDENTITY_NOT_QUALIFIED)
    return Decision(True, Reason.IDENTITY_QUALIFIED)


def may_call_insi(attributes: Set[IdentityAttribute], missing: tuple[Trait, ...]) -> Decision:
    """Whether INSi may be asked, to find an INS or to verify one.

    `missing` is what `StrictTraits.missing()` says. A doubtful or fictitious identity may not be asked about.
    """
    refused = _refused_by_attribute(attributes)
    if refused is not None:
        return refused
    if missing:
        return Decision(False, Reason.TRAITS_MISSING)
    return Decision(True, Reason.TRAITS_COMPLETE)


def may_use_oid(oid: InsOid, *, production: bool) -> Decision:
    """Whether an identity of this authority may live here: real in production, test and demo elsewhere."""
    if production and oid.is_test:
        return Decision(False, Reason.TEST_OID_IN_PRODUCTION)
    if not production and not oid.is_test:
        return Decision(False, Reason.REAL_OID_OUTSIDE_PRODUCTION)
    return Decision(True, Reason.OID_FITS)


def tolerates_document_oid(oid: InsOid, *, production: bool) -> Decision:
    """Whether a document that names its patient by this authority may come in.

    As `may_use_oid`, but outside production the authority of the real NIR is taken with a warning: the
    examples that ANS publishes carry it with fictitious numbers (ansforge/TestContenuCDA-3-0).
    """
    if not production and oid is InsOid.NIR:
        return Decision(True, Reason.REAL_OID_TOLERATED_IN_DOCUMENT, is_warning=True)
    return may_use_oid(oid, production=production)


def _refused_by_attribute(attributes: Set[IdentityAttribute]) -> Decision | None:
    if IdentityAttribute.FICTIVE in attributes:
        return Decision(False, Reason.IDENTITY_FICTITIOUS)
    if IdentityAttribute.DOUTEUSE in attributes:
        return Decision(False, Reason.IDENTITY_DOUBTFUL)
    return None


def _change(before: IdentityStatus, *, insi: bool, document: bool) -> StatusChange:
    if insi:
        after = IdentityStatus.QUALIFIEE if document else IdentityStatus.RECUPEREE
    else:
        after = IdentityStatus.VALIDEE if document else IdentityStatus.PROVISOIRE
    return StatusChange(after, forgets_ins=before.ins_was_found and not insi)
