from docs_pages import DOCS, codes, rows

from carnet.config.environment import SETTINGS

PAGE = (DOCS / "configuration.md").read_text("utf-8")
DESCRIBED = {codes(row[0])[0]: row for row in rows(PAGE)}


def test_every_setting_is_described_and_nothing_else_is():
    assert sorted(DESCRIBED) == sorted(setting.name for setting in SETTINGS)


def test_each_setting_is_described_with_its_kind_and_its_default():
    wrong = []
    for setting in SETTINGS:
        _, kind, default, meaning = DESCRIBED[setting.name]
        shown = codes(default)[0] if codes(default) else {"empty": ""}.get(default)
        if (kind.replace(": ", ":").replace(", ", ","), shown) != (setting.kind, setting.default) or not meaning:
            wrong.append(setting.name)
    assert not wrong


def test_no_other_page_names_a_setting_that_does_not_exist():
    known = {setting.name for setting in SETTINGS}
    named = {
        (page.name, word.strip(".,;:()="))
        for page in DOCS.rglob("*.md")
        for code in codes(page.read_text("utf-8"))
        for word in code.replace("=", " ").split()
        if word.startswith("CARNET_") and word != "CARNET_"
    }
    assert not {(page, name) for page, name in named if name not in known}
