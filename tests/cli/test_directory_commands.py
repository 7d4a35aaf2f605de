"""``carnet directory import``, ``search`` and ``api-key``, as those who run Carnet use them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnet.bench.extractions import write_mailboxes
from carnet.cli import app
from carnet.domain.directory.models import ApiKey, Mailbox
from carnet.domain.directory.queries.api_keys import key_of


def carnet(*arguments: str):
    return CliRunner().invoke(app, ["directory", *arguments])


@pytest.mark.django_db
def test_an_extraction_is_taken_told_of_and_searched(tmp_path: Path):
    file = tmp_path / "Extraction_Correspondance_MSSante_202611220000.txt"
    write_mailboxes(file, 200)
    with file.open("a") as lines:
        lines.write("not a line\n")
    done = carnet("import", str(file))
    assert done.exit_code == 0, done.output
    assert Mailbox.objects.count() == 200
    assert "201 lines" in done.output
    assert "1 lines could not be read" in done.output
    assert Path(f"{file}.rejected").read_text().splitlines()[1].startswith("202|")
    found = carnet("search", "martin", "camille")
    assert "p0.martin" in found.output
    assert carnet("search", "nobody-at-all").exit_code == 1


@pytest.mark.django_db
def test_a_file_that_is_no_extraction_is_refused_in_a_sentence(tmp_path: Path, capsys):
    file = tmp_path / "table.csv"
    file.write_text("a;b\n")
    done = carnet("import", str(file))
    assert done.exit_code == 1
    assert "neither extraction" in done.output + capsys.readouterr().err


@pytest.mark.django_db
def test_a_key_is_told_once_kept_as_a_digest_and_taken_back():
    key = carnet("api-key", "create", "laboratoire").output.strip()
    facts = key_of(key)
    assert facts is not None
    assert (facts.name, facts.operator) == ("laboratoire", "")
    assert key not in str(ApiKey.objects.values())
    assert carnet("api-key", "create", "laboratoire").exit_code == 1
    assert carnet("api-key", "create", "Nom Mauvais").exit_code == 1
    assert "laboratoire\treads" in carnet("api-key", "list").output
    assert carnet("api-key", "revoke", "laboratoire").exit_code == 0
    assert key_of(key) is None
    assert carnet("api-key", "revoke", "laboratoire").exit_code == 1
