"""The console of those who run an installation: who may open it, what it shows, what it never shows."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html
from portal_scene import arrive, letter

from carnet.domain.directory.queries.hosted import Finding
from carnet.domain.messaging.counted import Measure
from carnet.domain.messaging.models import OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.values import Problem
from carnet.domain.spaces.models import Account
from carnet.foundation.clock import now
from carnet.foundation.closures import closures_to_come, forget_closures
from carnet.foundation.ids import new_id
from carnet.interfaces.web import console_sentences
from carnet.interfaces.web.charts import Bar, bars
from carnet.interfaces.web.console_urls import urlpatterns
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

PAGES = [
    "console",
    "console_trust",
    "console_trust_changes",
    "console_queue",
    "console_closures",
    "console_mailboxes",
    "console_statistics",
    "console_statistics_csv",
    "console_statistics_json",
]


@pytest.fixture
def administrator(ward: str) -> Client:
    """The browser of who looks after the installation, signed in."""
    cast.administrator()
    client = Client(headers={"accept-language": "fr"})
    client.force_login(Account.objects.get(login=cast.ADMINISTRATOR))
    return client


@pytest.fixture
def no_closures() -> Iterator[None]:
    forget_closures()
    yield
    forget_closures()


def addresses() -> list[str]:
    """Each address of the console, with something in the place of its arguments."""
    given = {"domain": "clinique.test", "address": "a@b.test", "closure_id": 1}
    return [
        reverse(
            pattern.name,
            kwargs={name: given[name] for name in re.findall(r"<(?:str|int):(\w+)>", str(pattern.pattern))},
        )
        for pattern in urlpatterns
    ]


@pytest.mark.parametrize("page", PAGES)
def test_an_administrator_opens_each_page(administrator: Client, page: str) -> None:
    assert administrator.get(reverse(page)).status_code == 200


def test_a_holder_finds_nothing_there(dominique: Client) -> None:
    for address in addresses():
        assert dominique.get(address).status_code in (404, 405), address
        assert dominique.post(address).status_code in (404, 405), address
        assert 404 in (dominique.get(address).status_code, dominique.post(address).status_code)


def test_who_is_not_signed_in_is_sent_to_sign_in(db: None) -> None:
    for page in PAGES:
        assert reverse("account_login") in Client().get(reverse(page)).url


def test_an_administrator_opens_no_space(administrator: Client) -> None:
    for page in ("home", "messages", "documents", "activity", "settings"):
        assert administrator.get(reverse(page)).url == reverse("console")
    somewhere = administrator.get(reverse("conversation", args=[new_id()]))
    assert somewhere.url == reverse("console")


def test_a_message_leaves_no_word_of_itself_in_the_console(administrator: Client, patient: UUID) -> None:
    arrive(letter(subject="Résultat de biopsie", text="Tumeur bénigne."))
    for page in PAGES:
        shown = administrator.get(reverse(page)).content.decode()
        for word in ("biopsie", "bénigne", cast.DOMINIQUE.ins, cast.DOMINIQUE.birth_name):
            assert word not in shown, (page, word)


def waiting(domain: str, problem: Problem = Problem.UNREACHABLE) -> OutboundMail:
    at = now()
    OutboundDestination.objects.get_or_create(
        domain=domain, defaults={"failures": 1, "last_problem": problem.value, "next_try_at": at}
    )
    return OutboundMail.objects.create(
        id=new_id(),
        owner_id=new_id(),
        body=b"x" * 32,
        domain=domain,
        addresses=b"",
        created_at=at - timedelta(hours=5),
        next_try_at=at + timedelta(hours=1),
        attempts=3,
        last_problem=problem.value,
    )


def test_mail_that_waits_says_why_in_french(administrator: Client) -> None:
    waiting(cast.OTHER_OPERATOR_DOMAIN)
    shown = administrator.get(reverse("console_queue")).content.decode()
    assert cast.OTHER_OPERATOR_DOMAIN in html.fromstring(shown).text_content()
    assert "L’autre opérateur est injoignable." in shown
    overview = administrator.get(reverse("console")).content.decode()
    assert "1 message attend." in overview


def test_a_domain_is_held_back_then_tried_again(administrator: Client) -> None:
    mail = waiting(cast.OTHER_OPERATOR_DOMAIN)
    domain = [cast.OTHER_OPERATOR_DOMAIN]
    assert administrator.post(reverse("console_queue_hold", args=domain)).status_code == 302
    assert OutboundDestination.objects.get(domain=domain[0]).held_at is not None
    assert administrator.post(reverse("console_queue_retry", args=domain)).status_code == 302
    assert OutboundDestination.objects.get(domain=domain[0]).held_at is None
    mail.refresh_from_db()
    assert mail.next_try_at <= now()


def test_giving_up_is_asked_once_more_and_only_a_form_does_it(administrator: Client) -> None:
    waiting(cast.OTHER_OPERATOR_DOMAIN)
    domain = [cast.OTHER_OPERATOR_DOMAIN]
    assert administrator.get(reverse("console_queue_drop", args=domain)).status_code == 405
    page = administrator.get(reverse("console_queue_confirm_drop", args=domain)).content.decode()
    assert reverse("console_queue_drop", args=domain) in page
    assert OutboundMail.objects.filter(state="queued").count() == 1


def test_a_closure_is_planned_shown_and_cancelled(administrator: Client, no_closures: None) -> None:
    wanted = {"starts_at": "2031-05-10T20:00", "until": "2031-05-12T06:00", "message_fr": "Week-end du DMP."}
    assert administrator.post(reverse("console_closures"), wanted).status_code == 302
    (planned,) = closures_to_come()
    shown = administrator.get(reverse("console_closures")).content.decode()
    assert "Week-end du DMP." in shown
    assert "10 mai 2031" in html.fromstring(shown).text_content()
    administrator.post(reverse("console_closure_cancel", args=[planned.id]))
    assert closures_to_come() == []


def test_a_closure_that_ends_before_it_starts_is_refused_with_words(administrator: Client, no_closures: None) -> None:
    wanted = {"starts_at": "2031-05-12T20:00", "until": "2031-05-10T06:00"}
    answer = administrator.post(reverse("console_closures"), wanted)
    assert answer.status_code == 422
    assert "Une fermeture finit après avoir commencé" in answer.content.decode()
    assert closures_to_come() == []


def test_a_mailbox_is_found_by_its_address_and_shown(administrator: Client, ward: str) -> None:
    listed = administrator.get(reverse("console_mailboxes"), {"text": "orthopedie"}).content.decode()
    assert ward in html.fromstring(listed).text_content()
    shown = administrator.get(reverse("console_mailbox", args=[ward])).content.decode()
    assert "519999015" in shown
    assert administrator.get(reverse("console_mailbox", args=["personne@ailleurs.test"])).status_code == 404


@pytest.mark.parametrize("asked", ["", "2026-13", "9999-01", "2026-1", "x'; --", "2026-11\n"])
def test_a_month_that_is_none_shows_this_month(administrator: Client, asked: str) -> None:
    answer = administrator.get(reverse("console_statistics_csv"), {"month": asked})
    assert f"carnet-{now():%Y-%m}.csv" in answer["Content-Disposition"]


def test_a_spreadsheet_of_the_month_has_each_kind_and_measure(administrator: Client, patient: UUID) -> None:
    lines = administrator.get(reverse("console_statistics_csv")).content.decode().splitlines()
    assert lines[0] == "month,kind,what,code,label,number"
    assert any(",ORG,mailboxes,,,1" in line for line in lines)
    assert administrator.get(reverse("console_statistics_json")).json()["kinds"][-1]["kind"] == "ALL"


def test_every_code_that_the_console_may_show_has_its_sentence() -> None:
    assert set(console_sentences.PROBLEMS) == set(Problem)
    assert set(console_sentences.FINDINGS) == set(Finding)
    assert set(console_sentences.MEASURES) == set(Measure)


def test_a_chart_says_its_title_and_draws_each_bar_within_its_frame() -> None:
    drawn = html.fromstring(bars([Bar("01", 3, 0), Bar("02<script>", 250, 17)], 'Envoyés "et" reçus'))
    assert drawn.get("aria-label") == 'Envoyés "et" reçus'
    heights = [float(one.get("height")) for one in drawn.iter("rect")]
    assert len(heights) == 4
    assert all(0 <= one <= 148 for one in heights)
    assert not list(drawn.iter("script"))
    assert bars([], "Rien") == ""


def test_a_second_administrator_cannot_take_a_login(administrator: Client) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        cast.administrator()


def test_an_account_is_a_holders_or_an_administrators_never_both(patient: UUID) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(space_id=patient).update(role="administrator")
