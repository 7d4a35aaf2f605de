"""A patch, from its document to what the directory does of it."""

from typing import Any

from carnet.domain.directory.commands.publication import Refused as ChangeRefused
from carnet.domain.directory.commands.publication import publish
from carnet.domain.directory.publication import Refusal
from carnet.domain.directory.queries.api_keys import KeyFacts
from carnet.domain.directory.queries.published import Published
from carnet.interfaces.fhir.fhirpath_patch import read
from carnet.interfaces.fhir.outcomes import Refused

_STATUS = {Refusal.NOT_YOUR_DOMAIN: (403, "forbidden"), Refusal.TAKEN: (409, "duplicate")}


def apply(of: Any, row: Published, document: Any, who: KeyFacts) -> None:
    """Do what the patch asks for, all of it or nothing. Raises ``Refused``."""
    if not who.operator:
        raise Refused(403, "forbidden", "this key reads: an operator's key is needed to write")
    refused = publish(of.CARRIER, row.key, read(document, of.NAME), who)
    if isinstance(refused, ChangeRefused):
        status, code = _STATUS.get(refused.reason, (422, "business-rule"))
        raise Refused(status, code, f"Parameters.parameter[{refused.place}]: {refused.sentence}")
