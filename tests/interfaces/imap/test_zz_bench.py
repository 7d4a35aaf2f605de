import sys,time,threading
sys.path.insert(0,"/work/main/tests/interfaces/imap")
import pytest
from imap_door import *
from django.db import connection
from carnet.foundation.ids import new_id
from carnet.domain.messaging.commands.folders import file_batch
from carnet.domain.messaging.commands.entries import store_flags
from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.models import Message
from carnet.domain.messaging.queries import folders as q
import datetime
pytestmark=COMMITTED
def test_b(mailbox, certificate):
    for i in range(200): put(mailbox, letter(subject=f"n{i} résultat", text="x"*4500))
    ids=[(m.id,m.size) for m in Message.objects.all()]
    at=datetime.datetime.now(datetime.UTC)
    t=time.time()
    for b in range(250):
        file_batch([(mailbox, ids[i%200][0], ids[i%200][1], at) for i in range(200)])
    print("\nfile 50,000 in batches of 200:", time.time()-t)
    with connection.cursor() as c:
        c.execute("ANALYZE")
    f=q.folder_named(mailbox,"INBOX")
    store_flags(mailbox,f.id,range(1,49000),StoreMode.ADD,["\\Seen"])
    for idx in (False,True):
        if idx:
            with connection.cursor() as c:
                c.execute("CREATE INDEX folder_entry_changed ON messaging_folder_entry (mailbox_id, folder_id, modseq)")
                c.execute(r"CREATE INDEX folder_entry_unseen ON messaging_folder_entry (mailbox_id, folder_id, uid) WHERE NOT ('\Seen' = ANY (flags))")
                c.execute("VACUUM ANALYZE messaging_folder_entry")
        print("index", idx)
        with door(certificate) as server, Wire(server, certificate) as w:
            w.sign_in(); w.socket.settimeout(120)
            def t(cmd, n=5):
                ts=[]
                for _ in range(n):
                    s=time.time(); r=w.ask(cmd); ts.append(time.time()-s)
                    assert r[-1].startswith("OK"), r[-1]
                ts.sort(); print(f"  {cmd[:60]:60} median {ts[len(ts)//2]*1000:8.1f} ms  lines {len(r)}")
            t("SELECT INBOX")
            t("STATUS INBOX (MESSAGES UNSEEN UIDNEXT)")
            t("NOOP",20)
            put(mailbox); t("NOOP",1)
            store_flags(mailbox,f.id,[77],StoreMode.ADD,["k"+str(idx)]); t("NOOP",1)
            t("SEARCH UNSEEN")
            t("UID SEARCH ALL")
            t("FETCH 40000:40049 (ENVELOPE FLAGS UID INTERNALDATE)",20)
            t("FETCH 40000:40049 (BODYSTRUCTURE ENVELOPE FLAGS UID INTERNALDATE)",20)
            t("FETCH 40000 (BODY.PEEK[])",50)
            t("UID FETCH 1:* (FLAGS)",2)
            t("SEARCH SUBJECT n77",1)
            t("UID FETCH 1:1000 (UID FLAGS BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])",1)
            t("STORE 1:* +FLAGS.SILENT ($All%d)"%idx,1)
    # throughput, 16 connections
    with door(certificate, limits=ImapLimits(workers=8)) as server:
        ws=[Wire(server,certificate).sign_in() for _ in range(8)]
        for w in ws: w.ask("SELECT INBOX")
        for cmd,secs in (("FETCH 40000:40049 (ENVELOPE)",4),("FETCH 4000 (BODY.PEEK[])",4)):
            n=[0]*8; stop=time.time()+secs
            def go(i):
                while time.time()<stop: ws[i].ask(cmd); n[i]+=1
            ths=[threading.Thread(target=go,args=(i,)) for i in range(8)]
            [x.start() for x in ths];[x.join() for x in ths]
            print(cmd, sum(n)/secs,"op/s (client in the same process)")
