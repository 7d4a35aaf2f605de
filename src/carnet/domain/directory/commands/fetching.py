"""Fetching the trust list from the address that the settings name."""

from django.conf import settings

from carnet.domain.directory.commands.trust import Reading, import_trust_list, refuse_trust_list
from carnet.domain.directory.models import TrustListVersion
from carnet.domain.directory.trust_list import MAX_BYTES
from carnet.foundation import logs
from carnet.foundation.fetch import NotFetched, fetch

log = logs.get("trust-list")


def fetch_trust_list(*, accept_loss: bool = False) -> Reading:
    """Fetch the list of the settings and put it in the place of the last one; refused, the last one stays in force."""
    source = settings.CARNET_TRUST_LIST_URL
    try:
        content = fetch(source, ca_file=settings.CARNET_TRUST_LIST_CA_FILE, most=MAX_BYTES)
    except NotFetched as problem:
        reading = refuse_trust_list(source, str(problem))
    else:
        reading = import_trust_list(content, source=source, accept_loss=accept_loss)
    if reading.outcome == TrustListVersion.Outcome.REFUSED:
        log.error("trust_list_refused", reason=reading.reason)
    else:
        log.info("trust_list_read", outcome=str(reading.outcome), count=reading.entries)
    return reading
