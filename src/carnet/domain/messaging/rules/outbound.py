"""How long a mail for another operator is tried again."""

from datetime import timedelta

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=4)


def next_try(code: int, attempts: int, waited: timedelta, give_up_after: timedelta) -> timedelta | None:
    """How long until a mail that was not taken is tried again, after so many `attempts`; None when it is given up.

    A refusal for good (5xx) is never tried again; anything else is, twice as long after each try and at most four
    hours, until the mail has `waited` more than `give_up_after` (RFC 5321 §4.5.4.1).
    """
    if code >= 500 or waited > give_up_after:
        return None
    return min(_FIRST_WAIT * 2 ** min(attempts, 8), _LONGEST_WAIT)
