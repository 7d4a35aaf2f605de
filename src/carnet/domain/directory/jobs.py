"""Keeping the trust space fresh: the trust list and the revocation lists are fetched again and again."""

import hashlib
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from procrastinate.contrib.django import app

from carnet.domain.directory.commands import fetch_trust_list
from carnet.domain.directory.models import TrustListVersion
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.fetch import NotFetched, fetch
from carnet.foundation.keys import write_durably
from carnet.foundation.tls import revocation

_TRY_AGAIN = timedelta(minutes=15)

log = logs.get("worker")


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="refresh-trust-list")
def refresh_trust_list(timestamp: int) -> None:
    """Fetch the trust list when its time has come; after a failure, every quarter of an hour."""
    if settings.CARNET_TRUST_LIST_URL and _is_due():
        fetch_trust_list()


def _is_due() -> bool:
    readings = TrustListVersion.objects.filter(source=settings.CARNET_TRUST_LIST_URL[:500])
    last = readings.order_by("-id").values_list("read_at", "outcome").first()
    if last is None:
        return True
    period = timedelta(seconds=settings.CARNET_TRUST_LIST_REFRESH_SECONDS)
    wait = min(period, _TRY_AGAIN) if last[1] == TrustListVersion.Outcome.REFUSED else period
    # A minute early rather than a turn late.
    return now() - last[0] >= wait - timedelta(minutes=1)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="refresh-revocation-lists")
def refresh_revocation_lists(timestamp: int) -> None:
    """Fetch each revocation list whose time has come."""
    for url in settings.CARNET_CRL_URLS:
        path = revocation.fetched_folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.crl"
        age = now().timestamp() - path.stat().st_mtime if path.exists() else None
        if age is None or age >= settings.CARNET_CRL_REFRESH_SECONDS:
            _fetch_revocation_list(url, path, revocation.authorities())


def _fetch_revocation_list(url: str, path: Path, authorities: list[x509.Certificate]) -> None:
    """One list into its file. What cannot be used does not take the place of the last good one."""
    try:
        content = fetch(url, most=revocation.LARGEST_LIST_BYTES, plain=True)  # it is signed
        new = revocation.read_list(content, authorities)
        known = revocation.read_list(path.read_bytes(), authorities) if path.exists() else None
    except (NotFetched, revocation.BadRevocationList) as problem:
        log.error("revocation_list_not_fetched", reason=str(problem))
        return
    if known is not None and new.this_update < known.this_update:
        log.error("revocation_list_not_fetched", reason="older than the one in force")
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path, content)


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="watch-revocation-lists")
def watch_revocation_lists(timestamp: int) -> None:
    """Warn, from two days ahead, of a revocation list that comes to its end: after it, operators are turned away."""
    for one in revocation.standing_lists():
        left = one.next_update - now()
        if left < revocation.WARN_BEFORE:
            log.warning("revocation_list_ends", seconds=int(left.total_seconds()), count=len(one.serials))
