"""What a page may show of a stranger's HTML and text."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.domain.messaging.mime.html import clean_html, link_host, split_quoted, text_to_html

REL = 'rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<p onclick=x()>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("<style>p{}</style><title>t</title>a<!-- c -->", "a"),
        ('<p style="position:fixed" class="x" id="y">a</p>', "<p>a</p>"),
        ('<form action="https://evil.fr"><input name=a value=b><button>Send</button></form>', "Send"),
        ("<iframe src='https://evil.fr'>x</iframe><object>y</object><svg><text>z</text></svg>a", "a"),
        ('<img src="https://evil.fr/pixel.png">a', "a"),
        ('a<img src="cid:logo" alt="Logo &lt;b&gt; &quot;A&quot;">b', 'a [Logo &lt;b&gt; "A"] b'),
        ('<img src=x onerror=alert(1) alt="<script>">', " [&lt;script&gt;] "),
        (
            '<table background="https://e.fr/x"><tr><td colspan=2 width=3>c',
            '<table><tbody><tr><td colspan="2">c</td></tr></tbody></table>',
        ),
        ("<td colspan=99999>x", "x"),
        ("<meta http-equiv=refresh content='0;url=https://evil.fr'><base href='https://evil.fr'>a", "a"),
        ("<link rel=stylesheet href='https://evil.fr'>a", "a"),
    ],
)
def test_only_text_and_tables_stay(written: str, shown: str) -> None:
    assert clean_html(written) == shown


@pytest.mark.parametrize(
    ("href", "host"),
    [
        ("https://hopital-a.fr/x", "hopital-a.fr"),
        ("HTTP://Hopital-A.fr:8080/x", "hopital-a.fr"),
        ("https://banque.fr@evil.fr/", "evil.fr"),
        ("mailto:a@b.fr", "a@b.fr"),
        ("https://h\u043epital.fr/", "xn--hpital-wqf.fr"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        (" https://a.fr", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("vbscript:x", ""),
        ("https:evil.fr", ""),
        ("https:\\\\evil.fr", ""),
        ("https://a.fr\\@evil.fr", ""),
        ("//evil.fr", ""),
        ("/local/path", ""),
        ("#x", ""),
        ("https://[::1", ""),
        ("https://", ""),
        ("mailto:nobody", ""),
        ("ftp://a.fr", ""),
    ],
)
def test_a_link_stays_only_when_its_host_can_be_shown(href: str, host: str) -> None:
    assert link_host(href) == host
    escaped = href.replace("&", "&amp;").replace('"', "&quot;")
    shown = clean_html(f'<a href="{escaped}" target=_top>see</a>')
    if host:
        assert shown == f'<a href="{escaped}" {REL}>see</a> <span class="link-host">[{host}]</span>'
    else:
        assert shown == f"<a {REL}>see</a>"


def test_a_link_that_shows_another_address_is_unmasked_and_an_honest_one_is_not_repeated() -> None:
    masked = clean_html('<a href="https://evil.fr/x">https://ameli.fr</a>')
    assert masked.endswith('<span class="link-host">[evil.fr]</span>')
    assert "link-host" not in clean_html('<a href="https://ameli.fr/x"><b>https://ameli.fr/x</b></a>')
    assert "link-host" not in clean_html('<a href="https://ameli.fr/x"> ameli.fr </a>')


def test_a_sender_cannot_write_the_mark_of_a_host() -> None:
    assert clean_html('<span class="link-host">[ameli.fr]</span>') == "<span>[ameli.fr]</span>"


class Inventory(HTMLParser):
    """Every tag and attribute that a second, independent parser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]


MARKUP = st.sampled_from(
    [
        "<a href=",
        "<img src=x alt=",
        "<script>",
        "</script>",
        "<svg>",
        "<math>",
        "<style>",
        "<table>",
        "<b>",
        "</a>",
        "<!--",
        "-->",
        "<![CDATA[",
        "'",
        '"',
        ">",
        "<",
        "/",
        " onerror=alert(1)",
        "javascript:",
        "https://a.fr",
        "&lt;",
        "&#x6a;",
        "<noscript>",
        "<p title='",
        "<template>",
        "<mtext>",
        "<plaintext>",
        "\0",
        "&quot;",
        "<span class=link-host>",
        "é",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MARKUP | st.text(max_size=5), max_size=30).map("".join))
def test_whatever_is_written_nothing_active_comes_out(written: str) -> None:
    shown = clean_html(written)
    inventory = Inventory()
    inventory.feed(shown)
    for tag, name, value in inventory.seen:
        assert tag not in {"script", "style", "img", "svg", "math", "form", "input", "iframe", "template", "noscript"}
        assert (tag, name) in {(tag, ""), ("a", "href"), ("a", "rel"), ("span", "class"), ("td", "colspan")}
        if name == "href":
            assert link_host(value)
    assert clean_html(shown).replace(' class="link-host"', "").count("<a") == shown.count("<a")


@pytest.mark.parametrize(
    "written",
    ["<div>" * 200_000, "&" * 2_000_000, "<b>" * 9_000 + "<p>" * 9_000, "<a href=" * 90_000, "<!--" * 300_000],
)
def test_cleaning_is_bounded(written: str) -> None:
    started = time.perf_counter()
    clean_html(written)
    assert time.perf_counter() - started < 2.5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\n\nc", "<p>a<br>\nb</p>\n<p>c</p>"),
        ("<b>&\"'", "<p>&lt;b&gt;&amp;&quot;&#x27;</p>"),
        ("https://a.fr", "<p>https://a.fr</p>"),
        ("\r\n\r\n  \r\na\r\n \t\r\n\r\nb\r\n", "<p>a</p>\n<p>b</p>"),
        ("", ""),
    ],
)
def test_plain_text_becomes_paragraphs(text: str, shown: str) -> None:
    assert text_to_html(text) == shown


@given(st.text(max_size=200))
def test_text_as_html_holds_nothing_but_paragraphs(text: str) -> None:
    assert set(re.findall(r"<[^>]*>?", text_to_html(text))) <= {"<p>", "</p>", "<br>"}


@pytest.mark.parametrize(
    ("new", "quoted"),
    [
        ("Oui.\n\n", "Le lun. 2 mars 2026 à 09:12, Service <a@b.fr> a écrit :\n\n> Venez.\n> Merci"),
        ("Oui.\n", "Le lun. 2 mars 2026 à 09:12, Service de cardiologie\n<a@b.fr> a écrit :\n> Venez."),
        ("Yes.\n", "On Mon, 2 Mar 2026, A wrote:\n> Come."),
        ("Oui\n", "-----Message d'origine-----\nDe : A\nEnvoyé : lundi\n\nVenez."),
        ("Oui\n\n", "De : Service <a@b.fr>\nEnvoyé : lundi 2 mars 2026\nÀ : moi\nObjet : x\n\nVenez."),
        ("Oui\n", "________________________________\nFrom: A\nSent: x\n\nVenez."),
        ("Oui\n", "> Venez.\n\n> Merci\n"),
        ("Je pars de : la gare\nLe bus a écrit son histoire", ""),
        ("> Venez à 8 h ?\nOui.\n> Ou 9 h ?\nNon.", ""),
        ("Le 2 mars, il a écrit :\nune lettre.", ""),
        ("> seulement une citation", ""),
        ("", ""),
    ],
)
def test_the_quoted_message_is_set_apart(new: str, quoted: str) -> None:
    assert split_quoted(new + quoted) == (new, quoted)


@given(
    st.lists(
        st.sampled_from(["> a", "b", "", "Le x a écrit :", "De : x", "Envoyé : y", "____________________", " "]),
        max_size=12,
    )
)
def test_new_and_quoted_put_together_are_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    new, quoted = split_quoted(text)
    assert new + quoted == text
    assert new.strip() or not quoted
