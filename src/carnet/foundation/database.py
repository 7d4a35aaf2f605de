"""The database's address for what speaks to it beside Django."""

import time

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo() -> str:
    """libpq's connection string for the database that Django uses. May hold a password: never to be logged."""
    values = connection.get_connection_params()
    known = {name: values[name] for name in ("dbname", "user", "password", "host", "port") if values.get(name)}
    return make_conninfo(**known)


class Listener:
    """Waits for the notices of one channel; a lost connection is made anew."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._connection: psycopg.Connection | None = None
        self._since = 0.0

    @property
    def connected_for(self) -> float:
        """How many seconds this connection has lasted; 0 when there is none."""
        return 0.0 if self._connection is None or self._connection.closed else time.monotonic() - self._since

    def wait(self, seconds: float) -> bool:
        """Wait for a notice at most this long. Returns whether one came (or may have been missed)."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(conninfo(), autocommit=True, application_name="carnet-listener")
                self._connection.execute(f'LISTEN "{self._channel}"')
                self._since = time.monotonic()
                return True
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.Error:
            self.close()
            time.sleep(min(seconds, 1.0))
            return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
