"""`carnet indicators` as an establishment's analyst types it."""

import csv
import io
import json
import stat
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "domain" / "indicators"))

from indicator_evidence import JURIDICAL, NORTH, hospital, ins, letter, listed, patient, utc, write

from carnet.cli.indicators import app

pytestmark = pytest.mark.django_db
STAY = ("stay", "2026-10-10", "2026-10-12")
DOCS = Path(__file__).parents[2] / "docs" / "indicators.md"


@pytest.fixture
def cohort(tmp_path):
    """Ten patients of two pathways; seven were written to, one of them in vain."""
    mailboxes = hospital()
    for number in range(1, 8):
        space = patient(number)
        outcome = "refused-recipient" if number == 7 else "delivered"
        write(mailboxes["north"], number, utc("2026-10-05T09:00"), space=space, outcome=outcome)
        letter(mailboxes["north"], space, utc("2026-10-06T09:00"), answered_at=utc("2026-10-07T12:00"))
    path = tmp_path / "october.csv"
    path.write_bytes(listed(*[(number, "Knee [bold]" if number < 9 else "=1+1", *STAY) for number in range(1, 11)]))
    return path


def run(command: str, cohort: Path, *more: str, finess: str = NORTH, month: str = "2026-10"):
    return CliRunner().invoke(app, [command, "--finess", finess, "--month", month, "--cohort", str(cohort), *more])


def p1_08(cohort: Path, *more: str, funded: str = "yes", **kwargs):
    return run("p1-08", cohort, "--funded", funded, *more, **kwargs)


def test_the_table_shows_rates_and_marks_the_target(cohort):
    result = p1_08(cohort, finess=JURIDICAL)
    assert result.exit_code == 0, result.output
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines() if "│" in line]
    rows = {cells[1]: cells[2:-1] for cells in lines}
    assert rows["All"] == ["10", "7", "6", "1", "0", "70.0 %", "60.0 %", "70.0 %", "✓ reached"]
    assert rows["Knee [bold]"][0] == "8"
    assert rows["=1+1"][-1] == "✗ not reached"
    assert f"FINESS {JURIDICAL} (juridical, 2 sites), 3 mailboxes" in result.stdout
    assert "Window: 60 days before a stay to 60 after" in result.stdout
    assert "3 patients of the list are not known here" in result.stdout


def test_without_funding_the_target_is_50_per_cent(cohort):
    found = json.loads(p1_08(cohort, "--format", "json", funded="no").stdout)
    assert (found["target_percent"], found["all"]["target_reached"]) == (50, True)


def test_json_says_the_figures(cohort):
    found = json.loads(p1_08(cohort, "--format", "json").stdout)
    assert found["all"] == {
        "pathway": None, "eligible": 10, "sent": 7, "delivered": 6, "refused_only": 1, "double_only": 0,
        "rate_sent": 0.7, "rate_delivered": 0.6, "rate_with_doubles": 0.7, "target_reached": True,
        "target_reached_delivered": False,
    }  # fmt: skip
    assert found["establishment"]["scope"] == "geographic"
    assert found["cohort"]["patients"] == 10


def test_csv_has_a_line_a_pathway_and_one_for_all_and_computes_nothing_in_a_spreadsheet(cohort):
    result = p1_08(cohort, "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(line["level"], line["pathway"], line["rate_sent"]) for line in lines] == [
        ("pathway", "Knee [bold]", "0.875"),
        ("pathway", "'=1+1", "0.0"),
        ("all", "", "0.7"),
    ]
    assert [line["target_reached"] for line in lines] == ["yes", "no", "yes"]
    assert "not known here" in result.stderr


def test_the_pilot_is_a_command_of_its_own_in_the_three_forms(cohort):
    table = run("pilot", cohort)
    assert table.exit_code == 0, table.output
    assert "1 d 3 h" in table.stdout
    found = json.loads(run("pilot", cohort, "--format", "json").stdout)
    assert found["contacted_before"]["all"]["sent"] == 7
    assert found["from_patients"]["median_answer_seconds"] == 27 * 3600
    lines = list(csv.DictReader(io.StringIO(run("pilot", cohort, "--format", "csv").stdout)))
    assert [line["figure"] for line in lines] == [
        *["contacted-before"] * 3, "to-patients", "automatic-doubles", "from-patients",
    ]  # fmt: skip
    assert lines[-1]["answered"] == "7"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_report_goes_to_a_file_that_only_its_owner_reads(cohort, tmp_path, form):
    output = tmp_path / "report"
    result = p1_08(cohort, "--format", form, "--output", str(output))
    assert (result.exit_code, result.stdout) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "Knee" in output.read_text()
    assert "\x1b" not in output.read_text()


def test_the_list_itself_is_never_overwritten(cohort):
    before = cohort.read_bytes()
    result = p1_08(cohort, "--output", str(cohort))
    assert result.exit_code == 1
    assert "choose another file" in result.stderr
    assert cohort.read_bytes() == before


def test_bad_lines_are_named_and_stop_the_command_unless_told_otherwise(cohort):
    with cohort.open("a") as file:
        file.write(f"\n{ins(1)[:14]},Knee,stay,2026-10-10,2026-10-12\n{ins(1)},Knee,stay,soon,\n")
    result = p1_08(cohort)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "line 12: ins: 15 characters are expected (13 and a key of 2)",
        "line 13: stay_start: a date is written 2026-10-31 or 31/10/2026",
        "2 lines of the list cannot be used. Correct them, or leave them out with --skip-bad-lines.",
    ]
    found = json.loads(p1_08(cohort, "--skip-bad-lines", "--format", "json").stdout)
    assert (found["cohort"]["bad"], found["all"]["eligible"]) == (2, 10)
    assert "bad-lines-skipped" in [notice["code"] for notice in found["notices"]]


@pytest.mark.parametrize(
    ("kwargs", "code", "words"),
    [
        ({"finess": "990000000"}, 1, "FINESS 990000000: no establishment of this number in the directory."),
        ({"finess": "12"}, 2, "9 characters expected"),
        ({"month": "October"}, 2, "2026-10"),
        ({"funded": "perhaps"}, 2, "'yes', 'no'"),
    ],
)
def test_what_cannot_be_answered_is_said(cohort, kwargs, code, words):
    result = p1_08(cohort, **kwargs)
    assert result.exit_code == code
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_list_that_is_absent_is_said(tmp_path):
    result = p1_08(tmp_path / "absent.csv")
    assert (result.exit_code, "cannot be read" in result.stderr) == (1, True)


def test_a_window_that_makes_no_sense_names_its_settings(cohort, settings):
    settings.CARNET_INDICATOR_DAYS_BEFORE = -1
    result = p1_08(cohort)
    assert result.exit_code == 1
    assert "CARNET_INDICATOR_DAYS_BEFORE" in result.stderr


@pytest.mark.parametrize("command", ["p1-08", "pilot"])
def test_the_documentation_describes_exactly_what_json_says(cohort, command):
    result = p1_08(cohort, "--format", "json") if command == "p1-08" else run(command, cohort, "--format", "json")
    blocks = DOCS.read_text().split("```json\n")[1:]
    schemas = [json.loads(block.split("```")[0]) for block in blocks]
    (schema,) = [schema for schema in schemas if schema["properties"]["indicator"].get("const") == command]
    assert_follows(json.loads(result.stdout), schema, schema["$defs"], "report")


def assert_follows(value, schema, definitions, where):
    """What these schemas use of JSON Schema: $ref, type, const, enum, properties (all required, none more), items."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "object": dict,
             "array": list}  # fmt: skip
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    assert any(isinstance(value, kinds[kind]) for kind in allowed), where
    if isinstance(value, bool):
        assert "boolean" in allowed, where
    assert value == schema.get("const", value), where
    assert value in schema.get("enum", [value]), where
    if isinstance(value, dict):
        assert set(value) == set(schema["properties"]) == set(schema["required"]), where
        for name, part in value.items():
            assert_follows(part, schema["properties"][name], definitions, f"{where}.{name}")
    if isinstance(value, list):
        for part in value:
            assert_follows(part, schema["items"], definitions, f"{where}[]")
