"""Keep the PostgreSQL of a folder running as one of the processes under a supervisor."""

import os
import selectors
import signal
from types import FrameType

from carnet.foundation.postgres.launcher import EmbeddedPostgres


def keep(postgres: EmbeddedPostgres) -> int:
    """Start or adopt the server, then wait, on the main thread, until SIGTERM or SIGINT asks to stop it in order.

    Returns 0 then, and 1 when the server ended by itself (the supervisor starts the keeper anew, which starts the
    server anew). A killed keeper leaves the server running, for the next one to adopt.
    Raises ``PostgresRefused`` when it cannot be started.
    """

    def nothing(_number: int, _frame: FrameType | None) -> None:
        """The wake-up pipe tells; the handler only has to exist."""

    pipe_out, pipe_in = os.pipe()
    os.set_blocking(pipe_in, False)
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, nothing) for number in wanted}
    wakeup_before = signal.set_wakeup_fd(pipe_in, warn_on_full_buffer=False)
    try:
        postgres.start()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe_out, selectors.EVENT_READ)
            selector.register(postgres.pidfd(), selectors.EVENT_READ)
            while True:
                ready = [key.fd for key, _ in selector.select()]
                if pipe_out in ready and set(os.read(pipe_out, 512)) & set(wanted):
                    return 0
                if not postgres.is_running():
                    return 1
    finally:
        postgres.stop()
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(pipe_out)
        os.close(pipe_in)
