"""Sending what is due: a session for each destination, so that nobody waits for a slow one.

Runs inside the worker's event loop. What speaks to the database or the store has threads of its own.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from carnet.domain.messaging import rules
from carnet.domain.messaging.outbound import claims, settling, trust
from carnet.domain.messaging.outbound.claims import Claimed
from carnet.domain.messaging.outbound.client import Link, NotOpened, Times
from carnet.domain.messaging.outbound.links import Links
from carnet.domain.messaging.outbound.routes import Unroutable, hosts_of
from carnet.domain.messaging.outbound.settling import Tried
from carnet.domain.messaging.outbound.values import Answer, Host, Letter, Phase, Problem, Recipient
from carnet.foundation import logs
from carnet.foundation.bodies import BodyMissing, get_body
from carnet.foundation.clock import now
from carnet.foundation.closures import current_closure
from carnet.foundation.keys import KeyProblem

_LOOK_SECONDS = 2.0
_SETTLE_AGAIN_SECONDS = 0.3
_FINISH_SECONDS = 8.0
_ROOM_BYTES = 64 * 1024 * 1024
_BATCH = 50

T = TypeVar("T")

log = logs.get("outbound")


class Down(Exception):
    """The destination takes nothing now; ``answer`` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.problem.value)
        self.answer = answer


class Sender:
    """Everything that one process sends to other operators, while there is something to send."""

    def __init__(self) -> None:
        self.worker = uuid4()
        self.links = Links()
        self._ledger = ThreadPoolExecutor(1, thread_name_prefix="outbound-ledger")
        self._store = ThreadPoolExecutor(1, thread_name_prefix="outbound-store")
        self._flying: set[UUID] = set()
        self._held_until = 0.0
        self._sessions: dict[asyncio.Task[None], str] = {}
        self._down_at: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._room = _Room(_ROOM_BYTES)
        self._slots = asyncio.Semaphore(settings.CARNET_OUTBOUND_CONNECTIONS)
        self._stopping = False

    def wake(self) -> None:
        """Look at the queue again at once."""
        self._woken.set()

    async def run(self) -> None:
        """Send until nothing is due and no connection is kept open any more.

        Cancelled, it takes nothing new, finishes the transactions that are under way and puts the rest back.
        """
        heart = asyncio.create_task(self._beat())
        try:
            await self._until_idle()
        finally:
            self._stopping = True
            await self._finish()
            heart.cancel()
            await self.links.close()
            for threads in (self._ledger, self._store):
                threads.submit(connections.close_all)
                threads.shutdown()

    async def _finish(self) -> None:
        """Let what is under way end, a few seconds long."""
        if self._sessions:
            await asyncio.wait(list(self._sessions), timeout=_FINISH_SECONDS)
        for session in list(self._sessions):
            session.cancel()
        if self._sessions:
            await asyncio.wait(list(self._sessions), timeout=1)

    async def _until_idle(self) -> None:
        while True:
            self._woken.clear()
            try:
                closed = await self._ask(current_closure, now())
                due = [] if closed is not None else await self._ask(claims.due_domains, now())
            except DatabaseError as problem:
                if not self._sessions:
                    raise
                log.error("database_away", exc_info=problem)  # what is under way must still be written
                due = []
            busy = set(self._sessions.values())
            for domain in due:
                if domain not in busy:
                    self._start(domain)
            self.links.close_idle()
            if not self._sessions and not self.links.kept:
                return
            rest = settings.CARNET_OUTBOUND_IDLE_SECONDS if self.links.kept else _LOOK_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(_LOOK_SECONDS, max(rest, 0.05)))

    def _start(self, domain: str) -> None:
        session = asyncio.create_task(self._serve(domain))
        self._sessions[session] = domain
        session.add_done_callback(self._ended)

    def _ended(self, session: asyncio.Task[None]) -> None:
        self._sessions.pop(session, None)
        self._woken.set()
        if not session.cancelled() and (problem := session.exception()) is not None:
            log.error("outbound_session_failed", exc_info=problem)

    # --- one destination --------------------------------------------------------------------------------------------

    async def _serve(self, domain: str) -> None:
        """Hand over the mail of one domain until none is due, or until its operator takes nothing more."""
        try:
            hosts = await hosts_of(domain)
        except Unroutable as problem:
            await self._unroutable(domain, problem.answer)
            return
        share = self.links.share(hosts[0])
        async with share, self._slots:
            post = _Post()
            try:
                while not self._stopping:
                    began = time.monotonic()
                    taken, probing = await self._claim(domain)
                    if not taken:
                        return
                    with self._in_hand(taken):
                        try:
                            await self._carry_all(domain, hosts, post, taken)
                        except Down as problem:
                            await self._note_down(domain, problem.answer, began)
                            return
                        finally:
                            await self._settled(claims.release, self.worker, [one.id for one in taken])
                    if probing:
                        await self._settled(settling.note_up, domain)
                    elif len(taken) == _BATCH and not share.locked():
                        self._start(domain)  # there is more: one more connection, up to the server's share
            finally:
                if post.link is not None:
                    await self.links.give_back(post.link)

    async def _note_down(self, domain: str, answer: Answer, began: float) -> None:
        """Once for all the sessions that met the same trouble at the same time."""
        if self._down_at.get(domain, 0.0) < began:
            self._down_at[domain] = time.monotonic()
            await self._settled(settling.note_down, domain, answer)

    async def _unroutable(self, domain: str, answer: Answer) -> None:
        """No server can be named: mail waits, or is given up where the domain says that it takes none."""
        if rules.what_follows(answer) is not rules.Follows.FAILED:
            await self._settled(settling.note_down, domain, answer)
            return
        while taken := (await self._claim(domain))[0]:
            with self._in_hand(taken):
                await self._settled(settling.settle, self.worker, [Tried(one, answer) for one in taken])

    async def _claim(self, domain: str) -> tuple[list[Claimed], bool]:
        if await self._ask(current_closure, now()) is not None:
            return [], False
        return await self._ask(claims.claim, domain, self.worker, _BATCH, list(self._flying))

    @contextmanager
    def _in_hand(self, taken: list[Claimed]) -> Iterator[None]:
        ids = {one.id for one in taken}
        self._flying |= ids
        self._held_until = max(self._held_until, time.monotonic() + claims.LEASE.total_seconds())
        try:
            yield
        finally:
            self._flying -= ids

    async def _carry_all(self, domain: str, hosts: list[Host], post: "_Post", taken: list[Claimed]) -> None:
        """Carry what was claimed, message by message, on the session's connection. Raises ``Down``."""
        for mails in claims.letters(taken, settings.CARNET_OUTBOUND_RECIPIENTS):
            if self._stopping or time.monotonic() > self._held_until:
                return
            async with self._room.of(mails[0].size):
                content = await self._content(mails)
                if content is None:
                    continue
                link = await self._usable(domain, hosts, post)
                used = link.carried > 0
                answers = await link.carry(_letter(mails, content))
                if used and not link.alive and answers[0].phase is Phase.MAIL:
                    # It had ended the connection meanwhile, as servers do after a time or a number of messages.
                    link = await self._usable(domain, hosts, post)
                    answers = await link.carry(_letter(mails, content))
            await self._note(mails, answers, link)
            worst = next((one for one in answers if rules.what_follows(one) is rules.Follows.ALL_WAIT), None)
            if worst is not None:
                raise Down(worst)

    async def _usable(self, domain: str, hosts: list[Host], post: "_Post") -> Link:
        """The session's connection while it may go on, else another one."""
        if post.link is None or not self.links.may_go_on(post.link):
            if post.link is not None:
                link, post.link = post.link, None
                await link.close()
            post.link = await self._open(domain, hosts)
        return post.link

    async def _note(self, mails: list[Claimed], answers: list[Answer], link: Link) -> None:
        """Settle what was answered. What waits with all the others of its operator, and had no part in it, is put back
        untouched; a message in whose middle the connection broke has its own wait, so that another one goes first."""
        tried = [
            Tried(mail, answer, link.reports_success)
            for mail, answer in zip(mails, answers, strict=True)
            if rules.what_follows(answer) is not rules.Follows.ALL_WAIT or answer.phase is Phase.CONTENT
        ]
        for one in tried:
            log.info("outbound_tried", message=str(one.mail.id), code=one.answer.code, attempt=one.mail.attempts + 1)
        await self._settled(settling.settle, self.worker, tried)

    async def _content(self, mails: list[Claimed]) -> bytes | None:
        """The message, or None when the store cannot give it: then it is held for a person."""
        try:
            return await self._fetch(get_body, mails[0].owner_id, mails[0].body)
        except (BodyMissing, KeyProblem) as problem:
            log.error("outbound_unreadable", message=str(mails[0].id), exc_info=problem)
            for one in mails:
                await self._ask(settling.hold_unreadable, one)
            return None

    async def _open(self, domain: str, hosts: list[Host]) -> Link:
        """A connection to the first server that answers and is the operator of the domain, at rest or new.

        Raises ``Down`` with the last answer when none is.
        """
        answer = Answer.of(Problem.NO_ROUTE, Phase.ROUTE, 450, "4.4.4")
        for host in hosts:
            kept = self.links.take(host)
            try:
                link = kept or await self._connect(host)
            except NotOpened as problem:
                answer = problem.answer
                continue
            unfit = await self._fetch(trust.check_peer, link.certificate, domain) if link.secured else None
            if unfit is None:
                return link
            answer = Answer.of(unfit, Phase.TLS, 454, "4.7.5")
            await link.close()
        raise Down(answer)

    async def _connect(self, host: Host) -> Link:
        try:
            context = await self._fetch(trust.context_for, host)
        except trust.NotConfigured:
            raise NotOpened(Answer.of(Problem.NOT_CONFIGURED, Phase.TLS, 454, "4.7.0")) from None
        return await self.links.open(
            host,
            hostname=settings.CARNET_HOSTNAME,
            tls=context,
            may_be_clear=trust.may_be_clear(host),
            times=Times(
                connect=settings.CARNET_OUTBOUND_CONNECT_SECONDS,
                reply=settings.CARNET_OUTBOUND_REPLY_SECONDS,
                content=settings.CARNET_OUTBOUND_CONTENT_SECONDS,
            ),
        )

    # --- the database -----------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Renew the claims of what is in hand. While that fails they end, and no message is begun any more."""
        while True:
            await asyncio.sleep(claims.RENEW_SECONDS)
            if not self._flying:
                continue
            asked = time.monotonic()
            try:
                await self._ask(claims.renew, self.worker, list(self._flying))
                self._held_until = asked + claims.LEASE.total_seconds()
            except DatabaseError as problem:
                log.error("claims_not_renewed", exc_info=problem, count=len(self._flying))

    async def _settled(self, write: Callable[..., None], *arguments: object) -> None:
        """Write until it is written: what another operator has taken must not be sent again for a database away."""
        while True:
            try:
                await asyncio.shield(self._ask(write, *arguments))
                return
            except DatabaseError as problem:
                log.error("not_settled_yet", exc_info=problem)
                await asyncio.sleep(_SETTLE_AGAIN_SECONDS)

    async def _ask(self, question: Callable[..., T], *arguments: object) -> T:
        """Read or write in the ledger's thread, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._ledger, _fresh, question, *arguments)

    async def _fetch(self, question: Callable[..., T], *arguments: object) -> T:
        """Read beside the ledger."""
        return await asyncio.get_running_loop().run_in_executor(self._store, _fresh, question, *arguments)


@dataclass
class _Post:
    """The connection that a session has in use."""

    link: Link | None = None


class _Room:
    """Bounds the content in memory: a message waits until there is room for it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._changed = asyncio.Condition()

    def of(self, size: int) -> "_Place":
        return _Place(self, min(size, self._size))

    async def change(self, by: int) -> None:
        async with self._changed:
            if by > 0:
                await self._changed.wait_for(lambda: self._taken + by <= self._size)
            self._taken += by
            self._changed.notify_all()


class _Place:
    """A part of the room, for as long as the block lasts."""

    def __init__(self, room: _Room, size: int) -> None:
        self._room = room
        self._size = size

    async def __aenter__(self) -> None:
        await self._room.change(self._size)

    async def __aexit__(self, *_: Any) -> None:
        await self._room.change(-self._size)


def _letter(mails: list[Claimed], content: bytes) -> Letter:
    return Letter(
        sender=mails[0].sender,
        recipients=tuple(Recipient(one.recipient, one.notify, one.orcpt) for one in mails),
        content=content,
        ret=mails[0].ret,
        envid=mails[0].envid,
    )


def _fresh(question: Callable[..., T], *arguments: object) -> T:
    """Ask on a connection that has just been seen to live."""
    close_old_connections()
    return question(*arguments)
