"""The patient whom the form before this page has chosen."""

from dataclasses import replace

from django.http import HttpRequest

from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.patients import open_patient
from carnet.interfaces.web.desk.session import AtDesk


def chosen_patient(request: HttpRequest, who: AtDesk) -> FoundPatient | None:
    """The patient of the field ``patient``, verified when the box ``identity_checked`` beside it was ticked.

    None for no token, a changed one, one of another mailbox, or one that is too old.
    """
    patient = open_patient(who.mailbox.id, request.POST.get("patient", ""))
    if patient is not None and request.POST.get("identity_checked") == "yes":
        return replace(patient, verified=True)
    return patient
