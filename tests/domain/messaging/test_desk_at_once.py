"""A team at the desk, a mail client and mail that comes in, all at once on one mailbox."""

import random
import threading

import pytest
from desk_world import GP, ORTHO, address, arrive, listed, mail, team
from django.db import connection

from carnet.domain.messaging.commands import entries
from carnet.domain.messaging.desk import acts
from carnet.domain.messaging.desk.answering import Sent, answer
from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.desk.recounting import recount
from carnet.domain.messaging.desk.values import View
from carnet.domain.messaging.folder_values import SEEN, StoreMode
from carnet.domain.messaging.models import DeskMessage, DeskThread, Folder, FolderEntry
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

COUNTED = ("in_inbox", "in_sent", "in_other", "in_trash", "unread", "messages", "outgoing_last", "waiting_since")


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_ever_nothing_is_doubled_and_counts_stay_true():
    julie = team()
    cast.patient()
    box = julie.mailbox.id
    arrive(*[mail(address() if n % 2 else GP, ORTHO, f"Lettre {n}") for n in range(6)])
    catch_up(box)
    threads = list(DeskThread.objects.values_list("id", flat=True))
    form = new_id()
    sent: list[object] = []
    problems: list[Exception] = []

    def act(seed: int) -> None:
        chance = random.Random(seed)
        folders = dict(Folder.objects.filter(mailbox_id=box).values_list("name", "id"))
        try:
            sent.append(answer(julie, threads[0], "Bonjour.", token=form))
            for _ in range(8):
                some = chance.sample(threads, 3)
                source, target = (folders[name] for name in chance.sample(["INBOX", "Trash", "Archive"], 2))
                match chance.randrange(8):
                    case 0:
                        arrive(mail(GP, ORTHO))
                    case 1:
                        entries.move(box, source, target, [chance.randint(1, 9)])
                    case 2:
                        entries.store_flags(box, source, list(range(1, 9)), StoreMode.ADD, [SEEN])
                    case 3:
                        acts.trash(julie, some)
                    case 4:
                        acts.restore(julie, some)
                    case 5:
                        acts.settle(julie, some)
                    case 6:
                        acts.mark_unread(julie, some)
                    case 7:
                        answer(julie, some[0], "Bonjour.", token=new_id())
                catch_up(box)
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    people = [threading.Thread(target=act, args=[seed]) for seed in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert problems == []
    assert len({one.message_id for one in sent if isinstance(one, Sent)}) == 1
    assert [one.again for one in sent].count(False) == 1
    listed(julie, view=View.ALL)
    assert not FolderEntry.objects.filter(mailbox_id=box, thread_id=None).exists()
    lying = set(FolderEntry.objects.filter(mailbox_id=box).values_list("message_id", "thread_id"))
    assert lying <= set(DeskMessage.objects.filter(mailbox_id=box).values_list("message_id", "thread_id"))
    before = list(DeskThread.objects.order_by("id").values(*COUNTED))
    recount(box, DeskThread.objects.values_list("id", flat=True))
    assert list(DeskThread.objects.order_by("id").values(*COUNTED)) == before
