"""Each page of the portal, drawn in both languages: what the eye does not check in a page that looks right."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import web_gallery
from django.template import engines
from django.template.loader import get_template
from django.utils import translation
from lxml import etree, html

import carnet.interfaces.web as web
from carnet import translations

pytestmark = pytest.mark.urls("web_gallery_urls")
TEMPLATES = Path(web.__file__).parent / "templates"
LANGUAGES = ("fr", "en")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


def _a_page_says_its_language_and_its_title(page: html.HtmlElement, language: str) -> None:
    assert page.get("lang") == language
    title = page.findtext("head/title")
    assert title.endswith(" – Carnet")
    assert len(title) > len(" – Carnet")


def _a_page_has_its_landmarks_and_a_way_past_the_menu(page: html.HtmlElement, language: str) -> None:
    assert [len(page.findall(f"body/{tag}")) for tag in ("header", "main", "footer")] == [1, 1, 1]
    first_link = page.xpath("//body//a")[0]
    assert first_link.get("href") == "#main"
    assert page.get_element_by_id("main").tag == "main"


def _headings_start_at_one_and_skip_no_level(page: html.HtmlElement, language: str) -> None:
    levels = [int(heading.tag[1]) for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def _nothing_in_a_page_needs_an_inline_style_or_script(page: html.HtmlElement, language: str) -> None:
    assert page.xpath("//style | //*[@style] | //script[not(@src)] | //@*[starts-with(name(), 'on')]") == []
    assert page.xpath("//*[starts-with(@href, 'javascript:')]") == []


def _nothing_in_a_page_comes_from_elsewhere(page: html.HtmlElement, language: str) -> None:
    fetched = page.xpath("//script/@src | //link/@href | //img/@src | //iframe/@src")
    assert fetched
    assert all(address.startswith("/") and not address.startswith("//") for address in fetched)


def _identifiers_are_unique_and_references_lead_somewhere(page: html.HtmlElement, language: str) -> None:
    identifiers = Counter(page.xpath("//@id"))
    assert [name for name, count in identifiers.items() if count > 1] == []
    references = page.xpath("//@for | //@aria-labelledby | //@aria-describedby | //@form")
    targets = {name for reference in references for name in reference.split()}
    targets |= {link[1:] for link in page.xpath("//a/@href[starts-with(., '#')]")}
    assert targets - identifiers.keys() == set()


def _each_control_has_a_label(page: html.HtmlElement, language: str) -> None:
    labelled = set(page.xpath("//label/@for"))
    controls = page.xpath("//input[not(@type='hidden')] | //select | //textarea")
    assert [control.get("name") for control in controls if control.get("id") not in labelled] == []
    assert page.xpath("//*[@placeholder]") == []


def _a_control_with_errors_says_so_and_names_them(page: html.HtmlElement, language: str) -> None:
    for message in page.xpath("//p[@class='wrong']"):
        control = page.get_element_by_id(message.get("id").removesuffix("_error"))
        assert control.get("aria-invalid") == "true"
        assert message.get("id") in control.get("aria-describedby")
    invalid = {control.get("id") for control in page.xpath("//*[@aria-invalid='true']")}
    assert invalid == {link[1:] for link in page.xpath("//div[@id='errors']//a/@href")}


def _each_form_that_writes_carries_the_proof_of_origin(page: html.HtmlElement, language: str) -> None:
    for form in page.xpath("//form[@method='post']"):
        assert form.xpath(".//input[@name='csrfmiddlewaretoken']/@value") != [""]
        assert form.xpath(".//button | //button[@form=$name]", name=form.get("id", "")) != []


def _each_image_and_frame_has_a_text_and_each_drawing_is_decoration(page: html.HtmlElement, language: str) -> None:
    assert all(image.get("alt") for image in page.xpath("//img"))
    assert all(frame.get("title") for frame in page.xpath("//iframe"))
    for drawing in page.xpath("//*[local-name()='svg']"):
        assert drawing.get("aria-hidden") == "true" or (drawing.get("role") == "img" and drawing.get("aria-label"))


def _each_link_and_button_has_words(page: html.HtmlElement, language: str) -> None:
    for element in page.xpath("//a | //button"):
        assert (element.get("aria-label") or element.text_content()).strip()


CHECKS = (
    _a_page_says_its_language_and_its_title,
    _a_page_has_its_landmarks_and_a_way_past_the_menu,
    _headings_start_at_one_and_skip_no_level,
    _nothing_in_a_page_needs_an_inline_style_or_script,
    _nothing_in_a_page_comes_from_elsewhere,
    _identifiers_are_unique_and_references_lead_somewhere,
    _each_control_has_a_label,
    _a_control_with_errors_says_so_and_names_them,
    _each_form_that_writes_carries_the_proof_of_origin,
    _each_image_and_frame_has_a_text_and_each_drawing_is_decoration,
    _each_link_and_button_has_words,
)


@pytest.mark.parametrize("shown", web_gallery.pages(), ids=lambda shown: shown.name)
def test_a_page_keeps_every_rule(shown: web_gallery.Page, language: str) -> None:
    """All in one test: drawing a page costs more than looking at it, and there are hundreds to look at."""
    page = html.document_fromstring(web_gallery.draw(shown, language))
    faults = []
    for check in CHECKS:
        try:
            check(page, language)
        except AssertionError as fault:
            faults.append(f"{check.__name__.strip('_').replace('_', ' ')}: {fault}")
    assert faults == []


def test_a_french_page_leaves_no_english_sentence(language: str) -> None:
    english = {
        message.id
        for message in translations.extract(TEMPLATES)
        if isinstance(message.id, str) and message.id.count(" ") > 3 and "%" not in message.id
    }
    assert len(english) > 100
    drawn = "".join(web_gallery.draw(page, language) for page in web_gallery.pages()).replace("&#x27;", "'")
    seen = {sentence for sentence in english if sentence in drawn}
    assert seen == set() if language == "fr" else len(seen) > 100


def test_every_page_template_is_in_the_gallery() -> None:
    drawn = {page.template for page in web_gallery.pages()}
    written = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    sources = {name: (TEMPLATES / name).read_text("utf-8") for name in written}
    frames = {name for name in written for source in sources.values() if f'{{% extends "{name}" %}}' in source}
    assert {name for name, source in sources.items() if "{% extends" in source} - frames == drawn


def test_every_drawing_is_well_formed_and_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    sources += Path(web.__file__).with_name("templatetags").joinpath("web.py").read_text("utf-8")
    drawings = {path.stem: path for path in (TEMPLATES / "web" / "icons").glob("*.svg")}
    for path in drawings.values():
        assert etree.fromstring(path.read_bytes()).get("viewBox")
    assert [name for name in drawings if f'"{name}"' not in sources] == []


def test_the_portals_pages_come_before_those_of_allauth() -> None:
    for name in ("account/login.html", "account/confirm_login_code.html", "account/email/login_code_message.txt"):
        assert str(TEMPLATES) in str(get_template(name).origin)


@pytest.mark.parametrize("kind", ["new_message", "new_document", "activation_code"])
@pytest.mark.parametrize("activated", [True, False])
def test_an_email_says_nothing_but_that_something_waits(kind: str, activated: bool, language: str) -> None:
    secret = {"sender": "Dr House", "subject": "VIH", "title": "Biopsie", "holder_name": "Claire"}
    shown = {"portal_url": "https://carnet.test", "activated": activated, "code": "K7QP2M9XR4TD"}
    with translation.override(language):
        subject = get_template(f"web/email/{kind}_subject.txt").render(secret | shown)
        body = get_template(f"web/email/{kind}.txt").render(secret | shown)
    assert len(subject.strip().splitlines()) == 1
    assert not any(word in subject + body for word in secret.values())
    assert re.findall(r"https?://\S+", body) == ["https://carnet.test"]
    assert "&" not in body
    assert ("K7QP2M9XR4TD\n" in body) == (kind == "activation_code")


def test_the_email_of_a_sign_in_code_has_the_code_alone_on_its_line(language: str) -> None:
    with translation.override(language):
        body = get_template("account/email/login_code_message.txt").render({"code": "123456"})
    assert "123456" in body.splitlines()


def test_a_page_without_a_request_still_shows(language: str) -> None:
    with translation.override(language):
        drawn = engines["django"].get_template("web/error.html").render({"kind": "server"})
    assert "</html>" in drawn
