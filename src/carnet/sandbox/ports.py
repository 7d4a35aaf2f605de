"""Ports for a demo: the usual ones, or free ones where the usual are taken."""

import socket

DOORS = (
    "CARNET_WEB_PORT",
    "CARNET_SMTP_PORT",
    "CARNET_SMTP_MUTUAL_PORT",
    "CARNET_SUBMISSION_PORT",
    "CARNET_SUBMISSIONS_PORT",
    "CARNET_IMAP_PORT",
    "CARNET_IMAPS_PORT",
    "CARNET_SANDBOX_PSC_PORT",
    "CARNET_SANDBOX_INSI_PORT",
)
"""The settings that hold the ports of a demo."""
USUAL = {"CARNET_SMTP_MUTUAL_PORT": 2526}
"""The port of a door that only a demo opens unasked."""


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """``wanted`` if nothing listens there, else a port that the system says is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # As the servers do: a port whose last connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            number: int = probe.getsockname()[1]
            return number
    raise OSError("no free port")


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
