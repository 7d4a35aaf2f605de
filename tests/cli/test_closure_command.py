"""`carnet closure`: planned, listed, cancelled; what makes no sense is refused in a sentence."""

import pytest
from typer.testing import CliRunner

from carnet.foundation.closures import closures_to_come, forget_closures

pytestmark = pytest.mark.django_db


def carnet(*arguments: str) -> tuple[int, str]:
    from carnet.cli import app

    found = CliRunner().invoke(app, ["closure", *arguments])
    return found.exit_code, found.output


def test_a_closure_is_planned_listed_and_cancelled() -> None:
    code, said = carnet("add", "--from", "2099-11-22T08:00+01:00", "--until", "2099-11-23T18:00", "--message-fr", "DMP")
    assert code == 0
    assert said.endswith(": mail from 2099-11-22 08:00 UTC+01:00 until 2099-11-23 18:00 UTC\n")
    (closure,) = closures_to_come()
    assert (closure.scope, closure.message_fr) == ("mail", "DMP")
    assert carnet("list")[1].startswith(f"{closure.id}  mail  2099-11-22 07:00 UTC – 2099-11-23 18:00 UTC  planned")
    assert carnet("cancel", str(closure.id))[0] == 0
    forget_closures()
    assert carnet("list")[1] == "no closure is planned\n"
    assert carnet("cancel", str(closure.id))[0] == 1


def test_it_may_begin_now() -> None:
    assert carnet("add", "--from", "now", "--until", "2099-01-01T00:00Z")[0] == 0
    assert carnet("list")[1].rstrip().endswith("closed now")


@pytest.mark.parametrize(
    ("start", "until"),
    [("monday", "2099-01-01"), ("2099-01-02", "2099-01-01"), ("2001-01-01", "2001-01-02")],
)
def test_what_makes_no_sense_is_refused(start: str, until: str) -> None:
    assert carnet("add", "--from", start, "--until", until)[0] == 1
    assert closures_to_come() == []
