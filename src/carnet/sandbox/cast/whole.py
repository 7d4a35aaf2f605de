"""All of them together, as the demo has them."""

from pathlib import Path

from carnet.sandbox.cast.city import clinic, colleague_elsewhere, general_practitioner, pharmacies_known, pharmacy
from carnet.sandbox.cast.hospital import (
    archives,
    archivist,
    coordinating_nurse,
    hospital,
    hospital_software,
    nurse,
    oncology,
    orthopaedics,
    practices,
    surgeon,
)
from carnet.sandbox.cast.operators import administrator, directory_keys
from carnet.sandbox.cast.pathways import pathways_of_the_hospital
from carnet.sandbox.cast.people import HOLDERS, make_holder, opposed_person
from carnet.sandbox.cast.trust import trust_space_of_the_sandbox


def everyone(list_file: Path | None = None) -> None:
    """The whole sandbox: the trust space, the establishments, the mailboxes and the people."""
    trust_space_of_the_sandbox(list_file)
    hospital()
    clinic()
    hospital_software()
    teams = orthopaedics(), oncology(), archives()
    general_practitioner()
    surgeon()
    nurse()
    coordinating_nurse()
    archivist()
    pathways_of_the_hospital(*teams)
    pharmacy()
    colleague_elsewhere()
    practices()
    directory_keys()
    for holder in HOLDERS:
        make_holder(holder)
    pharmacies_known()
    opposed_person()
    administrator()
