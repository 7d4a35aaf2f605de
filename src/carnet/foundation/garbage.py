"""Looking for cycles of dead objects less often, in processes that make many objects and few cycles."""

import gc

_NEW_OBJECTS = 20_000


def collect_less() -> None:
    """Leave out what the process has loaded so far, and look at the rest after 20,000 new objects instead of 700.

    What a message leaves behind goes by itself when nothing names it any more; looking for cycles each time costs a
    mail process some twentieth of its time, and finds none.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
