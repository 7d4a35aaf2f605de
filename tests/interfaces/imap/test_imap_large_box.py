"""A box of 50,000 messages: nothing that a client asks holds up another session of the same process."""

import threading
import time

import pytest
from django.db import connection
from imap_door import COMMITTED, Wire, put

from carnet.domain.messaging.models import Folder

pytestmark = COMMITTED

MESSAGES = 50_000
LONGEST_WAIT = 2.0
"""Seconds that another session may wait for the answer to a NOOP, on a machine busy with other tests."""

_MANY = """
INSERT INTO messaging_folder_entry
    (mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq, seen_at)
SELECT e.mailbox_id, e.folder_id, n, e.message_id, '{}', e.internal_date, e.size, 2, NULL
FROM messaging_folder_entry e CROSS JOIN generate_series(2, %s) AS n WHERE e.mailbox_id = %s AND e.uid = 1
"""


@pytest.fixture
def large(mailbox):
    """The orthopaedics team's INBOX with many entries, of one message to be quick."""
    put(mailbox)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [MESSAGES, mailbox])
        octets = "(SELECT sum(size) FROM messaging_folder_entry WHERE mailbox_id = %s)"
        cursor.execute(
            f"UPDATE messaging_folder SET uid_next = %s, highest_modseq = 2, messages = %s, octets = {octets}"
            " WHERE mailbox_id = %s AND name = 'INBOX'",
            [MESSAGES + 1, MESSAGES, mailbox, mailbox],
        )
        cursor.execute("ANALYZE messaging_folder_entry")
    return mailbox


class Beside:
    """Another session of the same door that asks for something small all the while, and notes how long it waits."""

    def __init__(self, server, certificate) -> None:
        self.longest = 0.0
        self.asked = 0
        self._wire = Wire(server, certificate).sign_in()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._stop.wait(0.01):
            began = time.monotonic()
            assert self._wire.ask("NOOP")[-1].startswith("OK")
            self.longest = max(self.longest, time.monotonic() - began)
            self.asked += 1

    def __enter__(self) -> "Beside":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._wire.close()


def test_a_box_of_50000_is_worked_with_while_others_go_on(wire, server, certificate, large):
    wire.socket.settimeout(120)
    with Beside(server, certificate) as beside, Wire(server, certificate) as watching:
        watching.socket.settimeout(120)
        assert f"* {MESSAGES} EXISTS" in wire.ask("SELECT INBOX")
        watching.sign_in().ask("SELECT INBOX")
        told = wire.ask("FETCH 1:* (FLAGS UID)")
        assert len(told) == MESSAGES + 1
        assert told[-2] == f"* {MESSAGES} FETCH (FLAGS () UID {MESSAGES})"
        assert len(wire.ask("UID STORE 1:* +FLAGS (\\Flagged)")) == MESSAGES + 1
        # Another session of the folder is told of all, and counts on as before.
        assert sum("\\Flagged" in line for line in watching.ask("NOOP")) == MESSAGES
        assert watching.ask(f"FETCH {MESSAGES} (FLAGS)")[0] == f"* {MESSAGES} FETCH (FLAGS (\\Flagged))"
        assert wire.ask("SEARCH RETURN (COUNT) FLAGGED")[0].endswith(f"COUNT {MESSAGES}")
        assert wire.ask("SEARCH RETURN (COUNT) UNSEEN SUBJECT nowhere 1:5000")[0].endswith("COUNT 0")
        assert wire.ask("STATUS INBOX (MESSAGES UNSEEN)")[0].endswith(f"(MESSAGES {MESSAGES} UNSEEN {MESSAGES})")
        wire.ask("STORE 1:49000 +FLAGS.SILENT (\\Deleted)")
        assert sum(" EXPUNGE" in line for line in wire.ask("EXPUNGE")) == 49_000
        assert f"* {MESSAGES - 49_000} EXISTS" in wire.ask("SELECT INBOX")
    assert beside.asked > 20
    assert beside.longest < LONGEST_WAIT
    assert Folder.objects.get(mailbox_id=large, name="INBOX").messages == MESSAGES - 49_000
