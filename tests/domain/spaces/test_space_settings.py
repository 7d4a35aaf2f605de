"""The holder changes settings: all of them together, and the trail has it."""

import pytest

from carnet.domain.audit.queries import events
from carnet.domain.notifications.models import ContactPoint
from carnet.domain.notifications.queries import wanted_kinds
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.domain.spaces.commands import change_settings, close_space
from carnet.domain.spaces.models import Account
from carnet.domain.spaces.values import Refusal
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return Account.objects.select_related("space").get(space_id=cast.patient())


def kept(account):
    account.refresh_from_db()
    return (
        account.language,
        ContactPoint.objects.get(space_id=account.space_id).language,
        wanted_kinds(account.space_id),
    )


def test_language_and_notifications_are_kept_under_one_event(account):
    assert change_settings(account, language="en", notifications={Channel.EMAIL: {NotificationKind.MESSAGE}}) is None
    assert kept(account) == ("en", "en", {NotificationKind.MESSAGE})
    assert [(one.act, one.allowed) for one in events(account.space_id)].count(("change-settings", True)) == 1


def test_a_language_alone_leaves_the_notifications_as_they_are(account):
    change_settings(account, language="fr", notifications={Channel.EMAIL: {NotificationKind.DOCUMENT}})
    change_settings(account, language="en")
    assert kept(account) == ("en", "en", {NotificationKind.DOCUMENT})


def test_in_a_closed_space_nothing_changes_and_the_refusal_is_in_the_trail(account):
    before = kept(account)
    close_space(account.space_id)
    refusal = change_settings(account, language="en", notifications={Channel.EMAIL: set()})
    assert refusal is not None
    assert refusal.reason is Refusal.SPACE_CLOSED
    assert kept(account) == before
    assert (events(account.space_id)[0].act, events(account.space_id)[0].allowed) == ("change-settings", False)
