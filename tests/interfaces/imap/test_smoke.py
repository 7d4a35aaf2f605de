from imap_door import *
def test_smoke(server, certificate, mailbox, wire):
    put(mailbox)
    for c in ["CAPABILITY","ID NIL",'LIST "" "*"','LIST "" ""','LSUB "" "*"','LIST (SUBSCRIBED) "" ("*" "%") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))',"SELECT INBOX",
      "FETCH 1 FULL","FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)] BODYSTRUCTURE MODSEQ)", "UID FETCH 1 BODY[]", "FETCH 1 FLAGS", "STORE 1 +FLAGS (\\Flagged $Forwarded)",
      "SEARCH FLAGGED","SEARCH SUBJECT sortie BODY bonjour","UID SEARCH OR FROM zzz NOT TEXT zzz","COPY 1 Trash","MOVE 1 Archive","NOOP","STATUS Trash (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ SIZE)",
      "CREATE a/b/c","RENAME a z","DELETE z/b","LIST \"\" %","LIST \"\" z/%","DELETE INBOX","SELECT nothing","SELECT Trash","STORE 1 FLAGS.SILENT (\\Deleted)","EXPUNGE","CLOSE","NAMESPACE","ENABLE CONDSTORE FOO","LOGOUT"]:
        print(">>>",c)
        for l in wire.ask(c): print("   ",l)
    assert server.counters.errors==0
