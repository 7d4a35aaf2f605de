"""The server's settings, all given on its command line, which wins over every file in the data folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from carnet.foundation.postgres.folder import LOOPBACK, PORT, TcpAccess

MIB = 1 << 20
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MOST_SHARED_BUFFERS = 1024  # MiB; beyond, a database deserves a machine and settings of its own

# Nothing of what passes through the database may reach a log file: not the statements, not their parameters, not the
# DETAIL and CONTEXT lines that quote rows (terse). The text of an error itself can quote a value ("invalid input
# syntax for type date: ..."), so the role that Carnet uses logs no ERROR at all (``cluster.SETUP``); the client has it.
PRIVACY = {
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

DURABILITY = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

LOGGING = {
    "logging_collector": "on",
    "log_destination": "stderr",
    "log_filename": "postgresql-%a.log",  # a file a weekday: a week is kept
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    "log_timezone": "UTC",
    "lc_messages": "C",
}

TUNING = {
    "timezone": "UTC",
    "jit": "off",  # short queries: compiling costs more than it saves
    "max_locks_per_transaction": "256",  # partitioned tables take a lock a partition
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "default_text_search_config": "pg_catalog.simple",
    # This build knows pglz alone: 0.1 ms a page, and with many owners each message is the first to touch ten of them.
    "wal_compression": "off",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "client_connection_check_interval": "10s",  # a killed client's long query ends too
    "cluster_name": "carnet",
}


def memory() -> int:
    """Bytes of memory that this machine, or the container we are in, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return total


def shared_buffers() -> int:
    """MiB: a quarter of the memory, 32 at least and 512 at most."""
    return max(32, min(_MOST_SHARED_BUFFERS, memory() // 4 // MIB))


def addresses(data_dir: Path, tcp: TcpAccess | None) -> dict[str, str]:
    """Where the server listens: on the socket in its closed folder and nowhere else, or on a loopback port."""
    if tcp is not None:
        return {"listen_addresses": LOOPBACK, "port": str(tcp.port), "unix_socket_directories": ""}
    quoted = str(data_dir).replace('"', '""')
    return {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
    }


def arguments(
    data_dir: Path,
    tcp: TcpAccess | None,
    *,
    shared_buffers_mib: int | None,
    max_connections: int,
    extra: Mapping[str, str],
) -> list[str]:
    """``-c name=value`` for all settings; ``extra`` may change the tuning, never privacy, durability or addresses."""
    buffers = shared_buffers_mib or shared_buffers()
    chosen = {
        **TUNING,
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(64, memory() // 2 // MIB)}MB",
        "max_connections": str(max_connections),
        **extra,
        **LOGGING,
        "log_directory": str(data_dir / "log"),
        **DURABILITY,
        **PRIVACY,
        **addresses(data_dir, tcp),
    }
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
