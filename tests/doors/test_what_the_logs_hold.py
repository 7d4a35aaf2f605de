"""After all that went through the doors: no person, no subject, no content in any log file."""

import json
import re

from doors_clients import eventually, talk
from doors_demo import Demo
from doors_portal import Portal

from carnet.foundation.logs import ALLOWED_KEYS

SAID = "La tumeur du rein gauche"


def test_no_log_file_tells_of_a_person_or_of_a_message(demo: Demo, stephane: Portal) -> None:
    ins = "179075145422281"
    demo.send("operators", demo.address(ins), SAID, f"{SAID} grossit.")
    demo.send("submission", demo.address("186116912345688"), SAID)
    demo.hand_over([demo.address(ins)], sender="medecin@example.com")
    with talk(demo.operators_port) as wire:
        wire.reply()
        wire.say(f"EHLO {ins}.test")
        wire.say(f"MAIL FROM:<{ins}@example.com>")
        wire.say(f"{ins} {SAID}")
    stephane.open_conversation(SAID)
    stephane.get(f"/messages/{ins}/?q={ins}")
    demo.command("queue", "list")

    eventually(lambda: "drained" in demo.log, "a line of the drain")
    text = demo.log
    assert text.strip()
    traits = ("ins", "birth_name", "email", "login")
    people = [str(one[key]) for one in demo.ready["holders"] for key in traits if one[key]]
    people += [box["address"] for box in demo.ready["mailboxes"]] + [demo.CLINIC, "MORVAN", "Saint-Aubin", "medecin@"]
    subjects = [SAID, "Essai", "XDM/1.0/DDM", "radios", "glyc", "IHE_XDM", "Lettre de liaison", demo.password]
    found = [secret for secret in people + subjects if secret.lower() in text.lower()]
    assert found == []
    # Nor any number in the form of an INS that is not one of theirs, nor any address.
    assert re.findall(r"(?<![0-9a-f-])[1278]\d{4}(?:\d|2[AB])\d{9}(?![0-9a-f])", text) == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+", text) == []


def test_every_line_is_json_with_keys_of_the_list(demo: Demo) -> None:
    files = sorted((demo.folder / "log").glob("*.log"))
    assert {file.name for file in files} >= {"carnet.log", "supervisor.log"}
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert lines
    assert {key for line in lines for key in line} <= ALLOWED_KEYS
    dropped = [line for line in lines if "dropped_keys" in line]
    assert dropped == []


def test_nothing_of_ours_failed_on_the_way(demo: Demo) -> None:
    lines = [json.loads(line) for line in (demo.folder / "log" / "carnet.log").read_text("utf-8").splitlines()]
    bad = [line for line in lines if line.get("level") in ("error", "critical")]
    assert bad == []
    supervised = [json.loads(line) for line in (demo.folder / "log" / "supervisor.log").read_text("utf-8").splitlines()]
    assert [line for line in supervised if line["event"] in ("supervisor.ended", "supervisor.failed")] == []
