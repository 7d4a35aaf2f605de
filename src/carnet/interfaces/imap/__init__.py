"""The IMAP door of hosted mailboxes: IMAP4rev1 (RFC 3501) and the extensions that mail software uses.

``wire`` assembles commands from bytes; ``parser`` and the ``grammar_*`` modules read them; ``session`` decides what may
be done when, ``selected`` is one session's view of an open folder; ``act_*`` modules hold the commands; ``server`` and
``connection`` stand on asyncio, ``listener`` wakes who waits.
"""
