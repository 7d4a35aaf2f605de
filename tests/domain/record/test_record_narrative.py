import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from record_documents import PDF, PNG, cda_document, media, narrative_document, sample_parameters

from carnet.domain.record.cda import render_narrative
from carnet.domain.record.cda.narrative import _ALLOWED, MAX_IMAGE_BYTES, clean, web_address

HL7 = "{urn:hl7-org:v3}"


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data.split()

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def render(text: str, entries: str = "", lang: str = "fr") -> str:
    return re.sub(
        r"^<section><h3>Section</h3>|</section>$", "", render_narrative(narrative_document(text, entries), lang)
    )


@pytest.mark.parametrize("path", sample_parameters("cda", "*.xml"))
def test_all_the_text_of_a_published_narrative_is_shown_in_order(path: Path):
    data = path.read_bytes()
    html = render_narrative(data)
    sections = list(etree.fromstring(data).iter(f"{HL7}section"))
    assert bool(html) == bool(sections)
    parts = [part for section in sections for part in (*section.findall(f"{HL7}title"), *section.findall(f"{HL7}text"))]
    said = "".join("".join("".join(part.itertext()).split()) for part in parts)
    shown = Page(re.sub(r"<span>\[.*?\]</span>", "", html))
    assert "".join(shown.words) == said
    assert all(set(attributes) <= _ALLOWED[tag] | {"rel"} for tag, attributes in shown.elements)
    assert all("scope" in attributes for attributes in shown.attributes("th"))


def test_headings_follow_the_sections_from_h3_to_h6():
    def section(level: int) -> str:
        inner = section(level + 1) if level < 6 else ""
        nested = f"<component>{inner}</component>" if inner else ""
        return f"<section><title>T{level}</title><text>t</text>{nested}</section>"

    html = render_narrative(cda_document(f"<structuredBody><component>{section(1)}</component></structuredBody>"))
    assert re.findall(r"<(h\d)>(T\d)", html) == [
        ("h3", "T1"), ("h4", "T2"), ("h5", "T3"), ("h6", "T4"), ("h6", "T5"), ("h6", "T6"),
    ]  # fmt: skip


def test_a_level_1_document_has_no_narrative():
    assert render_narrative(cda_document()) == ""


def test_a_title_is_escaped_and_a_section_without_one_has_no_heading():
    titled = "<section><title>Signes &lt;vitaux&gt;</title></section>"
    untitled = '<section><code code="1" displayName="Constantes"/><text>x</text></section>'
    html = render_narrative(
        cda_document(
            f"<structuredBody><component>{titled}</component><component>{untitled}</component></structuredBody>"
        )
    )
    assert html == "<section><h3>Signes &lt;vitaux&gt;</h3></section><section><div>x</div></section>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<paragraph>a<br/>b</paragraph>", "<p>a<br>b</p>"),
        ('<content styleCode="BoldItalics">a</content>', "<em><strong>a</strong></em>"),
        ('<content styleCode="Underline xRed" ID="x">a</content>', "<u>a</u>"),
        ('<content revised="delete">a</content>', "<del>a</del>"),
        ("H<sub>2</sub>O<sup>1</sup>", "H<sub>2</sub>O<sup>1</sup>"),
        ("<list><item>a</item><item>b</item></list>", "<ul><li>a</li><li>b</li></ul>"),
        ('<list listType="ordered" styleCode="LittleRoman"><item>a</item></list>', '<ol type="i"><li>a</li></ol>'),
        ("<list><caption>C</caption><item><caption>D</caption>a</item></list>",
         "<p><strong>C</strong></p><ul><li><strong>D</strong> a</li></ul>"),
        ("<paragraph>a<list><item>b</item></list></paragraph>", "<div>a<ul><li>b</li></ul></div>"),
        ("<unknown>kept</unknown>", "kept"),
        ("a\n      b\u00a0c", "a b&nbsp;c"),
    ],
)  # fmt: skip
def test_narrative_markup_becomes_html(text: str, html: str):
    assert render(text) == f"<div>{html}</div>"


def test_a_table_keeps_its_shape_and_names_its_headers():
    html = render(
        '<table border="1" width="100%" ID="t"><caption>Bilan</caption><colgroup><col span="2"/></colgroup>'
        '<thead><tr><th colspan="2">A</th><th>B</th><th/></tr></thead>'
        '<tbody><tr><th rowspan="2">C</th><td colspan="0002">1</td><td rowspan="x" align="left">2</td></tr>'
        "<tr><th>D</th><td>3</td></tr></tbody></table>"
    )
    assert html == (
        '<div><table><caption>Bilan</caption><colgroup><col span="2"></colgroup>'
        '<thead><tr><th scope="colgroup" colspan="2">A</th><th scope="col">B</th><td></td></tr></thead>'
        '<tbody><tr><th scope="rowgroup" rowspan="2">C</th><td colspan="2">1</td><td>2</td></tr>'
        '<tr><th scope="row">D</th><td>3</td></tr></tbody></table></div>'
    )


def test_a_row_of_headers_without_head_heads_columns():
    html = render("<table><tbody><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></tbody></table>")
    assert '<th scope="col">A</th><th scope="col">B</th>' in html


def test_a_table_in_a_cell_does_not_change_the_headers_around_it():
    inner = "<table><tbody><tr><th>X</th></tr></tbody></table>"
    html = render(f"<table><tbody><tr><td>{inner}</td><th>A</th></tr></tbody></table>")
    assert '<th scope="col">X</th>' in html
    assert '<th scope="row">A</th>' in html


@pytest.mark.timeout(20)
def test_a_very_wide_table_takes_no_more_than_its_size():
    html = render(f"<table><tbody><tr>{'<th>x</th>' * 50_000}</tr></tbody></table>")
    assert html.count("<th ") == 50_000


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        '<content onclick="alert(1)" style="x" class="y" ID="z">a</content>',
        '<img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/>',
        '<linkHtml href="javascript:alert(1)">a</linkHtml>',
        '<linkHtml href=" java&#10;script:alert(1)">a</linkHtml>',
        '<linkHtml href="data:text/html,&lt;script&gt;">a</linkHtml>',
        '<linkHtml href="//evil.example/">a</linkHtml>',
        '<linkHtml href="#there">a</linkHtml>',
        '<linkHtml href="https://bank.example@evil.example/">a</linkHtml>',
        '<table><tr><td><svg xmlns="http://www.w3.org/2000/svg"><a href="javascript:x"/></svg></td></tr></table>',
        "<table><tbody><tr><td>&lt;/td&gt;&lt;/table&gt;&lt;iframe src=x&gt;</td></tr></tbody></table>",
        "<style>body{display:none}</style>",
        "<iframe src='x'/><object data='x'/><form action='x'><input/></form><meta http-equiv='refresh'/>",
    ],
)
def test_nothing_active_comes_through(text: str):
    page = Page(render(text))
    tags = {tag for tag, _ in page.elements}
    assert tags <= {"div", "table", "tbody", "tr", "td"}
    assert all(not attributes for _, attributes in page.elements)


def test_a_link_shows_where_it_goes():
    assert render('<linkHtml href="https://sante.example/p?a=1&amp;b=2" title="t">Voir</linkHtml>') == (
        '<div><a href="https://sante.example/p?a=1&amp;b=2" rel="noopener noreferrer">Voir</a> (sante.example)</div>'
    )
    assert render('<linkHtml href="http://sante.example/"/>') == (
        '<div><a href="http://sante.example/" rel="noopener noreferrer">http://sante.example/</a></div>'
    )


def test_addresses_that_hide_their_host_are_no_links():
    assert web_address("https://sante.example/x") == "sante.example"
    for href in (
        "https://",
        "https://a b/",
        "https://a\\b/",
        "ftp://a/",
        "https://u@h/",
        "http://[::1",
        "https:\u202ea",
    ):
        assert web_address(href) is None


def test_an_embedded_picture_is_shown_and_another_file_is_named():
    entries = media("pic", "image/png", PNG) + media("doc", "application/pdf", PDF)
    html = render(
        '<renderMultiMedia referencedObject="pic"><caption>Une "vue"</caption></renderMultiMedia>'
        '<renderMultiMedia referencedObject="doc"/><renderMultiMedia referencedObject="absent"/>',
        entries,
    )
    picture = Page(html).attributes("img")
    assert [attributes["alt"] for attributes in picture] == ['Une "vue"']
    assert str(picture[0]["src"]).startswith("data:image/png;base64,iVBOR")
    assert "[Fichier joint au document (PDF)]" in html
    assert html.count("[Fichier joint au document]") == 1


def test_a_picture_that_is_too_big_or_not_a_picture_is_only_named():
    big = media("big", "image/png", PNG + b"\x00" * MAX_IMAGE_BYTES)
    svg = media("svg", "image/svg+xml", b"<svg/>")
    html = render('<renderMultiMedia referencedObject="big svg"/>', big + svg, lang="en")
    assert "<img" not in html
    assert "[File attached to the document (PNG)]" in html
    assert "[File attached to the document]" in html


def test_notes_are_numbered_and_follow_the_text():
    html = render('a<footnote ID="n1">one</footnote> b<footnoteRef IDREF="n1"/> c<footnote ID="n2">two</footnote>')
    assert html == (
        "<div>a<sup>[1]</sup> b<sup>[1]</sup> c<sup>[2]</sup></div><p><sup>[1]</sup> one</p><p><sup>[2]</sup> two</p>"
    )


def test_the_second_fence_stands_alone():
    hostile = (
        '<p class="x" id="y" lang="fr" title="z">a</p><a href="data:text/html,x">b</a>'
        '<img src="https://t.example/x.png" alt="">'
        '<img src="data:image/svg+xml;base64,AAAA"><script>c</script><iframe></iframe><!-- d -->'
    )
    assert clean(hostile) == ('<p>a</p><a rel="noopener noreferrer">b</a><img alt=""><img>')


NAMES = st.sampled_from(
    ["paragraph", "list", "item", "table", "tr", "td", "th", "thead", "content", "linkHtml", "caption", "script",
     "footnote", "footnoteRef", "renderMultiMedia", "sub", "col", "colgroup", "odd"]
)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["ID", "href", "styleCode", "colspan", "rowspan", "listType", "referencedObject", "onclick"]),
    st.sampled_from(["javascript:x", "https://a.example/'\"<>", "Bold", "7", "-1", "ordered", "'><script>"]),
    max_size=3,
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> etree._Element:
    element = etree.Element(HL7 + draw(NAMES), draw(ATTRIBUTES))
    element.text = draw(st.sampled_from(["", "mot", "<script>", "]]>", "&amp;"]))
    if depth:
        for inner in draw(st.lists(trees(depth - 1), max_size=3)):
            inner.tail = draw(st.sampled_from(["", "queue", "'\"<"]))
            element.append(inner)
    return element


@settings(max_examples=60, deadline=None)
@given(trees())
def test_any_narrative_renders_to_the_allowed_elements_only(tree: etree._Element):
    page = Page(render_narrative(narrative_document(etree.tostring(tree, encoding="unicode", with_tail=False))))
    for tag, attributes in page.elements:
        assert tag in _ALLOWED
        assert set(attributes) <= _ALLOWED[tag] | {"rel"}
        assert all(str(value).startswith("https://a.example/") for name, value in attributes.items() if name == "href")
