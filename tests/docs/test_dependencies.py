import re
import tomllib

from docs_pages import DOCS, ROOT, codes, rows

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PAGE = (DOCS / "dependencies.md").read_text("utf-8")


def name(requirement):
    """A requirement's distribution, without extras and versions."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower()


def declared():
    groups = {"run": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    return {group: {name(one) for one in requirements} for group, requirements in groups.items()}


def described():
    """What the page lists under each of its headings ``## … (`group`)``."""
    found = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        for group in codes(heading):
            found[group] = {codes(row[0])[0] for row in rows(body)}
    return found


def test_every_direct_dependency_earns_its_line_and_no_other_has_one():
    assert described() == declared()


def test_each_line_says_what_for_and_why():
    assert not [row[0] for row in rows(PAGE) if len(row) < 3 or not row[1] or not row[2]]
