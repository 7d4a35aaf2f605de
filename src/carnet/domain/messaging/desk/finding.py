"""Finding a patient: by the barcode of the INS, by the number typed, by the traits; and what INSi says of it.

Sources: ANS, Référentiel INS (DataMatrix; qualification by INSi and an identity document); Cnam, téléservice INSi.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.traces import TraceAct
from carnet.domain.identity.insi import AskedTraits, FoundIdentity, InsiAway, find_by_traits, verify_identity
from carnet.domain.identity.queries import oid_is_accepted
from carnet.domain.identity.values import Ins, InsOid, StrictTraits
from carnet.domain.identity.values.datamatrix import DataMatrixIns
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.patient_values import FoundPatient


class FindOutcome(StrEnum):
    """What a search for a patient came to; the first three are INSi's own (codes 00, 01, 02)."""

    FOUND = "found"
    NOBODY = "nobody"
    SEVERAL = "several"
    DIFFERENT = "different"
    """INSi knows this number for somebody else."""
    OTHER_WORLD = "other-world"
    """A test number in production, a real one elsewhere."""
    AWAY = "away"
    """INSi gave no answer; a patient who is there nevertheless was scanned or typed and has to be checked by hand."""


@dataclass(frozen=True)
class Found:
    """The outcome, and the patient to check where there is one."""

    outcome: FindOutcome
    patient: FoundPatient | None = None


_OUTCOMES = {"00": FindOutcome.FOUND, "01": FindOutcome.NOBODY, "02": FindOutcome.SEVERAL}


def find_patient_by_traits(actor: DeskActor, asked: AskedTraits) -> Found:
    """Who has these traits, by INSi. Waits for the service: outside a transaction."""
    try:
        answer = find_by_traits(asked, by=actor.rpps)
    except InsiAway:
        return _traced(actor, Found(FindOutcome.AWAY))
    patient = _patient(answer.identity, "insi") if answer.identity else None
    return _traced(actor, Found(_OUTCOMES[answer.code], replace(patient, insi_agrees=True) if patient else None))


def find_patient_by_datamatrix(actor: DeskActor, scanned: DataMatrixIns) -> Found:
    """The patient of a barcode, confirmed by INSi where it answers. Waits for the service."""
    if not oid_is_accepted(scanned.oid):
        return _traced(actor, Found(FindOutcome.OTHER_WORLD))
    return _confirmed(actor, FoundIdentity(scanned.ins, scanned.oid, scanned.traits), "datamatrix")


def find_patient_by_number(
    actor: DeskActor, ins: Ins, *, birth_name: str = "", given_name: str = "", birth_date: date | None = None
) -> Found:
    """The patient of a number that was typed, its key being right; confirmed by INSi when the traits are given too.

    Raises ``InvalidTrait``. Waits for the service.
    """
    oid = InsOid.NIR if settings.CARNET_PRODUCTION else InsOid.NIR_TEST
    if not (birth_name and given_name and birth_date):
        return _traced(actor, Found(FindOutcome.FOUND, FoundPatient(str(ins), oid.value)))
    traits = StrictTraits.read(
        birth_name=birth_name, given_names=given_name, birth_date=birth_date, sex="M" if ins[0] in "17" else "F"
    )
    return _confirmed(actor, FoundIdentity(ins, oid, traits), "typed")


def _confirmed(actor: DeskActor, identity: FoundIdentity, how: str) -> Found:
    patient = _patient(identity, how)
    try:
        agrees = verify_identity(identity.ins, identity.oid, identity.traits, by=actor.rpps)
    except InsiAway:
        return _traced(actor, Found(FindOutcome.AWAY, patient))
    if not agrees:
        return _traced(actor, Found(FindOutcome.DIFFERENT))
    return _traced(actor, Found(FindOutcome.FOUND, replace(patient, insi_agrees=True)))


def _patient(identity: FoundIdentity, how: str) -> FoundPatient:
    traits = identity.traits
    return FoundPatient(
        ins=str(identity.ins),
        oid=identity.oid.value,
        birth_name=traits.birth_name,
        given_names=traits.given_names_text or traits.first_given_name,
        birth_date=traits.birth_date,
        sex=traits.sex.value if traits.sex else "",
        birth_place=traits.birth_place,
        how=how,
    )


def _traced(actor: DeskActor, found: Found) -> Found:
    """Who looked for an identity stands in the mailbox's traces; whom they looked for does not."""
    outcome = "" if found.outcome is FindOutcome.FOUND else found.outcome.value
    with transaction.atomic():
        leave_traces([actor.trace(TraceAct.IDENTITY_SOUGHT, outcome=outcome)])
    return found
