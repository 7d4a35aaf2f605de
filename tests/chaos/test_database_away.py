"""PostgreSQL killed under load and away for a while: nothing is promised meanwhile, nothing promised before is lost."""

import smtplib
import time

import pytest
from harness import Demo, wait_until
from promises import check
from sender import OPERATOR, Fate, Ledger, Load, Sent, content, send_one


def test_doors_answer_451_while_the_database_is_away_and_keep_what_they_accepted(demo: Demo, ledger: Ledger) -> None:
    ins = demo.reachable[0]
    load = Load(demo, ledger, 150)
    load.start()
    load.wait_for(50)
    number = next(ledger.numbers)
    client = demo.at_operators_door()
    client.mail(OPERATOR)
    assert client.rcpt(demo.patient(ins))[0] == 250
    assert client.docmd("DATA")[0] == 354
    first_away = next(ledger.numbers)
    with demo.supervisor_asleep():
        killed = demo.kill("postmaster")
        wait_until(lambda: demo.pid("keeper") is None, 20, "the keeper ends with its PostgreSQL")

        client.send(content(number, OPERATOR, demo.patient(ins)) + b".\r\n")
        code, text = client.getreply()
        ledger.sent[number] = Sent(number, (ins,), Fate.REFUSED, f"{code} {text.decode()}")
        assert code == 451, "a message that was under way is not accepted"

        later = next(ledger.numbers)
        fate, answer = send_one(client, OPERATOR, [demo.patient(ins)], content(later, OPERATOR, demo.patient(ins)))
        ledger.sent[later] = Sent(later, (ins,), fate, answer)
        assert fate is Fate.REFUSED
        assert answer.startswith("451"), "nor is another one begun"

        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            demo.at_submission()
        assert 400 <= refused.value.smtp_code < 500, "a password that cannot be looked up is not called wrong"
        time.sleep(1.0)
    away = [one for one in ledger.sent.values() if one.number > first_away and one.answer.startswith("4")]
    assert away
    assert {one.answer[:3] for one in away} == {"451"}
    demo.revive("postmaster", killed)
    load.finish()
    demo.wait_until_all_answer()
    check(demo, ledger)
