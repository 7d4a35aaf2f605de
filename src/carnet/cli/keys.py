"""``carnet keys``: the master key file, and its rotation."""

from pathlib import Path
from typing import Annotated

import typer

from carnet.cli.installation import fail, installation

app = typer.Typer(help="The master keys: create, rotate, show what they wrap.", no_args_is_help=True)


@app.command()
def create(path: Annotated[Path, typer.Argument(help="Where the key file goes: not in the data folder.")]) -> None:
    """Make a new master key file. Keep a copy of it elsewhere: without it nothing can be read."""
    from carnet.foundation.keys import MasterKeys

    if path.exists():
        fail(f"{path} exists: a key file is never overwritten")
    MasterKeys.create().save(path)
    typer.echo(f"Master key written to {path}")


@app.command()
def rotate() -> None:
    """Put a new master key in front, wrap every owner's key with it, then drop the older ones.

    Safe to interrupt and to run again: the older keys stay in the file until nothing is wrapped by them, the spool's
    waiting segments included.
    """
    with installation():
        from django.conf import settings

        from carnet.foundation.owner_keys import finish_rotation, forget_cached_keys, master_keys, rewrap_batch
        from carnet.foundation.spool import segments_wrapped_by_others

        path = Path(settings.CARNET_MASTER_KEY_FILE)
        if len(master_keys().keys) == 1:  # otherwise an earlier run waits to be finished
            master_keys().with_new_key().save(path)
            forget_cached_keys()
        done = 0
        while count := rewrap_batch():
            done += count
            typer.echo(f"  {done} keys wrapped anew")
        spool = Path(settings.CARNET_SPOOL_DIR)
        if not finish_rotation(lambda current: segments_wrapped_by_others(spool, current) > 0):
            typer.echo(
                "The older master keys are kept: what waits in the spool still needs them. Run this command again in a "
                "minute or two."
            )
            return
        typer.echo(f"Done: {done} keys wrapped by the new master key {master_keys().current_id}; older ones dropped.")


@app.command()
def show() -> None:
    """Which master keys there are, and how many owners' keys each older one still wraps."""
    with installation():
        from carnet.foundation.owner_keys import master_keys, older_master_ids

        older = older_master_ids()
        for number, (key_id, _) in enumerate(master_keys().keys):
            typer.echo(f"{key_id}  {'current' if number == 0 else f'{older.get(key_id, 0)} keys left'}")
