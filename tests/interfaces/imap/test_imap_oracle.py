"""The same words said to Dovecot and to the door: the same messages must give the same answers."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from imap_door import COMMITTED, Wire, letter
from imap_dovecot import DIFFERENCES, Dovecot, differences, heard, told

pytestmark = [
    COMMITTED,
    pytest.mark.skipif(not Path("/usr/lib/dovecot/imap").exists(), reason="Dovecot is not installed"),
]


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    opened = Dovecot(folder)
    yield opened
    opened.close()
    shutil.rmtree(folder)


def forwarded() -> bytes:
    """A message with an attachment, an image shown in the text, and another message inside."""
    inner = EmailMessage()
    inner["From"], inner["Subject"], inner["Date"] = "b@x.test", "inner", "Sun, 1 Feb 2026 10:00:00 +0000"
    inner.set_content("inner text\n")
    inner.add_attachment(b"\x00\x01" * 40, "application", "pdf", filename="résultat.pdf")
    message = EmailMessage()
    message["From"], message["To"] = '"Doe, J." <j@x.test>, k@x.test', "Group: a@x.test, b@x.test;"
    message["Cc"], message["Subject"] = "c@x.test", "Résumé de « sortie » et d'autres choses encore bien plus longues"
    message["Date"], message["Message-ID"] = "Tue, 17 Nov 2026 23:59:00 -0500", "<f@x.test>"
    message["In-Reply-To"] = "<e@x.test>"
    message.set_content("plain é\n")
    message.add_alternative('<p>html <img src="cid:i"></p>', subtype="html")
    message.get_payload()[1].add_related(b"GIF89a", "image", "gif", cid="<i>")
    message.add_attachment(inner)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


MESSAGES = [
    letter(),
    forwarded(),
    b"Subject: bare\r\n\r\n",
    b"From: a\r\nSubject: =?iso-8859-1?q?=E9t=E9?=\r\nReferences: <a>\r\n <b>\r\nX-Long: "
    + b"y" * 300
    + b"\r\n\r\nz\r\n",
]
ITEMS = (
    "ENVELOPE",
    "BODYSTRUCTURE",
    "BODY",
    "RFC822.SIZE",
    "INTERNALDATE",
    "BODY.PEEK[]",
    "BODY.PEEK[HEADER]",
    "BODY.PEEK[TEXT]",
    "BODY.PEEK[1]",
    "BODY.PEEK[2]",
    "BODY.PEEK[1.1]",
    "BODY.PEEK[1.2.1.MIME]",
    "BODY.PEEK[2.HEADER]",
    "BODY.PEEK[2.TEXT]",
    "BODY.PEEK[2.1]",
    "BODY.PEEK[2.2.MIME]",
    "BODY.PEEK[]<10.20>",
    "BODY.PEEK[TEXT]<5.100000>",
    "BODY.PEEK[HEADER.FIELDS (subject DATE x-long)]",
    "BODY.PEEK[HEADER.FIELDS.NOT (Subject)]",
    "BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]",
    "RFC822.HEADER",
)
SEARCHES = (
    "ALL",
    "UNSEEN",
    "FLAGGED",
    "SUBJECT sortie",
    'SUBJECT "été"',
    "FROM doe",
    "TO b@x.test",
    "CC c@x.test",
    "BODY voici",
    "TEXT inner",
    "BODY inner",
    "HEADER X-LONG yyy",
    'HEADER REFERENCES ""',
    "SENTON 17-Nov-2026",
    "SENTBEFORE 17-Nov-2026",
    "SENTSINCE 16-Nov-2026",
    "SINCE 2-Jan-2026",
    "BEFORE 2-Jan-2026",
    "LARGER 400",
    "NOT SUBJECT sortie",
    "OR SUBJECT bare FROM doe",
    "2:3 UNDELETED",
    "UID 4:*",
    "(OR (FLAGGED) (SUBJECT bare)) NOT 1",
    "KEYWORD $Forwarded",
    "UNKEYWORD $Forwarded",
)


def fill(asked, messages=MESSAGES):
    for number, raw in enumerate(messages):
        flags = "\\Flagged $Forwarded" if number == 1 else ""
        said = f'APPEND INBOX ({flags}) " {number + 1}-Jan-2026 12:00:00 +0000" {{{len(raw)}+}}\r\n'
        assert asked.ask(said + raw.decode("utf-8", "surrogateescape"))[-1].startswith("OK [APPENDUID")
    assert asked.ask("SELECT INBOX")[-1].startswith("OK")


def test_what_is_fetched_is_what_dovecot_fetches(wire, dovecot):
    fill(wire), fill(dovecot)
    assert differences(wire, dovecot, [f"FETCH 1:* ({item})" for item in ITEMS]) == []


def test_what_is_found_is_what_dovecot_finds(wire, dovecot):
    fill(wire), fill(dovecot)
    said = [f"SEARCH {key}" if key.isascii() else f"SEARCH CHARSET UTF-8 {key}" for key in SEARCHES]
    assert differences(wire, dovecot, said) == []


def test_flags_copies_and_removals_go_as_with_dovecot(wire, dovecot):
    fill(wire), fill(dovecot)
    said = [
        "CREATE Elsewhere",
        "STORE 1,3 +FLAGS (\\Deleted)",
        "STORE 1 -FLAGS.SILENT (\\Deleted)",
        "STORE 4 FLAGS (\\Answered)",
        "UID STORE 4 +FLAGS.SILENT (\\Seen)",
        "FETCH 1:* (FLAGS)",
        "UID FETCH 2:* (FLAGS)",
        "COPY 1:2 Elsewhere",
        "COPY 1 Nowhere",
        "UID MOVE 4 Elsewhere",
        "UID EXPUNGE 1:2",
        "EXPUNGE",
        "FETCH 1:* (UID)",
        "STATUS Elsewhere (MESSAGES UIDNEXT UNSEEN)",
        "SELECT Elsewhere",
        "FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)",
        "FETCH 2 (BODY[1.1])",
        "FETCH 2 (FLAGS)",
        "STORE 1 (FLAGS)",
        "STORE 1 FLAGS (\\Recent)",
        "FETCH 1 (NONSENSE)",
        "FETCH 2:1 (UID)",
        "UID FETCH 99:* (UID)",
        "SEARCH NONSENSE",
        "CLOSE",
        "FETCH 1 FLAGS",
        "CREATE Place",
        "RENAME Elsewhere Place/Below",
        'LIST "" "Pl*"',
        'LIST "" Place/%',
        "DELETE Place/Below",
        "SELECT Place/Below",
        "EXAMINE INBOX",
    ]
    assert differences(wire, dovecot, said) == []


def _crlf(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


ODD = [
    # nested multiparts, a message in a message in a message
    _crlf(
        """From: a@x.test
Subject: nested
Date: Mon, 16 Nov 2026 09:30:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=out

preamble
--out
Content-Type: multipart/alternative; boundary="in"

--in
Content-Type: text/plain; charset=iso-8859-1; format=flowed
Content-Transfer-Encoding: quoted-printable
Content-Language: fr, en
Content-ID: <one@x>
Content-Description: =?utf-8?q?d=C3=A9crit?=

=E9t=E9
--in
Content-Type: TEXT/HTML

<p>x</p>
--in--

--out
Content-Type: message/rfc822
Content-Disposition: attachment; filename="lettre.eml"; size=12

From: b@x.test
To: undisclosed-recipients:;
Subject: second
Content-Type: multipart/mixed; boundary=deep

--deep
Content-Type: message/rfc822

Subject: third
From: "c, d" <c@x.test>

innermost
--deep--

--out--
epilogue
"""
    ),
    # 8-bit in header and body, no MIME
    b"From: Ren\xe9 <r@x.test>\r\nTo: <t@x.test>\r\nSubject: \xc3\xa9t\xc3\xa9\r\n\r\ncorps \xe9\r\n",
    # no header at all but a body; nothing but a header; an empty body after a multipart header
    b"\r\nonly a body\r\n",
    b"From: a@x.test\r\n",
    b"Content-Type: multipart/mixed; boundary=never\r\n\r\nno boundary here\r\n",
    # long lines, many recipients, folded in odd places
    b"From: a@x.test\r\nSubject: "
    + b"long " * 400
    + b"\r\nTo: "
    + b",\r\n ".join(b"p%d@x.test" % number for number in range(60))
    + b"\r\n\r\n"
    + b"y" * 5000
    + b"\r\n",
    # encoded words, comments, routes, groups, quoted local parts, several From
    _crlf(
        """From: =?utf-8?b?w4lsw6lvbm9yZQ==?= (the doctor) <eleonore@x.test>, second@x.test
Sender: "quoted local"@x.test
Reply-To: answers:a@x.test,b@x.test;, last@x.test
To: <@relay.test:routed@x.test>, empty-group:;
Cc: "Last, First" <lf@x.test>, no-domain
Bcc: secret@x.test
Subject: =?iso-8859-1?q?R=E9sultat?= =?utf-8?q?_d=E2=80=99analyse?=
Message-ID: <odd@x.test>
In-Reply-To: <one@x.test> <two@x.test>
References: <zero@x.test>
 <one@x.test>
Date: 1 Jan 26 00:00 GMT

text
"""
    ),
    # broken MIME: a boundary never closed, an unknown encoding, a type that is no type, parameters in a mess
    _crlf(
        """Subject: broken
Content-Type: multipart/mixed; boundary="b"; x=y; name="a\\"b"

--b
Content-Type: text
Content-Transfer-Encoding: x-unknown

one
--b
Content-Type: application/pdf; name*=utf-8''r%C3%A9sultat.pdf
Content-Transfer-Encoding: BASE64
Content-Disposition: attachment;
 filename*0="r";
 filename*1="x.pdf"

AAAA
--b
Content-Type: image/png; name="sans guillemet
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Location: http://x.test/y

zz
"""
    ),
    # a report, and parts named in the old ways
    _crlf(
        """Subject: report
From: postmaster@x.test
Content-Type: multipart/report; report-type=delivery-status; boundary=r

--r

no header in this part
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; x.test

Final-Recipient: rfc822; y@x.test
--r
Content-Type: text/rfc822-headers

Subject: original
--r--
"""
    ),
]
ODD_ITEMS = (
    "ENVELOPE",
    "BODYSTRUCTURE",
    "BODY",
    "RFC822.SIZE",
    "RFC822",
    "RFC822.TEXT",
    "RFC822.HEADER",
    "BODY.PEEK[]",
    "BODY.PEEK[HEADER]",
    "BODY.PEEK[TEXT]",
    *(f"BODY.PEEK[{part}]" for part in ("1", "2", "3", "4")),
    *(f"BODY.PEEK[{part}.MIME]" for part in ("1", "2", "3")),
    *(f"BODY.PEEK[{part}.{what}]" for part in ("2", "2.1", "1") for what in ("HEADER", "TEXT")),
    "BODY.PEEK[2.HEADER.FIELDS (SUBJECT FROM)]",
    "BODY.PEEK[2.HEADER.FIELDS.NOT (SUBJECT)]",
    "BODY.PEEK[]<0.30>",
    "BODY.PEEK[]<30.1>",
    "BODY.PEEK[1]<2.4>",
    "BODY.PEEK[HEADER]<10.20>",
    "BODY.PEEK[]<100000.5>",
)
# Of a part that is not there Dovecot gives the nearest one that is, the door nothing: parts of parts are asked of the
# message that has them. A message that is a header without a blank line gets none in HEADER.FIELDS (RFC 3501 §6.4.5:
# "except in the case of a message which has no body and no blank line"), from Dovecot one.
NESTED_ITEMS = (
    *(f"BODY.PEEK[{part}]" for part in ("1.1", "1.2", "2.1", "2.1.1")),
    *(f"BODY.PEEK[{part}.MIME]" for part in ("1.1", "1.2", "2.1")),
)
HEADER_ITEMS = (
    "BODY.PEEK[HEADER.FIELDS (TO SUBJECT Content-Type)]",
    "BODY.PEEK[HEADER.FIELDS.NOT (TO SUBJECT)]",
    "BODY.PEEK[HEADER.FIELDS (nothing)]",
)


def test_odd_messages_are_told_as_dovecot_tells_them(wire, dovecot):
    fill(wire, ODD), fill(dovecot, ODD)
    said = [f"FETCH 1:* ({item})" for item in ODD_ITEMS]
    said += [f"FETCH 1 ({item})" for item in NESTED_ITEMS]
    said += [f"FETCH 1:3,5:* ({item})" for item in HEADER_ITEMS]
    assert differences(wire, dovecot, said) == []


def test_odd_messages_are_found_as_dovecot_finds_them(wire, dovecot):
    fill(wire, ODD), fill(dovecot, ODD)
    said = [f"SEARCH {key}" if key.isascii() else f"SEARCH CHARSET UTF-8 {key}" for key in ODD_SEARCHES]
    assert differences(wire, dovecot, said) == []


ODD_SEARCHES = (
    'SUBJECT "résultat d’analyse"',
    "FROM éléonore",
    "FROM second@x.test",
    "TO p59@x.test",
    "CC lf@x.test",
    "BCC secret",
    "BODY innermost",
    "TEXT third",
    "BODY été",
    "HEADER MESSAGE-ID odd@x.test",
    "HEADER IN-REPLY-TO two",
    "HEADER CONTENT-TYPE report",
    # Without a Date field the day of arrival counts; for Dovecot such a message was sent before every day.
    'SENTBEFORE 2-Jan-2026 HEADER DATE ""',
    "LARGER 4000",
    "SMALLER 30",
    "NOT (OR LARGER 4000 SMALLER 30)",
    "1:3,5 NOT 2",
    "*",
    "99",
    "UID 1:3",
    "ANSWERED",
    "UNKEYWORD nothing",
    "RETURN (MIN MAX COUNT) ALL",
    "RETURN (ALL) LARGER 100",
    "RETURN () 2:4",
    "RETURN (COUNT) FROM nobody",
    "RETURN (MIN MAX ALL) FROM nobody",
    "YOUNGER 100",
    "OLDER 100",
)


def test_what_a_search_kept_is_meant_by_the_dollar_sign_as_with_dovecot(wire, dovecot):
    fill(wire), fill(dovecot)
    said = [
        "SEARCH RETURN (SAVE) FLAGGED",
        "FETCH $ (UID)",
        "SEARCH RETURN (SAVE MIN) ALL",
        "UID FETCH $ (FLAGS)",
        "SEARCH $",
        "UID SEARCH RETURN (SAVE COUNT) UID 2:4",
        "UID STORE $ +FLAGS (kept)",
        "SEARCH $ KEYWORD kept",
        "COPY $ INBOX",
        "SEARCH RETURN (SAVE) NONSENSE",
    ]
    assert differences(wire, dovecot, said) == []


def test_what_changed_meanwhile_is_told_as_dovecot_tells_it(wire, dovecot):
    """CONDSTORE and QRESYNC; the sequences themselves are each server's own, so each is asked with its own."""
    found = []
    for asked in (wire, dovecot):
        fill(asked)
        lines = asked.ask("ENABLE QRESYNC")
        assert lines[-1].startswith("OK")
        asked.ask("UNSELECT")
        opened = " ".join(asked.ask("SELECT INBOX (CONDSTORE)"))
        before = _number_after(opened, "HIGHESTMODSEQ")
        validity = _number_after(opened, "UIDVALIDITY")
        answers = []
        for command in RESYNCHRONISED:
            said = command.format(before=before, after=before + 1, validity=validity, other=validity + 1)
            answers.append((command, heard(asked.ask(said), command)))
        found.append(answers)
    for mine, theirs in zip(*found, strict=True):
        assert mine == theirs


RESYNCHRONISED = (
    "STORE 1 (UNCHANGEDSINCE {before}) +FLAGS (first)",
    "STORE 1:2 (UNCHANGEDSINCE {before}) +FLAGS (second)",
    "FETCH 1:* (UID FLAGS) (CHANGEDSINCE {before})",
    "SEARCH MODSEQ {after}",
    "STORE 3 +FLAGS.SILENT (\\Deleted)",
    "EXPUNGE",
    "UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before} VANISHED)",
    "UNSELECT",
    "SELECT INBOX (QRESYNC ({validity} {before}))",
    "SELECT INBOX (QRESYNC ({validity} {before} 1:2))",
    "SELECT INBOX (QRESYNC ({validity} {before} 1:4 (1 1)))",
    "SELECT INBOX (QRESYNC ({other} {before}))",
    "UID MOVE 4 INBOX",
    "STATUS INBOX (HIGHESTMODSEQ)",
)


def _number_after(text: str, word: str) -> int:
    found = re.search(rf"{word} (\d+)", text)
    assert found is not None, text
    return int(found[1])


# The door makes the folders above a new one too, and subscribes to what is made (RFC 3501 §6.3.3 leaves both to the
# server): here both are told to. Words after NOOP are BAD to the door, RFC 3501 §9; a folder may not become INBOX.
FOLDER_SESSION = [
    "CREATE a",
    "CREATE a/b",
    "CREATE a/b/c",
    "UNSUBSCRIBE a",
    "UNSUBSCRIBE a/b",
    "UNSUBSCRIBE a/b/c",
    'LIST "" *',
    'LIST "" %',
    "LIST a/ %",
    'LIST "" a/%/c',
    'LIST "" ""',
    "SUBSCRIBE a/b",
    "SUBSCRIBE a/b/c",
    'LSUB "" *',
    'LSUB "" %',
    "UNSUBSCRIBE a/b",
    'LSUB "" *',
    'LIST (SUBSCRIBED) "" *',
    'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
    'LIST "" (a% INBOX) RETURN (CHILDREN)',
    'LIST "" a/b RETURN (STATUS (MESSAGES UNSEEN))',
    "STATUS a/b (MESSAGES UNSEEN SIZE)",
    "STATUS INBOX (MESSAGES UNSEEN SIZE)",
    "STATUS nowhere (MESSAGES)",
    "STATUS INBOX (NONSENSE)",
    "CREATE a/b",
    "CREATE INBOX",
    "DELETE INBOX",
    "DELETE nowhere",
    "RENAME nowhere elsewhere",
    "RENAME a d",
    'LIST "" *',
    # Dovecot cannot rename the INBOX of a maildir; what the door does is in test_imap_sessions.
    "SELECT INBOX",
    "CREATE kept",
    "COPY 1:* kept",
    "UNSELECT",
    "STATUS INBOX (MESSAGES)",
    "STATUS kept (MESSAGES)",
    "SELECT kept",
    "FETCH 1:* (FLAGS)",
    "CLOSE",
    "SELECT nowhere",
    "SEARCH ALL",
    "NONSENSE",
    "LOGIN a b",
    "EXAMINE kept",
    # In a folder open for reading only the door refuses STORE and EXPUNGE, Dovecot ignores them with OK.
    "FETCH 1 (BODY[TEXT])",
    "FETCH 1 (FLAGS)",
    "UNSELECT",
]


def test_folders_go_as_with_dovecot(wire, dovecot):
    for asked in (wire, dovecot):
        fill(asked)
        asked.ask("UNSELECT")
    assert differences(wire, dovecot, FOLDER_SESSION) == []


def test_who_waits_is_told_the_same_as_by_dovecot(wire, dovecot, server, certificate):
    fill(wire), fill(dovecot)
    with Wire(server, certificate) as other:
        other.sign_in()
        mine = _while_idle(wire, other)
    again = Dovecot(dovecot.folder)
    try:
        theirs = _while_idle(dovecot, again)
    finally:
        again.close()
    assert mine == theirs


def _while_idle(waiting, acting) -> list[str]:
    """What a session in IDLE is told while another adds, marks and removes, one after the other."""
    acting.ask("SELECT INBOX")
    waiting.say("idle IDLE\r\n")
    assert waiting.line().startswith("+")
    found = []
    raw = letter(subject="arrives")
    for command, awaited in (
        (f"APPEND INBOX {{{len(raw)}+}}\r\n{raw.decode()}", "EXISTS"),
        ("STORE 2 FLAGS (\\Answered)", "FETCH"),
        ("STORE 1 +FLAGS.SILENT (\\Deleted)", "FETCH"),
        ("EXPUNGE", "EXPUNGE"),
    ):
        assert acting.ask(command)[-1].startswith("OK")
        while True:
            line = told(waiting.line())
            # Dovecot leaves the UID out of what it tells unasked.
            found += [re.sub(r"UID \d+ ?", "", line)] if line else []
            if awaited in line:
                break
    waiting.say("DONE\r\n")
    while not waiting.line().startswith("idle OK"):
        pass
    return found


def test_every_difference_has_its_reason():
    assert all(len(one.why) > 10 for one in DIFFERENCES)
