import re
import subprocess

import pytest
from docs_pages import ROOT

MADE_ELSEWHERE = {".venv", "var", "node_modules", ".git"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|\b(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)


def pages():
    """Every Markdown file of the project: those that git would keep, or all but what is made elsewhere."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return sorted(ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).exists())
    return sorted(p for p in ROOT.rglob("*.md") if not MADE_ELSEWHERE & set(p.relative_to(ROOT).parts))


def anchors(text):
    """The anchors that a page's headings make, as forges write them."""
    made = set()
    for heading in HEADING.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        made.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return made


def holds(file, anchor):
    return not anchor or file.suffix != ".md" or anchor in anchors(file.read_text("utf-8"))


def broken(page, text):
    found = []
    for target in map("".join, LINK.findall(CODE.sub("", text))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.is_relative_to(ROOT) or not file.exists() or not holds(file, anchor):
            found.append(target)
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_another_file_leads_somewhere(page):
    assert not broken(page, page.read_text("utf-8"))


def test_a_link_to_nothing_would_be_found(tmp_path):
    page = ROOT / "docs" / "README.md"
    text = "[here](README.md) [gone](gone.md) [anchor](#nowhere) [web](https://example.test/x) `[code](no.md)`"
    assert broken(page, f'{text} <img src="gone.png">') == ["gone.md", "#nowhere", "gone.png"]
