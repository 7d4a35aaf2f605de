"""The open connections of a process, by server: how many there may be, which may serve the next message."""

import asyncio
import ssl
import time
from collections import Counter

from django.conf import settings

from carnet.domain.messaging.outbound.client import Link, Times
from carnet.domain.messaging.outbound.values import Host


class Links:
    """Connections in use and at rest. One at rest is kept a few seconds, for the next message to the same server.

    ``opened`` counts those that were made, by server.
    """

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self._shares: dict[str, asyncio.Semaphore] = {}
        self._resting: dict[str, list[tuple[float, Link]]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def kept(self) -> int:
        """How many rest."""
        return sum(len(one) for one in self._resting.values())

    def share(self, host: Host) -> asyncio.Semaphore:
        """What a session holds while it sends to a server: so many at once, whatever domains are served there."""
        return self._shares.setdefault(str(host), asyncio.Semaphore(settings.CARNET_OUTBOUND_CONNECTIONS_PER_HOP))

    def may_go_on(self, link: Link) -> bool:
        return link.alive and link.carried < settings.CARNET_OUTBOUND_MESSAGES_PER_CONNECTION

    def take(self, host: Host) -> Link | None:
        """One that rests and lives."""
        resting = self._resting.get(str(host), [])
        while resting:
            _, link = resting.pop()
            if self.may_go_on(link):
                return link
            self._forget(link)
        return None

    async def open(
        self, host: Host, *, hostname: str, tls: ssl.SSLContext | None, times: Times, may_be_clear: bool
    ) -> Link:
        """A new one. Raises ``NotOpened``."""
        link = await Link.open(host, hostname=hostname, tls=tls, times=times, may_be_clear=may_be_clear)
        self.opened[str(host)] += 1
        return link

    async def give_back(self, link: Link) -> None:
        """It may serve again, if it lives and has not carried its share."""
        if self.may_go_on(link):
            self._resting.setdefault(str(link.host), []).append((time.monotonic(), link))
        else:
            await link.close()

    def close_idle(self) -> None:
        """End what has rested long enough."""
        limit = time.monotonic() - settings.CARNET_OUTBOUND_IDLE_SECONDS
        for resting in self._resting.values():
            for one in [one for one in resting if one[0] <= limit or not one[1].alive]:
                resting.remove(one)
                self._forget(one[1])

    def _forget(self, link: Link) -> None:
        task = asyncio.ensure_future(link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End all that rest."""
        for resting in self._resting.values():
            while resting:
                self._forget(resting.pop()[1])
        if self._closing:
            await asyncio.wait(self._closing)
