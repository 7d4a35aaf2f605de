"""Files and documents of messages at the desk: shown as to holders, and only to the team whose message it is."""

import pytest
from desk_world import GP, JULIE, ORTHO, arrive, desk, listed, mail, team
from django.db import connection, transaction

from carnet.domain.directory.models import MailboxTrace
from carnet.domain.messaging.access import OpenedAttachment
from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.access import open_desk_attachment, open_thread
from carnet.domain.messaging.desk.answering import Sent, answer
from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.models import DeskThread
from carnet.domain.spaces.queries import spaces_by_ins
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.ids import new_id
from carnet.foundation.rows import server_cursor
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
NOT_FOUND = Decision(False, Refusal.NOT_FOUND)


@pytest.fixture
def julie():
    return team()


def with_files(*files, html=""):
    message = mail(GP, ORTHO, "Compte rendu")
    if html:
        message.add_alternative(html, subtype="html")
    for name, media_type, content in files:
        kind, _, subtype = media_type.partition("/")
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return message


def test_files_open_for_the_team_and_leave_a_trace_and_nobody_else_finds_them(julie):
    arrive(with_files(("lettre.txt", "text/plain", b"Bonjour"), ("photo.svg", "image/svg+xml", b"<svg/>")))
    [row] = listed(julie)
    assert row.documents
    [shown] = open_thread(julie, row.id).messages
    names = {one.name: one.path for one in shown.content.attachments}
    opened = open_desk_attachment(julie, row.id, shown.id, names["lettre.txt"])
    assert isinstance(opened, OpenedAttachment)
    assert opened.content == b"Bonjour"
    assert open_desk_attachment(julie, row.id, shown.id, "9.9") == NOT_FOUND
    stranger = desk(cast.archives(), JULIE, "Mme Julie LEMAIRE")
    catch_up(stranger.mailbox.id)
    assert open_desk_attachment(stranger, row.id, shown.id, names["lettre.txt"]) == NOT_FOUND
    traced = MailboxTrace.objects.filter(act="read", door="desk").order_by("at", "id")
    assert [(one.mailbox_id, one.outcome) for one in traced][-1] == (stranger.mailbox.id, "not-found")


def test_what_a_stranger_wrote_is_cleaned_and_their_name_is_not_taken(julie):
    message = with_files(html="<p onclick=x()>Bonjour<script>alert(1)</script></p>")
    message.replace_header("From", f'"Le Directeur" <{GP}>')
    arrive(message, sender=GP)
    [row] = listed(julie)
    [shown] = open_thread(julie, row.id).messages
    assert "script" not in shown.content.html
    assert "onclick" not in shown.content.html
    assert row.correspondent.name == shown.author_name == "Dr Claire MORVAN"


def test_an_answer_carries_its_files(julie):
    arrive(mail(GP, ORTHO))
    [row] = listed(julie)
    refused = answer(julie, row.id, "Voici.", [NewFile("x.exe", b"MZ\x90\x00")], token=new_id())
    assert refused == Decision(False, Refusal.TYPE_NOT_ACCEPTED)
    sent = answer(julie, row.id, "Voici.", [NewFile("note.txt", b"Bonjour")], token=new_id())
    assert isinstance(sent, Sent)
    shown = open_thread(julie, row.id).messages[-1]
    assert [one.name for one in shown.content.attachments] == ["note.txt"]
    assert answer(julie, row.id, "  ", token=new_id()) == Decision(False, Refusal.EMPTY_MESSAGE)
    assert DeskThread.objects.get().messages == 2


def test_statements_planned_once_outlive_a_transaction_that_was_undone(julie):
    spaces_by_ins([cast.DOMINIQUE.ins])
    for _ in range(2):
        with server_cursor(prepared=True) as cursor:  # psycopg has the server forget its plans after a rollback
            cursor.execute("SELECT 1", binary=True)
        undone = transaction.savepoint()
        transaction.savepoint_rollback(undone)
        assert spaces_by_ins([cast.DOMINIQUE.ins]) == {}
        with connection.cursor() as cursor:
            cursor.execute("SELECT 2")
            assert cursor.fetchone() == (2,)
        assert spaces_by_ins([cast.DOMINIQUE.ins]) == {}
