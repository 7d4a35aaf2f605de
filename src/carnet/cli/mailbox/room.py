"""``carnet mailbox quota``: what a mailbox holds, and may hold."""

from typing import Annotated

import typer

from carnet.cli.installation import fail
from carnet.cli.mailbox.options import Address, app, by, mailbox

_MEGABYTE = 1024 * 1024


@app.command()
def quota(
    address: Address,
    megabytes: Annotated[int | None, typer.Option(min=1, help="What this mailbox may hold.")] = None,
    none: Annotated[bool, typer.Option("--none", help="No bound for this mailbox.")] = False,
    usual: Annotated[bool, typer.Option("--usual", help="The bound of all (CARNET_MAILBOX_QUOTA_BYTES).")] = False,
) -> None:
    """Tell what a mailbox holds and may hold; set its bound. It bounds what its users add, never what comes in."""
    if (megabytes is not None) + none + usual > 1:
        fail("give one of --megabytes, --none and --usual")
    with mailbox(address) as found:
        from carnet.domain.messaging.commands.quota import set_quota
        from carnet.domain.messaging.queries.quota import quota_of

        if megabytes is not None or none or usual:
            set_quota(found.id, None if usual else (megabytes or 0) * _MEGABYTE, by())
        now = quota_of(found.id)
    bound = "without bound" if now.limit is None else f"of {now.limit / _MEGABYTE:.0f} MB"
    typer.echo(f"{found.address}: {now.used / _MEGABYTE:.1f} MB {bound}.")
