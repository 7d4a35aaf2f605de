"""The trust space of the sandbox: whose domains they are, and which operator speaks for each."""

from pathlib import Path

from django.conf import settings

from carnet.domain.directory.commands import import_trust_list, trust_domain
from carnet.domain.directory.values import Domain
from carnet.sandbox import certificates, trust_list

HOSPITAL_DOMAIN = "saint-aubin.mssante.test"
CITY_DOMAIN = "cabinets.mssante.test"
OTHER_OPERATOR_DOMAIN = "clinique-horizon.mssante.test"


def trust_space_of_the_sandbox(list_file: Path | None = None) -> None:
    """The domains that the sandbox trusts: two hosted, the patients', and another operator's.

    Which are hosted here is said by hand; who speaks for each, by a trust list: the one of ``list_file`` or the same
    made at once.
    """
    for domain in (settings.CARNET_PATIENT_DOMAIN, HOSPITAL_DOMAIN, CITY_DOMAIN):
        trust_domain(Domain(domain), operator="Carnet", hosted=True)
    content = list_file.read_bytes() if list_file else trust_list.document(listed_in_the_sandbox())
    reading = import_trust_list(content, source="sandbox", accept_loss=True)
    if reading.outcome == reading.outcome.REFUSED:
        raise ValueError(f"the sandbox's trust list: {reading.reason}")


def listed_in_the_sandbox() -> list[tuple[str, str, str]]:
    """The entries of its trust list: domain, subject of the operator's certificate, description."""
    own, other = certificates.own_subject(settings.CARNET_HOSTNAME), certificates.other_subject()
    return [
        (settings.CARNET_PATIENT_DOMAIN, own, "Mon espace santé du bac à sable"),
        (HOSPITAL_DOMAIN, own, "Centre hospitalier Saint-Aubin"),
        (CITY_DOMAIN, own, "Cabinets de ville"),
        (OTHER_OPERATOR_DOMAIN, other, "Clinique Horizon"),
    ]
