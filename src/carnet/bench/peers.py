"""The peer: Postfix hands to Dovecot by LMTP, Dovecot keeps a maildir and serves it by IMAP.

Both run from a configuration of their own in a folder of their own, beside whatever the machine runs. What makes a
mail server safe is left as it comes (Postfix flushes each queue file before its 250, Dovecot flushes each mail);
what is changed is what its own tuning guide changes for a loaded server, and what has no meaning on loopback:

- no DNS and no reverse look-ups, nothing in a chroot, the queue and the maildir on the disk that Carnet uses;
- the recipients and their domain are known from look-up tables in memory-mapped files, as Carnet knows them;
- as many parallel deliveries to Dovecot as there are sessions, from the first message on, and as many LMTP processes
  waiting for them (TUNING_README, "Tuning the number of simultaneous deliveries");
- ``in_flow_delay = 0``: Postfix does not hold up its clients when mail comes faster than it is delivered;
- Dovecot trusts its own indexes of the maildir (``maildir_very_dirty_syncs``) and runs no plug-in.
"""

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from carnet.bench import programs
from carnet.bench.load import Target, wait_until
from carnet.bench.problems import CannotMeasure
from carnet.sandbox import ports

_DOMAIN = "bench.test"
_MAIL_USER = "mail"
_START_SECONDS = 20

_MAIN = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = {table}
virtual_transport = lmtp:unix:{root}/lmtp
alias_maps =
local_recipient_maps =
message_size_limit = 26214400
mailbox_size_limit = 0
virtual_mailbox_limit = 0
in_flow_delay = 0
initial_destination_concurrency = {sessions}
lmtp_destination_concurrency_limit = {sessions}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = none
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60   1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -    - proxymap
smtp      unix  - - n -    - smtp
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
lmtp      unix  - - n -    - lmtp
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %Ln
first_valid_uid = {uid}
mail_location = maildir:{root}/mail/%n
mail_plugins =
maildir_very_dirty_syncs = yes
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%n allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  process_min_avail = {sessions}
  process_limit = {processes}
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
"""


class PostfixDovecot:
    """Postfix → LMTP → Dovecot in ``folder``; ``start`` and ``stop`` may alternate, the mail stays."""

    def __init__(self, folder: Path, *, recipients: int, sessions: int) -> None:
        """Raises ``CannotMeasure`` when not run as root: Postfix starts no other way."""
        if os.geteuid() != 0:
            raise CannotMeasure("Postfix and Dovecot start as root only: run the benchmark as root, or --only carnet")
        programs.ensure(programs.PEER_PACKAGES)
        self._root = folder
        self._config = folder / "postfix"
        self._dovecot_config = folder / "dovecot.conf"
        self._dovecot: subprocess.Popen[bytes] | None = None
        self._users = [f"patient{number}" for number in range(1, recipients + 1)]
        self._sessions = sessions
        self._smtp_port = self._imap_port = 0
        self._prepare()

    @property
    def target(self) -> Target:
        """Where its mail is brought to."""
        recipients = tuple(f"{user}@{_DOMAIN}" for user in self._users)
        return Target(self._smtp_port, "cardiologie@clinique-horizon.test", recipients)

    def _prepare(self) -> None:
        """Write the configuration; make the folders, owned as both servers want them."""
        mail, owner = pwd.getpwnam(_MAIL_USER), pwd.getpwnam("postfix")
        self._root.mkdir(mode=0o755)
        for name, uid, gid in (("mail", mail.pw_uid, mail.pw_gid), ("data", owner.pw_uid, owner.pw_gid)):
            (self._root / name).mkdir(mode=0o700)
            os.chown(self._root / name, uid, gid)
        for name in ("queue", "state", "run"):
            (self._root / name).mkdir(mode=0o755)
        self._config.mkdir(mode=0o755)
        self._smtp_port, self._imap_port = ports.free_port(0), ports.free_port(0)
        table = self._root / "recipients"
        table.write_text("".join(f"{user}@{_DOMAIN} ok\n" for user in self._users))
        values = {"root": self._root, "domain": _DOMAIN, "sessions": self._sessions}
        self._write(
            self._config / "main.cf",
            _MAIN.format(
                **values, queue=self._root / "queue", data=self._root / "data", table=f"{_table_type()}:{table}"
            ),
        )
        self._write(self._config / "master.cf", _MASTER.format(port=self._smtp_port))
        _run(["postmap", "-c", str(self._config), f"{_table_type()}:{table}"])
        self._write(
            self._dovecot_config,
            _DOVECOT.format(
                **values,
                port=self._imap_port,
                uid=mail.pw_uid,
                gid=mail.pw_gid,
                processes=2 * self._sessions,
            ),
        )

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o644)

    def start(self) -> None:
        """Start both. Raises ``CannotMeasure``."""
        _run(["postfix", "-c", str(self._config), "start"])
        self._dovecot = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self._dovecot_config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for port in (self._smtp_port, self._imap_port):
            wait_until(lambda: ports.answers(port), every=0.05, longest=_START_SECONDS)  # noqa: B023 - in this very turn
        wait_until((self._root / "lmtp").exists, every=0.05, longest=_START_SECONDS)

    def stop(self) -> None:
        """Stop both; safe when they do not run."""
        if (self._root / "queue" / "pid" / "master.pid").exists():
            with contextlib.suppress(CannotMeasure):
                _run(["postfix", "-c", str(self._config), "stop"])
        if self._dovecot is not None:
            self._dovecot.send_signal(signal.SIGTERM)
            try:
                self._dovecot.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                self._dovecot.kill()
                self._dovecot.wait()
            self._dovecot = None

    def readable(self) -> int:
        """How many mails lie in the maildirs: a file there is a mail that a reader sees."""
        found = 0
        for user in self._users:
            for place in ("new", "cur"):
                with contextlib.suppress(FileNotFoundError), os.scandir(self._root / "mail" / user / place) as entries:
                    found += sum(1 for _ in entries)
        return found

    def delivered(self, expected: int) -> bool:
        """Whether so many mails lie in the maildirs."""
        return self.readable() >= expected

    def rests(self) -> bool:
        """Whether nothing is left to do: what is delivered has no consequences here."""
        return True

    def confirm(self) -> None:
        """Have the readers ask by IMAP how many mails they have. Raises ``CannotMeasure``."""
        found = 0
        for user in self._users:
            with imaplib.IMAP4("127.0.0.1", self._imap_port, timeout=60) as client:
                client.login(user, "any")
                _, answer = client.select("INBOX", readonly=True)
                found += int(answer[0] or 0)
        if found != self.readable():
            raise CannotMeasure(f"the readers are told of {found} mails by IMAP where {self.readable()} are kept")

    def remove(self) -> None:
        """Stop, and delete all that was made."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    @staticmethod
    def versions() -> dict[str, str]:
        """What was compared with."""
        return {
            "postfix": programs.said_version(["postconf", "-h", "mail_version"]),
            "dovecot": programs.said_version(["dovecot", "--version"]),
        }


def _table_type() -> str:
    """The map type that this Postfix makes by default: ``hash`` or, where Berkeley DB is gone, ``lmdb``."""
    done = subprocess.run(["postconf", "-h", "default_database_type"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "hash"


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotMeasure(f"{argv[0]} failed: {' '.join(last)}")
