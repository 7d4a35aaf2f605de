"""Clients that are slow, greedy or too many: what each may take, and what all of them together."""

import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from smtp_door import Keeper, Wire, door
from smtp_talk import DOCTOR, PATIENT, Talk, codes, config

from carnet.foundation.disk_room import DiskRoom
from carnet.interfaces.smtp.events import Event, Rcpt
from carnet.interfaces.smtp.options import Memory, SmtpLimits
from carnet.interfaces.smtp.pace import Pace
from carnet.interfaces.smtp.reply import Reply

MAIL = f"MAIL FROM:<{DOCTOR}>\r\n"


def nobody_but_the_patient(event: Event) -> Reply | None:
    strange = isinstance(event, Rcpt) and event.address != PATIENT
    return Reply(550, "5.1.1", "No such mailbox") if strange else None


def test_who_tries_many_addresses_is_sent_away() -> None:
    talk = Talk(config(max_refused_recipients=5), decide=nobody_but_the_patient).greeted()
    talk.say(MAIL)
    assert codes(talk.say("RCPT TO:<a@b>\r\n" * 4)) == ["550 5.1.1"] * 4
    talk.say("RSET\r\n" + MAIL)
    assert codes(talk.say("RCPT TO:<a@b>\r\nNOOP\r\n")) == ["421 4.7.0"]
    assert talk.machine.closed


def test_refused_addresses_are_forgiven_to_who_sends_mail() -> None:
    talk = Talk(config(max_refused_recipients=5), decide=nobody_but_the_patient).greeted()
    for _ in range(4):
        talk.say(MAIL + "RCPT TO:<a@b>\r\n" * 4)
        assert codes(talk.say(f"RCPT TO:<{PATIENT}>\r\nDATA\r\nx\r\n.\r\n"))[-1] == "250 2.0.0"


def test_content_that_trickles_is_not_waited_for() -> None:
    limits = SmtpLimits(least_rate=1000, slow_seconds=0.3, data_seconds=2)
    with door(Keeper(), limits=limits) as server, Wire(server) as slow, Wire(server) as steady:
        slow.ready_for_content()
        steady.ready_for_content()
        slow.socket.settimeout(0.02)
        line, ends = "", time.monotonic() + 5
        while not line and time.monotonic() < ends:
            slow.socket.sendall(b"a")
            steady.socket.sendall(b"b" * 200)
            try:
                line = slow.line()
            except TimeoutError:
                continue
        assert line.startswith("421 4.4.2")
        assert steady.say(b"\r\n.\r\n").startswith("250")
        assert server.counters.timeouts == 1


def test_a_pace_is_kept_by_each_peer_and_comes_back_with_time() -> None:
    now = [0.0]
    pace = Pace(60, clock=lambda: now[0])
    assert [pace.allows("a") for _ in range(61)] == [True] * 60 + [False]
    assert pace.allows("b")
    now[0] = 2.0
    assert [pace.allows("a") for _ in range(3)] == [True, True, False]
    assert all(Pace(0).allows("a") for _ in range(1000))


def test_a_pace_remembers_a_bounded_number_of_peers() -> None:
    now = [0.0]
    pace = Pace(60, clock=lambda: now[0])
    for number in range(25_000):
        now[0] += 0.01
        pace.allows(str(number))
    assert len(pace._left) <= 16_000


def test_a_full_disk_is_seen(tmp_path: Path) -> None:
    assert DiskRoom(tmp_path, 1).enough()
    assert not DiskRoom(tmp_path, 2**60).enough()
    assert DiskRoom(tmp_path / "nowhere", 2**60).enough()


def test_servers_of_one_process_share_their_memory() -> None:
    memory = Memory(held=99_999)
    limits = SmtpLimits(in_flight=100_000)
    with door(Keeper(), limits=limits) as server, Wire(server) as wire:
        server.memory = memory
        assert wire.reply().startswith("220")
        for line in ("EHLO me", "MAIL FROM:<a@b> SIZE=2", "RCPT TO:<c@d>"):
            assert wire.say(line + "\r\n").startswith("250")
        assert wire.say("DATA\r\n").startswith("452 4.3.1")
        memory.held = 0
        assert wire.say("DATA\r\n").startswith("354")


SERVER = """
import asyncio, sys, uvloop
from carnet.interfaces.smtp.options import SmtpConfig, SmtpLimits
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.server import SmtpServer

class Slow:
    def on_mail(self, session, mail): return None
    def on_rcpt(self, session, rcpt): return None
    async def on_message(self, session, envelope, content):
        await asyncio.sleep(0.2)
        return Reply(250, "2.0.0", "Kept")

async def main():
    limits = SmtpLimits(connections=500, connections_per_ip=500, in_flight=int(sys.argv[1]))
    server = SmtpServer(SmtpConfig(hostname="mx.test"), Slow(), limits=limits)
    await server.start()
    print(server.port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    # Of this program alone: what getrusage says holds the parent's memory from before the exec.
    kept = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(int(kept["VmHWM"].split()[0]) * 1024, flush=True)

uvloop.run(main())
"""
IN_FLIGHT = 32 * 1024 * 1024


async def send(port: int, size: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.readline()
        for line in ("HELO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"):
            writer.write(line.encode() + b"\r\n")
            await reader.readline()
        writer.write(b"DATA\r\n")
        answer = await reader.readline()
        if answer.startswith(b"354"):
            piece = b"x" * 998 + b"\r\n"
            for _ in range(size // 64_000):
                writer.write(piece * 64)
                await writer.drain()
            writer.write(b".\r\n")
            answer = await reader.readline()
        return answer[:3].decode()
    finally:
        writer.close()


async def flood(port: int, sessions: int, size: int) -> list[str]:
    return list(await asyncio.gather(*(send(port, size) for _ in range(sessions))))


@pytest.mark.timeout(120)
def test_two_hundred_sessions_that_send_at_once_do_not_fill_the_memory() -> None:
    """200 sessions, 4 MB each without saying so first, towards a writer that is behind: 25 times what may be held."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft > 500, hard
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(IN_FLIGHT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        answers = asyncio.run(flood(port, 200, 4_000_000))
        process.stdin.write("\n")
        process.stdin.flush()
        peak = int(process.stdout.readline())
    assert set(answers) <= {"250", "452"}
    assert "250" in answers
    assert "452" in answers
    # The interpreter and its modules take some 45 MB, each socket a buffer of 64 KB or more, a joined message its size.
    assert peak < 4 * IN_FLIGHT + 100 * 1024 * 1024, peak
