"""Postfix as another operator of the trust space: mutual TLS both ways, mailboxes of its own, bounces of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from doors_clients import eventually

POSTFIX = shutil.which("postfix") or "/usr/sbin/postfix"

_MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
myhostname = mx.{domain}
myorigin = {domain}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
message_size_limit = 26214400
mailbox_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = inline:{{ imagerie@{domain}=imagerie/, grey@{domain}=grey/, gone@{domain}=gone/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
transport_maps = inline:{{ {{ gone@{domain} = error:5.1.6 the mailbox has moved }} }}
relayhost = [127.0.0.1]:{carnet}
smtpd_recipient_restrictions = check_recipient_access texthash:{root}/access, reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_req_ccert = yes
smtpd_tls_CAfile = {authority}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = {carnet_name}
smtp_tls_CAfile = {authority}
smtp_tls_cert_file = {certificate}
smtp_tls_key_file = {key}
smtp_tls_mandatory_protocols = >=TLSv1.2
smtp_tls_loglevel = 1
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
minimal_backoff_time = 2s
queue_run_delay = 2s
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{inside} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_tls_req_ccert=no -o mynetworks=127.0.0.0/8
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
pickup    unix  n - n 60   1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -    - proxymap
smtp      unix  - - n -    - smtp
relay     unix  - - n -    - smtp
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
virtual   unix  - n n -    - virtual
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A Postfix in a folder of its own. ``inside`` is the port where its own people hand in mail."""

    def __init__(self, root: Path, domain: str, port: int, inside: int) -> None:
        self.root = root
        self.domain = domain
        self.port = port
        self.inside = inside
        self.IMAGING = f"imagerie@{domain}"

    def configure(self, *, carnet: int, carnet_name: str, authority: str, certificate: str, key: str) -> None:
        """Write its configuration: the only way out is Carnet's operators' door, the only way in is with a certificate
        of the operators' authority."""
        user = pwd.getpwnam("mail")
        folder = self.root / "etc"
        for name in ("etc", "queue", "data", "mail"):
            (self.root / name).mkdir(mode=0o755)
        self.root.chmod(0o755)
        shutil.chown(self.root / "data", "postfix")
        shutil.chown(self.root / "mail", "mail", "mail")
        mine = {}
        for name, source in (("authority", authority), ("certificate", certificate), ("key", key)):
            mine[name] = str(shutil.copy(source, folder / name))
        (folder / "main.cf").write_text(
            _MAIN.format(
                root=self.root,
                domain=self.domain,
                uid=user.pw_uid,
                gid=user.pw_gid,
                carnet=carnet,
                carnet_name=carnet_name,
                **mine,
            )
        )
        (folder / "master.cf").write_text(_MASTER.format(port=self.port, inside=self.inside))
        (self.root / "access").write_text(f"grey@{self.domain} 450 4.2.1 greylisted, come back\n")

    def run(self, command: str) -> None:
        done = subprocess.run(
            [POSTFIX, "-c", str(self.root / "etc"), command], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr + self.log()[-2000:]

    def stop(self) -> None:
        try:
            pid = int((self.root / "queue" / "pid" / "master.pid").read_text())
        except (OSError, ValueError):
            return
        subprocess.run([POSTFIX, "-c", str(self.root / "etc"), "stop"], capture_output=True, timeout=60, check=False)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)

    def welcome(self) -> None:
        """Take mail for everybody from now on: on new connections too, so that it is stopped and started."""
        (self.root / "access").write_text("")
        self.stop()
        self.run("start")

    def log(self) -> str:
        try:
            return (self.root / "postfix.log").read_text()
        except FileNotFoundError:
            return ""

    def received(self, box: str, text: str) -> list[EmailMessage]:
        """What lies in a mailbox and holds ``text``."""
        files = sorted((self.root / "mail" / box / "new").glob("*"))
        messages = [message_from_bytes(one.read_bytes(), policy=policy.default) for one in files]
        return [one for one in messages if text in one.as_string() or text in str(one["Subject"])]

    def one(self, box: str, text: str, seconds: float = 60) -> EmailMessage:
        """The one message with ``text``, once it is there."""
        found = eventually(lambda: self.received(box, text), f"« {text} » in {box}: {self.log()[-1500:]}", seconds)
        assert len(found) == 1
        return found[0]


@contextmanager
def running_postfix(root: Path, domain: str, ports: Sequence[int], **configuration: str) -> Iterator[Postfix]:
    """A Postfix that runs as long as the block. ``ports``: its own, and the one inside."""
    postfix = Postfix(root, domain, *ports)
    postfix.configure(**configuration)  # type: ignore[arg-type]
    postfix.run("start")
    try:
        yield postfix
    finally:
        postfix.stop()
