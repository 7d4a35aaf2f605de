"""The peer of ``carnet bench imap``: a Dovecot of our own, as its guide says for many connections."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from carnet.bench import programs
from carnet.bench.load import wait_until
from carnet.bench.problems import CannotMeasure
from carnet.sandbox import ports

PACKAGES = ("dovecot-core", "dovecot-imapd")
_MAIL_USER = "mail"
_START_SECONDS = 20

_CONFIG = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = {uid}
mail_location = maildir:{root}/mail/%n
maildir_very_dirty_syncs = yes
mail_max_userip_connections = 0
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%n allow_all_users=yes
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_min_avail = {connections}
  process_limit = 2048
}}
"""


class Dovecot:
    """Dovecot in ``folder``; ``start`` and ``stop`` may alternate, the mail stays."""

    def __init__(self, folder: Path, *, connections: int) -> None:
        """Raises ``CannotMeasure`` when not run as root: it starts no other way."""
        if os.geteuid() != 0:
            raise CannotMeasure("Dovecot starts as root only: run the benchmark as root, or --only carnet")
        programs.ensure(PACKAGES)
        mail = pwd.getpwnam(_MAIL_USER)
        self._root = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._port = ports.free_port(0)
        folder.mkdir(mode=0o755)
        for name in ("mail", "state", "run"):
            (folder / name).mkdir(mode=0o755)
        os.chown(folder / "mail", mail.pw_uid, mail.pw_gid)
        self._config = folder / "dovecot.conf"
        self._config.write_text(
            _CONFIG.format(root=folder, port=self._port, uid=mail.pw_uid, gid=mail.pw_gid, connections=connections)
        )

    @property
    def mailbox(self) -> tuple[int, str, str]:
        """Its port, and a login and a password that it takes."""
        return self._port, "archives", "any"

    @property
    def pid(self) -> int:
        """The process above all its processes, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it. Raises ``CannotMeasure``."""
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: ports.answers(self._port), every=0.05, longest=_START_SECONDS)

    def stop(self) -> None:
        """Stop it; safe when it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop, and delete all that was made."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    @staticmethod
    def versions() -> dict[str, str]:
        """What was compared with."""
        return {"dovecot": programs.said_version(["dovecot", "--version"])}
