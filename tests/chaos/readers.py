"""Reading as people do, a mailbox by IMAP and a holder's conversations in the portal: how often each number shows."""

import re
import time
from collections import Counter
from pathlib import Path

from harness import Demo

from carnet.sandbox.browsing import Browser, newest_mail

_NUMBER = re.compile(r"essai (\d+)")


def by_imap(demo: Demo, name: str) -> Counter[int]:
    """The numbers in the subjects of a mailbox's INBOX."""
    client = demo.at_imap(name)
    client.select("INBOX", readonly=True)
    _, answers = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    client.logout()
    subjects = [one[1].decode() for one in answers if isinstance(one, tuple)]
    return Counter(int(found[1]) for subject in subjects if (found := _NUMBER.search(subject)))


def by_portal(demo: Demo, ins: str) -> Counter[int]:
    """The numbers in the titles of a holder's conversations, page after page."""
    holder = next(one for one in demo.ready["holders"] if one["ins"] == ins)
    browser = Browser(f"{demo.ready['web']}/connexion/")
    at = time.time() - 1
    browser.send("/connexion/", {"login": holder["login"], "password": holder["password"]})
    code = re.search(r"\b\d{6}\b", newest_mail(Path(demo.ready["outbox"]), holder["email"], r"\b\d{6}\b", at))
    assert code is not None
    browser.send("/connexion/code/", {"code": code.group()})
    browser.get("/messages/")
    numbers: Counter[int] = Counter()
    while True:
        titles = [" ".join(link.text_content().split()) for link in browser.page.find_class("row-title")]
        numbers.update(int(found[1]) for title in titles if (found := _NUMBER.search(title)))
        older = browser.page.xpath('//a[@rel="next"]/@href')
        if not older:
            return numbers
        browser.get(str(older[0]))
