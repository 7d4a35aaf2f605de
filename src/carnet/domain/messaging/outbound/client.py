"""One connection to another operator's server: opened and secured once, then many messages, one after the other.

Commands are sent one by one: every server takes that, and who wants more at once opens more connections.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError

from carnet.domain.messaging.outbound.values import Answer, Host, Letter, Phase, Problem, Recipient


@dataclass(frozen=True, slots=True)
class Times:
    """How long each phase may take, in seconds (RFC 5321 §4.5.3.2)."""

    connect: float
    reply: float
    content: float


class NotOpened(Exception):
    """No connection that may be used; ``answer`` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.problem.value)
        self.answer = answer


class Link:
    """An open connection; ``certificate`` is the server's in DER, when ``secured``; ``carried`` counts its messages."""

    def __init__(self, host: Host, client: aiosmtplib.SMTP, times: Times) -> None:
        self.host = host
        self.secured = False
        self.certificate = b""
        self.carried = 0
        self._client = client
        self._times = times

    @classmethod
    async def open(
        cls, host: Host, *, hostname: str, tls: ssl.SSLContext | None, times: Times, may_be_clear: bool = False
    ) -> "Link":
        """Connect, greet and, with a context, secure the connection before any mail. Raises ``NotOpened``.

        A server that offers no encryption is refused, unless it `may_be_clear`.
        """
        client = aiosmtplib.SMTP(
            hostname=host.name, port=host.port, local_hostname=hostname, timeout=times.connect, start_tls=False
        )
        link = cls(host, client, times)
        try:
            await _answered(client.connect(), Phase.CONNECT)
            await _answered(client.ehlo(timeout=times.reply), Phase.HELLO)
            offered = client.supports_extension("starttls")
            if tls is not None and not (may_be_clear and not offered):
                if not offered:
                    raise NotOpened(Answer.of(Problem.NO_ENCRYPTION, Phase.TLS, 454, "4.7.10"))
                await _answered(client.starttls(tls_context=tls, timeout=times.connect), Phase.TLS)
                link.secured = True
                session = client.get_transport_info("ssl_object")
                link.certificate = session.getpeercert(binary_form=True) or b"" if session is not None else b""
                await _answered(client.ehlo(timeout=times.reply), Phase.TLS)
        except BaseException:
            client.close()
            raise
        return link

    @property
    def alive(self) -> bool:
        return self._client.is_connected

    @property
    def reports_success(self) -> bool:
        """Whether the other side takes over what the sender asked to be told (RFC 3461)."""
        return self._client.supports_extension("dsn")

    async def carry(self, letter: Letter) -> list[Answer]:
        """Hand one message over: an answer for each recipient, in order (RFC 5321 §3.3).

        Nothing is raised: a connection that breaks is an answer too, and the link is no longer alive.
        """
        refusal, options = self._options(letter)
        if refusal is not None:
            return [refusal] * len(letter.recipients)
        mail = await self._say(Phase.MAIL, b"MAIL", b"FROM:<" + letter.sender.encode() + b">", *options)
        if not mail.taken:
            return [mail] * len(letter.recipients)
        answers = []
        for one in letter.recipients:
            words = self._recipient_options(one)
            answers.append(await self._say(Phase.RECIPIENT, b"RCPT", b"TO:<" + one.address.encode() + b">", *words))
        if not any(answer.taken for answer in answers):
            await self._say(Phase.RECIPIENT, b"RSET")
            return answers
        content = await self._content(letter.content)
        self.carried += 1
        return [content if answer.taken else answer for answer in answers]

    async def close(self) -> None:
        """Say QUIT, and wait for no answer longer than a moment."""
        with suppress(SMTPException, OSError):
            if self.alive:
                await self._client.quit(timeout=2)
        self._client.close()

    def _options(self, letter: Letter) -> tuple[Answer | None, list[bytes]]:
        """The parameters of MAIL that the server takes, or what it cannot take (RFC 1870, 6152, 6531, 3461)."""
        supports = self._client.supports_extension
        options = []
        limit = self._client.esmtp_extensions.get("size", "").strip()
        if supports("size"):
            if limit.isdigit() and 0 < int(limit) < len(letter.content):
                return Answer.of(Problem.TOO_LARGE, Phase.MAIL, 552, "5.3.4"), []
            options.append(b"SIZE=%d" % len(letter.content))
        if not letter.content.isascii():
            if not supports("8bitmime"):
                return Answer.of(Problem.NEEDS_8BIT, Phase.MAIL, 554, "5.6.3"), []
            options.append(b"BODY=8BITMIME")
        addresses = letter.sender + "".join(one.address for one in letter.recipients)
        if not addresses.isascii():
            if not supports("smtputf8"):
                return Answer.of(Problem.NEEDS_UTF8, Phase.MAIL, 553, "5.6.7"), []
            options.append(b"SMTPUTF8")
        elif supports("smtputf8") and not letter.content.partition(b"\r\n\r\n")[0].isascii():
            options.append(b"SMTPUTF8")
        if supports("dsn"):
            if letter.ret:
                options.append(b"RET=" + letter.ret.encode("ascii"))
            if letter.envid:
                options.append(b"ENVID=" + xtext(letter.envid))
        return None, options

    def _recipient_options(self, recipient: Recipient) -> list[bytes]:
        if not self._client.supports_extension("dsn"):
            return []
        options = []
        if recipient.notify:
            options.append(b"NOTIFY=" + ",".join(recipient.notify).encode("ascii"))
        kind, _, original = recipient.orcpt.partition(";")
        if original and original.isascii():
            options.append(b"ORCPT=" + kind.encode("ascii") + b";" + xtext(original))
        return options

    async def _say(self, phase: Phase, *words: bytes) -> Answer:
        try:
            reply = await self._client.execute_command(*words, timeout=self._times.reply)
        except ValueError:  # a control character, which could begin another command; nothing was said
            return Answer.of(Problem.BAD_ADDRESS, phase, 553, "5.1.3")
        except (SMTPException, OSError) as problem:
            return self._broken(problem, phase)
        return _checked(reply.code, reply.message, phase)

    async def _content(self, content: bytes) -> Answer:
        try:
            reply = await self._client.data(content, timeout=self._times.content)
        except SMTPResponseException as refusal:
            return _checked(refusal.code, refusal.message, Phase.CONTENT)
        except (SMTPException, OSError) as problem:
            return self._broken(problem, Phase.CONTENT)
        return _checked(reply.code, reply.message, Phase.CONTENT)

    def _broken(self, problem: Exception, phase: Phase) -> Answer:
        self._client.close()
        return _answer_of(problem, phase)


async def _answered(step: object, phase: Phase) -> None:
    """Wait for one step of the opening. Raises ``NotOpened``."""
    try:
        await step  # type: ignore[misc] # any coroutine of the client
    except (SMTPException, OSError, ValueError) as problem:
        raise NotOpened(_answer_of(problem, phase)) from problem


def _checked(code: int, text: str, phase: Phase) -> Answer:
    """A reply, or what stands for one that no server of the protocol gives."""
    if 200 <= code < 300 or 400 <= code < 600:
        return Answer.read(code, text, phase)
    return Answer.of(Problem.NOT_SMTP, phase, 421, "4.5.0")


def _answer_of(problem: BaseException, phase: Phase) -> Answer:
    """What an exception of the client or of the socket means."""
    cause = problem if isinstance(problem, ssl.SSLError) else problem.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Answer.of(Problem.CERTIFICATE_INVALID, Phase.TLS, 454, "4.7.5")
    if isinstance(cause, ssl.SSLError):
        refused = "ALERT" in (cause.reason or "")
        return Answer.of(
            Problem.OUR_CERTIFICATE_REFUSED if refused else Problem.HANDSHAKE_FAILED, Phase.TLS, 454, "4.7.5"
        )
    if isinstance(problem, SMTPResponseException):
        if phase is Phase.CONNECT:
            phase = Phase.GREETING
        return _checked(problem.code, problem.message, phase)
    if isinstance(problem, SMTPTimeoutError | TimeoutError):
        return Answer.of(Problem.TOO_SLOW, phase, 421, "4.4.1" if phase is Phase.CONNECT else "4.4.2")
    if phase is not Phase.CONNECT or isinstance(cause, SMTPServerDisconnected):
        return Answer.of(Problem.CONNECTION_LOST, phase, 421, "4.4.2")
    return Answer.of(Problem.UNREACHABLE, phase, 421, "4.4.1")


def xtext(text: str) -> bytes:
    """Printable ASCII as RFC 3461 §4 writes it in a parameter."""
    return "".join(one if 33 <= ord(one) <= 126 and one not in "+=" else f"+{ord(one):02X}" for one in text).encode()
