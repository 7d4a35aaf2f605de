"""``python -m carnet.foundation.postgres <data folder>``: keep the PostgreSQL of a folder running (see ``keeper``)."""

import sys
from pathlib import Path

from carnet.foundation.lifeline import die_with_parent
from carnet.foundation.postgres import EmbeddedPostgres, PostgresRefused, keep


def main() -> int:
    die_with_parent()
    if len(sys.argv) != 2:
        sys.stderr.write(f"usage: {sys.argv[0]} <data folder>\n")
        return 2
    try:
        return keep(EmbeddedPostgres(Path(sys.argv[1])))
    except PostgresRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
