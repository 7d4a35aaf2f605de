"""While a planned closure lasts, both doors answer MAIL for now, and say until when."""

from datetime import timedelta

import pytest

from carnet.foundation.clock import now
from carnet.foundation.closures import Closure
from carnet.foundation.ids import new_id
from carnet.interfaces.sign_in import SignedIn
from carnet.interfaces.smtp.events import Mail
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.operators_door import OperatorsDoor
from carnet.interfaces.smtp.session import Session
from carnet.interfaces.smtp.submission_door import SubmissionDoor


@pytest.mark.parametrize("kind", [OperatorsDoor, SubmissionDoor])
def test_the_doors_put_mail_off_until_the_closure_is_over(kind) -> None:
    lookups = Lookups()
    door = kind(lookups, None)
    session = Session("127.0.0.1", 1)
    session.identity = SignedIn(new_id(), "a@b.fr", "", None)
    at = now()
    lookups.closures = [
        Closure(1, "mail", at - timedelta(hours=1), at + timedelta(hours=1)),
        Closure(2, "mail", at - timedelta(hours=1), at + timedelta(hours=2)),
        Closure(3, "mail", at + timedelta(days=1), at + timedelta(days=2)),
    ]
    answer = door.on_mail(session, Mail("a@b.fr"))
    assert (answer.code, answer.enhanced) == (450, "4.3.2")
    assert f"{at + timedelta(hours=2):%Y-%m-%d %H:%M}" in answer.text
    lookups.closures = lookups.closures[2:]
    answer = door.on_mail(session, Mail("a@b.fr"))
    assert answer is None or answer.code != 450
