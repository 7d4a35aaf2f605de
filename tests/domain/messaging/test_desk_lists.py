"""The lists of the desk: found by words, filtered, the late ones on top, counts that a recount gives too."""

from datetime import timedelta

import pytest
from desk_world import ELSEWHERE, GP, HELENE, JULIE, ORTHO, SURGEON, address, arrive, desk, listed, mail, team
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.messaging.commands import entries
from carnet.domain.messaging.commands.folders import append
from carnet.domain.messaging.commands.write import answer as holder_answers
from carnet.domain.messaging.desk import acts
from carnet.domain.messaging.desk.access import open_thread
from carnet.domain.messaging.desk.answering import answer
from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.desk.late import note_answers_of_others, tell_late
from carnet.domain.messaging.desk.listing import counts, newer_than, search, threads
from carnet.domain.messaging.desk.pathway import set_pathway
from carnet.domain.messaging.desk.values import Filters, Taken, View, With
from carnet.domain.messaging.desk.words import words_of
from carnet.domain.messaging.desk.writing import NewDeskMail, write_new
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.folder_values import SEEN, StoreMode
from carnet.domain.messaging.models import ConversationEntry, DeskMessage, DeskThread, Folder, FolderEntry, Message
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def julie():
    actor = team()
    cast.patient()
    return actor


def found(actor, text):
    catch_up(actor.mailbox.id)
    return [row.subject for row in search(actor, text).rows]


def put_back(actor, days, **where):
    """Move what is in the desk's memory into the past, as if it had come then."""
    for row in DeskMessage.objects.filter(mailbox_id=actor.mailbox.id, **where):
        DeskMessage.objects.filter(pk=row.pk).update(at=row.at - timedelta(days=days))
    acts.recount(actor.mailbox.id, DeskThread.objects.values_list("id", flat=True))


def test_words_beginnings_addresses_and_numbers_find(julie):
    arrive(
        mail(address(), ORTHO, "Pansement", "L'infirmière n'est pas venue à Orléans."),
        mail(GP, ORTHO, "Lettre d'adressage", f"Patient {cast.DOMINIQUE.ins}, prothèse de hanche."),
        mail(SURGEON, ORTHO, "Planning", "Bloc de mardi."),
    )
    assert found(julie, "infirmiere orleans") == ["Pansement"]
    assert found(julie, "PROTHÈSE") == ["Lettre d'adressage"]
    assert found(julie, "pat-tro") == ["Pansement"]  # the beginning of a name
    assert found(julie, "adres") == ["Lettre d'adressage"]  # of a word of the subject
    assert found(julie, "infirm") == []  # of the text, whole words
    assert found(julie, "infirmiere mardi") == []
    assert found(julie, GP) == ["Lettre d'adressage"]
    assert set(found(julie, " ".join(cast.DOMINIQUE.ins))) == {"Pansement", "Lettre d'adressage"}
    assert found(julie, "%' OR 1=1") == []
    assert found(julie, "'") == []


def test_a_word_that_is_everywhere_is_found_by_walking(julie, monkeypatch):
    monkeypatch.setattr("carnet.domain.messaging.desk.listing.RARE", 2)
    arrive(*[mail(GP, ORTHO, f"Lettre {n}", "Bonjour à tous.") for n in range(6)])
    catch_up(julie.mailbox.id)
    first = search(julie, "bonjour", limit=4)
    rest = search(julie, "bonjour", before=first.next_before, limit=4)
    shown = [row.subject for row in (*first.rows, *rest.rows)]
    assert sorted(shown) == [f"Lettre {n}" for n in range(6)]


def test_what_was_deleted_is_not_found(julie):
    arrive(mail(GP, ORTHO, "Unique"))
    assert found(julie, "unique") == ["Unique"]
    acts.trash(julie, [DeskThread.objects.get().id])
    assert found(julie, "unique") == []
    assert [row.subject for row in search(julie, "unique", Filters(view=View.TRASH)).rows] == ["Unique"]


def test_filters_keep_what_they_say(julie):
    arrive(mail(address(), ORTHO, "Question"), mail(GP, ORTHO, "Lettre"), mail(ELSEWHERE, ORTHO, "Avis"))
    rows = {row.subject: row for row in listed(julie)}
    acts.take(julie, [rows["Lettre"].id])
    acts.settle(julie, [rows["Avis"].id])
    acts.mark_read(julie, [rows["Avis"].id])

    def subjects(**filters):
        return sorted(row.subject for row in listed(julie, **filters))

    assert subjects(with_whom=With.PATIENT) == ["Question"]
    assert subjects(taken=Taken.ME) == ["Lettre"]
    assert subjects(taken=Taken.NOBODY) == ["Avis", "Question"]
    assert subjects(waiting=True) == ["Lettre", "Question"]
    assert subjects(unread=True) == ["Lettre", "Question"]
    assert subjects(waiting_hours=1) == []
    put_back(julie, 1, direction="in")
    assert subjects(waiting_hours=1) == ["Lettre", "Question"]
    assert subjects(thread_of=rows["Avis"].id) == ["Avis"]
    assert subjects(patient_ins=cast.DOMINIQUE.ins) == ["Question"]
    assert subjects(until=(now() - timedelta(days=5)).date()) == []
    assert subjects(documents=True) == []
    found = counts(julie.mailbox, JULIE)
    assert (found.unread, found.waiting, found.late, found.mine) == (2, 2, 0, 1)
    assert newer_than(julie, now() - timedelta(days=2)) == 3


def test_a_pathway_given_before_or_after_finds_the_answers(julie):
    hip, other = new_id(), new_id()
    [one] = write_new(julie, NewDeskMail("Hanche", "…", patient_ins=cast.DOMINIQUE.ins), token=new_id())
    set_pathway(julie.mailbox.id, [one.message_id], hip)
    assert [row.id for row in listed(julie, view=View.SENT, pathway_id=hip)] == [one.thread_id]
    append(julie.mailbox.id, "Sent", mail(ORTHO, address(), "Ailleurs").as_bytes(), [SEEN])
    copy = FolderEntry.objects.get(thread_id=None)
    set_pathway(julie.mailbox.id, [copy.message_id], other)
    assert [row.subject for row in listed(julie, view=View.SENT, pathway_id=other)] == ["Ailleurs"]


def test_pages_hold_each_conversation_once(julie):
    arrive(*[mail(GP, ORTHO, f"Lettre {n}") for n in range(7)])
    catch_up(julie.mailbox.id)
    seen, before = [], ""
    while True:
        page = threads(julie, before=before, limit=3)
        seen += [row.subject for row in page.rows]
        before = page.next_before
        if not before:
            break
    assert sorted(seen) == [f"Lettre {n}" for n in range(7)]


def test_who_waits_too_long_comes_first_and_is_told_of_once(julie):
    arrive(mail(address(), ORTHO, "Vieille question"))
    arrive(mail(GP, ORTHO, "Vieille lettre"))
    catch_up(julie.mailbox.id)
    put_back(julie, 3)
    arrive(mail(GP, ORTHO, "Nouvelle lettre"))
    catch_up(julie.mailbox.id)
    page = threads(julie)
    assert [row.subject for row in page.late] == ["Vieille question"]
    assert [row.subject for row in page.rows] == ["Nouvelle lettre", "Vieille lettre"]
    assert threads(julie, before="x", limit=1).rows[0].subject == "Nouvelle lettre"
    assert (tell_late(), tell_late()) == (1, 0)
    assert MailboxTrace.objects.get(act="late-told").count == 1
    helene = desk(Mailbox.objects.get(address=SURGEON).id, HELENE, "Dr Hélène VASSEUR")
    [told] = listed(helene)
    assert told.subject == "Un patient attend une réponse"
    assert cast.DOMINIQUE.ins not in open_thread(helene, told.id).messages[0].content.text
    assert told.waiting_since is None
    [late] = threads(julie).late
    answer(julie, late.id, "Voici.", token=new_id())
    assert threads(julie).late == []


def test_the_team_takes_hands_over_and_notes(julie):
    arrive(mail(GP, ORTHO, "Lettre"))
    [row] = listed(julie)
    helene = desk(julie.mailbox.id, HELENE, "Dr Hélène VASSEUR")
    assert acts.take(helene, [row.id]) == 1
    assert acts.take(julie, [row.id]) == Decision(False, Refusal.TAKEN_BY_ANOTHER)
    assert acts.take(julie, [row.id], over=True) == 1
    assert acts.hand_over(julie, row.id, "99700219035") == Decision(False, Refusal.NOT_FOUND)
    assert acts.hand_over(julie, row.id, HELENE)
    assert acts.add_note(julie, row.id, "Rappeler lundi.")
    opened = open_thread(julie, row.id)
    assert (opened.taken_by_name, [one.text for one in opened.notes]) == ("Dr Hélène VASSEUR", ["Rappeler lundi."])
    assert [one.name for one in opened.readers] == []
    assert [one.name for one in open_thread(helene, row.id).readers] == ["Mme Julie LEMAIRE"]
    acts.release(julie, [row.id])
    assert listed(julie)[0].taken_by == ""
    traced = list(MailboxTrace.objects.filter(door="desk", author=JULIE).order_by("at").values_list("act", flat=True))
    assert traced == ["taken", "handed-over", "noted", "read", "released"]


def test_saved_replies_are_the_teams(julie):
    kept = acts.save_reply(julie, "Jeûne", "À jeun depuis minuit.")
    assert acts.save_reply(julie, "Jeûne", "Autre") == Decision(False, Refusal.ALREADY_THERE)
    assert acts.save_reply(julie, "À jeun", "À jeun depuis minuit.", kept) == kept
    assert [one.title for one in acts.saved_replies(julie)] == ["À jeun"]
    stranger = desk(cast.archives(), JULIE, "Mme Julie LEMAIRE")
    assert acts.saved_replies(stranger) == []
    assert acts.delete_reply(stranger, kept) == Decision(False, Refusal.NOT_FOUND)
    assert acts.delete_reply(julie, kept)


def test_words_are_without_accents_and_parted():
    assert words_of("L'Hôpital d'Orléans – a") == ["hopital", "orleans"]


FOLDERS = ("INBOX", "Sent", "Trash", "Archive")
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive", "seen", "unseen", "move", "copy", "expunge", "settle", "answer", "trash", "restore"]
        ),
        st.integers(0, 5),
        st.sampled_from(FOLDERS),
        st.sampled_from(FOLDERS),
    ),
    max_size=12,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=ACTS)
def test_counts_are_those_of_a_recount_whatever_was_done(julie, steps):
    box = julie.mailbox.id
    for what, number, source, target in steps:
        folders = dict(Folder.objects.filter(mailbox_id=box).values_list("name", "id"))
        uids = list(
            FolderEntry.objects.filter(mailbox_id=box, folder_id=folders.get(source, 0)).values_list("uid", flat=True)
        )
        picked = uids[number : number + 1]
        ids = list(DeskThread.objects.filter(mailbox_id=box).order_by("id").values_list("id", flat=True))
        one = ids[number : number + 1]
        if what == "arrive":
            arrive(mail(address() if number % 2 else GP, ORTHO))
        elif what in ("seen", "unseen"):
            mode = StoreMode.ADD if what == "seen" else StoreMode.REMOVE
            entries.store_flags(box, folders.get(source, 0), picked, mode, [SEEN])
        elif what == "move":
            entries.move(box, folders.get(source, 0), folders.get(target, 0), picked)
        elif what == "copy":
            entries.copy(box, folders.get(source, 0), folders.get(target, 0), picked)
        elif what == "expunge":
            entries.store_flags(box, folders.get(source, 0), picked, StoreMode.ADD, ["\\Deleted"])
            entries.expunge(box, folders.get(source, 0), picked)
        elif what == "answer" and one:
            answer(julie, one[0], "Bonjour.", token=new_id())
        elif what in ("settle", "trash", "restore"):
            getattr(acts, what)(julie, one)
        catch_up(box)
    for thread in DeskThread.objects.filter(mailbox_id=box):
        assert kept_counts(thread) == recounted(box, thread)


def kept_counts(thread):
    places = (thread.in_inbox, thread.in_sent, thread.in_other, thread.in_trash)
    return places, thread.messages, thread.unread, thread.waiting_since


def recounted(box, thread):
    """The same counted plainly, entry by entry."""
    names = dict(Folder.objects.filter(mailbox_id=box).values_list("id", "name"))
    lying = list(FolderEntry.objects.filter(mailbox_id=box, thread_id=thread.id))
    messages = {one.message_id: one for one in DeskMessage.objects.filter(mailbox_id=box, thread_id=thread.id)}
    where = {names[one.folder_id] for one in lying}
    live = [one for one in lying if names[one.folder_id] != "Trash"]
    unread = {one.message_id for one in live if SEEN not in one.flags and messages[one.message_id].direction == "in"}
    handled = max(
        [one.at for one in messages.values() if one.answers] + ([thread.settled_at] if thread.settled_at else []),
        default=None,
    )
    waiting = [messages[one.message_id].at for one in live if messages[one.message_id].waits]
    waiting = [at for at in waiting if handled is None or at > handled]
    places = ("INBOX" in where, "Sent" in where, bool(where - {"INBOX", "Sent", "Trash"}), "Trash" in where)
    return places, len({one.message_id for one in lying}), len(unread), min(waiting, default=None)


def test_an_answer_that_left_no_copy_in_the_mailbox_ends_the_waiting_too(julie):
    space = HealthSpace.objects.get()
    write_new(julie, NewDeskMail("Bonjour", "…", patient_ins=cast.DOMINIQUE.ins), token=new_id())
    assert holder_answers(holder(space), space.id, conversations(space.id).rows[0].id, "Merci ?")
    [row] = listed(julie, waiting=True)
    theirs = ConversationEntry.objects.get(space_id=space.id, direction="out").message_id
    sealed = Message.objects.get(owner_id=space.id, id=theirs)
    head = MessageHead.from_json(owner_key(space.id).open(envelope_name(theirs), sealed.envelope))
    arrive(mail(ORTHO, address(), "Re: Bonjour", In_Reply_To=head.message_id), to=address())
    assert note_answers_of_others() == 1
    assert listed(julie, waiting=True) == []
    assert [one.id for one in listed(julie)] == [row.id]
