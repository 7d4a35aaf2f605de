"""``carnet queue``: what waits, what is held back, which jobs failed for good."""

from typing import Annotated

import typer

from carnet.cli.installation import installation

app = typer.Typer(help="What waits in the spool and in the queues, and what needs a person.", no_args_is_help=True)


@app.command("list")
def show() -> None:
    """The spool, the mail to other operators, and the dead jobs. Identifiers only: no address, no subject."""
    with installation():
        from rich.console import Console
        from rich.table import Table

        from carnet.domain.messaging.models import OutboundMail
        from carnet.foundation.jobs import dead_letters
        from carnet.foundation.models import SpoolEntry

        console = Console()
        held = list(SpoolEntry.objects.exclude(held="").order_by("id")[:200])
        console.print(f"Spool: {SpoolEntry.objects.filter(held='').count()} waiting, {len(held)} held back")
        for entry in held:
            console.print(f"  {entry.id}  {entry.held}  {entry.attempts} tries  {entry.length} bytes")
        waiting = OutboundMail.objects.filter(state="queued").order_by("next_try_at")
        console.print(f"To other operators: {waiting.count()} waiting")
        for mail in waiting[:200]:
            console.print(f"  {mail.id}  {mail.domain}  {mail.attempts} tries  last {mail.last_code or '–'}")
        table = Table("job", "task", "tries", "failed at", title="Dead letters")
        for job in dead_letters():
            table.add_row(
                str(job.id), job.task, str(job.attempts), f"{job.failed_at:%Y-%m-%d %H:%M}" if job.failed_at else ""
            )
        console.print(table)


@app.command()
def retry(
    jobs: Annotated[list[int] | None, typer.Argument(help="Dead jobs to try again.")] = None,
    held: Annotated[bool, typer.Option(help="Try the held messages of the spool again.")] = False,
) -> None:
    """Put dead jobs, or held messages, back in the queue."""
    with installation():
        from carnet.foundation.jobs import revive
        from carnet.foundation.models import SpoolEntry

        if jobs:
            typer.echo(f"{revive(jobs)} jobs wait again")
        if held:
            count = SpoolEntry.objects.exclude(held="").update(held="", attempts=0)
            typer.echo(f"{count} messages wait again")
