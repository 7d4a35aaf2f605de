import copy
import re

import orjson
import pytest
from docs_pages import DOCS, codes

from carnet.sandbox import cast
from carnet.sandbox.ready import description

SCHEMA = orjson.loads((DOCS / "ready-file.schema.json").read_bytes())
PAGE = (DOCS / "demo.md").read_text("utf-8").partition("## The ready file")[2]
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}
UNDERSTOOD = {
    "$ref", "$schema", "$defs", "title", "description", "type", "required", "properties", "items", "enum", "pattern",
    "minimum", "maximum",
}  # fmt: skip


def problems(value, schema, at="$"):
    """Where ``value`` is not what the schema says; a property that the schema does not name is one too."""
    assert set(schema) <= UNDERSTOOD, f"the check does not know {set(schema) - UNDERSTOOD}"
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, KINDS[kind]) and not isinstance(value, bool) for kind in allowed):
        return [f"{at}: {type(value).__name__}, not {' or '.join(allowed)}"]
    found = []
    if isinstance(value, dict):
        found += [f"{at}.{key}: missing" for key in schema.get("required", []) if key not in value]
        for key, inner in value.items():
            if key in schema["properties"]:
                found += problems(inner, schema["properties"][key], f"{at}.{key}")
            else:
                found.append(f"{at}.{key}: not described")
    if isinstance(value, list):
        for number, inner in enumerate(value):
            found += problems(inner, schema["items"], f"{at}[{number}]")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{at}: not of the form {schema['pattern']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: none of the values listed")
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{at}: out of bounds")
    return found


@pytest.fixture
def told(db, settings):
    settings.CARNET_SMTP_MUTUAL_PORT = 2526  # a demo always has one
    cast.everyone()
    return orjson.loads(orjson.dumps(description()))


def test_the_ready_file_is_what_its_schema_says(told):
    assert problems(told, SCHEMA) == []
    assert all(told[name] for name in ("holders", "mailboxes", "professionals", "operators"))


def test_the_schema_promises_every_key_that_is_written(told):
    def required(schema):
        assert set(schema.get("required", [])) == set(schema["properties"])

    for schema in (SCHEMA, *SCHEMA["$defs"].values()):
        required(schema)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda told: told.pop("web"), ["$.web: missing"]),
        (lambda told: told.update(extra=1), ["$.extra: not described"]),
        (lambda told: told["smtp"].update(port="25"), ["$.smtp.port: str, not integer"]),
        (lambda told: told["smtp"].update(port=0), ["$.smtp.port: out of bounds"]),
        (lambda told: told["holders"][0].update(state="gone"), ["$.holders[0].state: none of the values listed"]),
        (lambda told: told["holders"][1].pop("ins"), ["$.holders[1].ins: missing"]),
    ],
)
def test_a_change_of_shape_would_be_found(told, change, found):
    changed = copy.deepcopy(told)
    change(changed)
    assert problems(changed, SCHEMA) == found


def test_the_page_names_every_key_and_no_other():
    keys = set(SCHEMA["properties"])
    for schema in SCHEMA["$defs"].values():
        keys |= set(schema["properties"])
    table = {code for line in PAGE.splitlines() if line.startswith("| `") for code in codes(line.split("|")[1])}
    assert table == set(SCHEMA["properties"])
    assert not {key for key in keys - {"host", "port"} if f"`{key}`" not in PAGE}
