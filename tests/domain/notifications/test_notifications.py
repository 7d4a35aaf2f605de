"""Notifications: one each, to who wants them, saying that something is there and nothing of what."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from carnet.domain.notifications.commands import notify, set_preferences
from carnet.domain.notifications.jobs import send_waiting
from carnet.domain.notifications.models import Notification
from carnet.domain.notifications.values import NotificationKind
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


def outbox(installation):
    folder = installation / "outbox"
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


def test_an_activated_person_is_told_once(installation):
    space = cast.patient()
    about = new_id()
    notify(space, NotificationKind.MESSAGE, about)
    notify(space, NotificationKind.MESSAGE, about)
    send_waiting()
    send_waiting()
    (told,) = outbox(installation)
    assert told["To"] == cast.DOMINIQUE.email
    assert Notification.objects.get().outcome == "sent"


def test_each_message_is_told_by_an_e_mail_of_its_own(installation):
    patient, child = cast.patient(), cast.not_activated()
    for _ in range(5):
        notify(patient, NotificationKind.MESSAGE, new_id())
    notify(patient, NotificationKind.DOCUMENT, new_id())
    notify(child, NotificationKind.MESSAGE, new_id())
    send_waiting()
    assert len(outbox(installation)) == 7
    assert Notification.objects.filter(outcome="sent").count() == 7


def test_a_person_who_has_not_activated_is_told_and_learns_how(installation):
    notify(cast.not_activated(), NotificationKind.MESSAGE, new_id())
    send_waiting()
    (told,) = outbox(installation)
    assert "activ" in told.get_content().lower()


def test_it_says_nothing_of_the_person_nor_of_what_came(installation):
    notify(cast.patient(), NotificationKind.DOCUMENT, new_id())
    send_waiting()
    (told,) = outbox(installation)
    words = f"{told['Subject']} {told.get_content()}"
    for private in (cast.DOMINIQUE.ins, cast.DOMINIQUE.birth_name, "Dominique", "hôpital", "Saint-Aubin"):
        assert private not in words


def test_what_was_switched_off_is_not_sent(installation):
    space = cast.patient()
    set_preferences(space, {NotificationKind.DOCUMENT})
    notify(space, NotificationKind.MESSAGE, new_id())
    notify(space, NotificationKind.DOCUMENT, new_id())
    send_waiting()
    assert len(outbox(installation)) == 1
    assert Notification.objects.get(kind=NotificationKind.MESSAGE.value).outcome == "not-wanted"


def test_what_the_mail_server_refuses_is_tried_again_later(settings, installation):
    space = cast.patient()
    notify(space, NotificationKind.MESSAGE, new_id())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(OSError, match="refused"):
        send_waiting()
    assert Notification.objects.get().outcome == ""
    Notification.objects.update(claimed_at=None)
    settings.EMAIL_BACKEND = "carnet.foundation.outbox.OutboxBackend"
    send_waiting()
    assert len(outbox(installation)) == 1


def test_a_mail_server_may_be_away_for_a_day_and_not_for_three(settings, installation):
    space = cast.patient()
    notify(space, NotificationKind.MESSAGE, new_id())
    Notification.objects.update(created_at=now() - timedelta(days=1), attempts=500)
    send_waiting()
    assert len(outbox(installation)) == 1
    notify(space, NotificationKind.MESSAGE, new_id())
    Notification.objects.filter(outcome="").update(created_at=now() - timedelta(days=3))
    send_waiting()
    assert len(outbox(installation)) == 1
    assert Notification.objects.filter(outcome="gave-up").count() == 1
