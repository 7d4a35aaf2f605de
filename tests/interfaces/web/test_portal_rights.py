"""Who gets which page: signed out, signed in, and at somebody else's address."""

import re
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from portal_scene import archive, arrive, conversation_of, letter, message_of, page, signed_in, trail

from carnet.domain.messaging.models import Conversation, ConversationEntry, Draft
from carnet.domain.record.models import Document
from carnet.domain.spaces.commands import close_space
from carnet.foundation.clock import now
from carnet.interfaces.web import urls
from carnet.interfaces.web.desk import urls as desk_urls
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db
_DESK = {one.name for one in desk_urls.urlpatterns}
urlpatterns = [one for one in urls.urlpatterns if one.name not in _DESK]  # the desk's: test_desk_rights
FOR_EVERYONE = {
    "welcome", "help", "accessibility", "legal", "account_login", "account_inactive", "activate", "activate_code",
    "health_live", "health_ready", "metrics", "manifest", "worker", "offline",
}  # fmt: skip
FOR_PROGRAMS = {"autoconfig", "autodiscover"}
ONLY_BY_POST = {
    "set_language", "conversation_answer", "conversation_put_back", "attachment_save", "attachments_save",
    "pharmacy_write", "device_add", "device_remove", "profile_nothing",
    "console_closure_cancel", "console_queue_retry", "console_queue_hold", "console_queue_drop",
}  # fmt: skip
LEADS_ELSEWHERE = {"account_confirm_login_code": "/connexion/", "account_logout": "/"}
SAMPLE = {"conversation_id": uuid4(), "message_id": uuid4(), "document_id": uuid4(), "piece": "2", "number": 1}
SAMPLE |= {"draft_id": uuid4(), "entry_id": uuid4(), "device_id": uuid4(), "section": "allergies", "language": "fr"}
SAMPLE |= {"closure_id": 1, "domain": "ailleurs.test", "address": "boite@ailleurs.test"}


def address(name: str, **values: object) -> str:
    pattern = next(one for one in urlpatterns if one.name == name)
    wanted = pattern.pattern.converters
    return reverse(name, kwargs={key: (SAMPLE | values)[key] for key in wanted})


@pytest.fixture
def filled(patient: UUID, dominique: Client) -> UUID:
    """Dominique's space with a letter in it, of which she has kept the document."""
    arrive(archive(letter(), discharge_letter(cast.DOMINIQUE, now(), now()).cda))
    conversation, message = conversation_of(patient), message_of(patient)
    kept = dominique.post(address("attachment_save", conversation_id=conversation, message_id=message, piece="2~0"))
    assert kept.status_code == 302
    begun = {"text": "À finir", "do": "keep"}
    assert dominique.post(address("conversation_answer", conversation_id=conversation), begun).status_code == 302
    return patient


@pytest.mark.parametrize("name", [one.name for one in urlpatterns if one.name])
def test_signed_out_a_page_is_public_or_leads_to_the_sign_in(client: Client, name: str) -> None:
    where = address(name)
    response = client.get(where)
    if name in FOR_EVERYONE:
        assert response.status_code in (200, 503)
    elif name in FOR_PROGRAMS:
        assert response.status_code in (404, 405), "they are told of no domain that they did not name"
    elif name in ONLY_BY_POST:
        assert response.status_code in (302, 405)
    elif name in LEADS_ELSEWHERE:
        assert (response.status_code, response["Location"]) == (302, LEADS_ELSEWHERE[name])
    else:
        assert response.status_code == 302
        assert response["Location"] == f"/connexion/?next={quote(where)}"


@pytest.mark.parametrize("name", sorted(ONLY_BY_POST - {"set_language"}))
def test_signed_out_a_form_leads_to_the_sign_in_and_back_to_its_page(client: Client, name: str) -> None:
    here = address("conversation")
    response = client.post(address(name), headers={"Referer": f"http://testserver{here}#answer"})
    assert (response.status_code, response["Location"]) == (302, f"/connexion/?next={here}")
    elsewhere = client.post(address(name), headers={"Referer": "https://ailleurs.example/piege"})
    assert elsewhere["Location"] == "/connexion/?next=/accueil/"


_ADDRESSES = [one.name for one in urlpatterns if "uuid" in str(one.pattern)]


@pytest.mark.parametrize("name", _ADDRESSES)
def test_what_is_not_ones_own_does_not_exist(filled: UUID, stranger: UUID, stephane: Client, name: str) -> None:
    """The same page for another person's and for nobody's; the refusal is in the asker's trail, nowhere else."""
    theirs = {
        "conversation_id": conversation_of(filled),
        "message_id": message_of(filled),
        "document_id": Document.objects.get(space_id=filled).id,
        "piece": "2~0",
        "draft_id": Draft.objects.get(space_id=filled).id,
    }
    before, own_before = trail(filled), trail(stranger, allowed=False)
    send = stephane.post if name in {*ONLY_BY_POST, "conversation_trash"} else stephane.get
    wrong, unknown = send(address(name, **theirs)), send(address(name))
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert _without_chance(wrong) == _without_chance(unknown)
    assert trail(filled) == before
    assert trail(stranger, allowed=False) == own_before + 2
    assert not Conversation.objects.filter(space_id=filled).exclude(trashed_at=None).exists()
    assert ConversationEntry.objects.filter(space_id=filled).count() == 1


def _without_chance(response: HttpResponse) -> str:
    """A page without what differs each time: its own address and the proof of origin."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    return re.sub(r'name="next" value="[^"]*"', "", text)


@pytest.mark.parametrize("piece", ["9", "2~7", "2.1", "%00", "a", "2~0~0", "99999", "²"])
def test_a_piece_that_is_not_there_is_not_found(filled: UUID, dominique: Client, piece: str) -> None:
    base = f"/messages/{conversation_of(filled)}/{message_of(filled)}/{piece}"
    for last in ("", "contenu/", "fichier/", "page/1/"):
        assert dominique.get(f"{base}/{last}").status_code == 404
    assert dominique.post(f"{base}/garder/").status_code == 404


def test_a_message_is_not_reached_through_another_conversation(filled: UUID, dominique: Client) -> None:
    arrive(letter(subject="Autre chose"))
    other = Conversation.objects.order_by("-last_at").first()
    assert other is not None
    first = ConversationEntry.objects.exclude(conversation_id=other.id).get()
    assert dominique.get(f"/messages/{other.id}/{first.message_id}/2~0/").status_code == 404


def test_a_closed_space_lets_nobody_in(patient: UUID, dominique: Client) -> None:
    close_space(patient)
    for path in ("/accueil/", "/messages/", "/documents/", "/activite/", "/activite/?before=9", "/reglages/"):
        response = dominique.get(path)
        assert response.status_code in (302, 403), path


def test_forms_without_proof_of_origin_do_nothing(filled: UUID) -> None:
    client = signed_in(filled)
    client.handler.enforce_csrf_checks = True
    for name in ("conversation_answer", "conversation_trash", "attachment_save", "document_add", "settings"):
        where = address(name, conversation_id=conversation_of(filled), message_id=message_of(filled), piece="2~0")
        response = client.post(where, {"text": "sans preuve"})
        assert response.status_code == 403
        assert "Formulaire trop ancien" in response.content.decode()
    assert ConversationEntry.objects.filter(space_id=filled).count() == 1
    for path in ("/langue/", "/deconnexion/", "/connexion/", "/activation/", "/activation/code/"):
        assert client.post(path, {"language": "en"}).status_code == 403, path


@pytest.mark.parametrize("name", [one.name for one in urlpatterns if one.name])
def test_other_methods_are_refused(filled: UUID, dominique: Client, name: str) -> None:
    if name in ("health_live", "health_ready", "metrics", "account_change_password"):
        return  # Django's form views take a PUT as they take a POST
    for method in (dominique.put, dominique.delete, dominique.patch):
        assert method(address(name)).status_code in (302, 405), method


def test_no_address_holds_who_somebody_is(filled: UUID, dominique: Client) -> None:
    """Every page that links lead to answers, and no address in any of them names the person, her INS or her mail."""
    waiting, seen = ["/", "/accueil/", "/aide/"], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        response = dominique.get(path)
        assert response.status_code in (200, 302), path
        if not response.headers.get("Content-Type", "").startswith("text/html") or response.status_code == 302:
            continue
        shown = page(response)
        addresses = shown.xpath("//@href | //@src | //@action | //input[@name='next']/@value")
        told = " ".join(addresses).lower()
        for secret in (cast.DOMINIQUE.ins, "dominique", "pat-trois", "mssante", "lettre"):
            assert secret not in told.replace("mailto:", ""), path
        for link in shown.xpath("//a/@href"):
            target = link.partition("#")[0]
            target = path.partition("?")[0] + target if target.startswith("?") else target
            if target.startswith("/") and not target.startswith("/static"):
                waiting.append(target)
    assert len(seen) >= 20


def test_signing_out_is_in_the_trail_and_ends_the_session(patient: UUID, dominique: Client) -> None:
    assert dominique.post("/deconnexion/").status_code == 302
    assert trail(patient, "sign-out") == 1
    assert dominique.get("/accueil/").status_code == 302


def test_pages_of_a_person_are_kept_by_no_cache_and_framed_by_nobody(filled: UUID, dominique: Client) -> None:
    for path in ("/accueil/", "/messages/", f"/messages/{conversation_of(filled)}/", "/documents/", "/activite/"):
        response = dominique.get(path)
        assert response["Cache-Control"] == "no-store"
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
