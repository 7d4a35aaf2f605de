"""``python -m carnet.sandbox.insi``: the service as a process of a demo."""

import signal
import sys
import threading

from carnet.config import environment
from carnet.foundation.lifeline import die_with_parent
from carnet.sandbox.insi.address import register_of
from carnet.sandbox.insi.server import insi_server


def main() -> None:
    """Serve until SIGTERM or SIGINT; on loopback only, since everyone is answered."""
    die_with_parent()
    host = environment.value("CARNET_BIND")
    if host not in ("127.0.0.1", "::1", "localhost") or environment.value("CARNET_MODE") != "demo":
        sys.exit("the sandbox's INSi service is part of a demo and binds to loopback only (CARNET_BIND, CARNET_MODE)")
    register = register_of(environment.value("CARNET_DATA_DIR"))
    server = insi_server(register, host, environment.value("CARNET_SANDBOX_INSI_PORT"))

    def stop(number: int, frame: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.2)


main()
