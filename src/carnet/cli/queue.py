"""``carnet queue``: what waits, what is held back, which jobs failed for good."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from carnet.cli.installation import fail, installation

if TYPE_CHECKING:
    from carnet.domain.messaging.commands.outbound import Chosen

app = typer.Typer(help="What waits in the spool and in the queues, and what needs a person.", no_args_is_help=True)

Mails = Annotated[list[str] | None, typer.Argument(help="Identifiers of mails (`carnet queue list`).")]
Domain = Annotated[str, typer.Option(help="All mail for one domain.")]
Everything = Annotated[bool, typer.Option("--all", help="All mail to other operators.")]


@app.command("list")
def show(
    domain: Annotated[str, typer.Option(help="The mails that wait for this domain, one by one.")] = "",
) -> None:
    """The spool, the mail to other operators, and the dead jobs. Identifiers only: no address, no subject."""
    with installation():
        if domain:
            _mails_of(domain.lower())
            return
        _spool()
        _operators()
        _dead_jobs()


def _spool() -> None:
    from carnet.foundation.models import SpoolEntry

    held = list(SpoolEntry.objects.exclude(held="").order_by("id")[:200])
    typer.echo(f"Spool: {SpoolEntry.objects.filter(held='').count()} waiting, {len(held)} held back")
    for entry in held:
        typer.echo(f"  {entry.id}  {entry.held}  {entry.attempts} tries  {entry.length} bytes")


def _operators() -> None:
    from carnet.domain.messaging.queries.outbound import held_domains, waiting_by_domain
    from carnet.foundation.clock import now
    from carnet.foundation.closures import current_closure

    at = now()
    domains = waiting_by_domain()
    waiting, held = sum(one.queued for one in domains), sum(one.held for one in domains)
    typer.echo(f"To other operators: {waiting} waiting, {held} held back")
    if (closure := current_closure(at)) is not None:
        typer.echo(f"  closed until {closure.until:%Y-%m-%d %H:%M %Z}: nothing leaves")
    for one in domains:
        words = [one.domain, f"{one.queued} waiting"]
        if one.held:
            words.append(f"{one.held} held back")
        words.append(f"oldest {str(at - one.oldest_at).partition('.')[0]}")
        if one.why:
            words.append(one.why)
        if one.held_at:
            words.append("held back")
        elif one.next_try_at:
            words.append(f"next try {one.next_try_at:%H:%M:%S %Z}")
        typer.echo("  " + "  ".join(words))
    shown = {one.domain for one in domains}
    for name in held_domains():
        if name not in shown:
            typer.echo(f"  {name}  held back, nothing waits")


def _mails_of(domain: str) -> None:
    from carnet.domain.messaging.queries.outbound import outbound_mails

    for one in outbound_mails(domain=domain, limit=200):
        words = [str(one.id), one.state, f"since {one.created_at:%Y-%m-%d %H:%M:%S %Z}", f"{one.attempts} tries"]
        words.append(f"{one.size} bytes")
        if one.why:
            words.append(one.why)
        if one.state == "queued":
            words.append(f"next try {one.next_try_at:%Y-%m-%d %H:%M:%S %Z}")
        typer.echo("  ".join(words))


def _dead_jobs() -> None:
    from rich.console import Console
    from rich.table import Table

    from carnet.foundation.jobs import dead_letters

    table = Table("job", "task", "tries", "failed at", title="Dead letters")
    for job in dead_letters():
        table.add_row(
            str(job.id), job.task, str(job.attempts), f"{job.failed_at:%Y-%m-%d %H:%M}" if job.failed_at else ""
        )
    Console().print(table)


@app.command("show")
def show_mail(mail: Annotated[str, typer.Argument(help="Identifier of a mail.")]) -> None:
    """One mail to another operator: its state, its tries, its last answer."""
    with installation():
        from carnet.domain.messaging.queries.outbound import outbound_mail

        found = outbound_mail(_identifier(mail))
        if found is None:
            fail(f"{mail}: no such mail")
        for name, value in (
            ("mail", found.id),
            ("domain", found.domain),
            ("state", found.state),
            ("bytes", found.size),
            ("since", f"{found.created_at:%Y-%m-%d %H:%M:%S %Z}"),
            ("tries", found.attempts),
            ("last answer", found.last_code or "–"),
            ("why", found.why or "–"),
            ("next try", f"{found.next_try_at:%Y-%m-%d %H:%M:%S %Z}" if found.state == "queued" else "–"),
            ("sender warned", f"{found.warned_at:%Y-%m-%d %H:%M:%S %Z}" if found.warned_at else "no"),
            ("settled", f"{found.settled_at:%Y-%m-%d %H:%M:%S %Z}" if found.settled_at else "no"),
        ):
            typer.echo(f"{name + ':':14} {value}")


@app.command()
def retry(
    what: Annotated[list[str] | None, typer.Argument(help="Dead jobs (numbers), or mails, to try again.")] = None,
    held: Annotated[bool, typer.Option(help="Try the held messages of the spool again.")] = False,
    domain: Domain = "",
    everything: Everything = False,
) -> None:
    """Try again now: dead jobs, held messages of the spool, mail to other operators (a hold is lifted)."""
    jobs = [int(one) for one in what or [] if one.isdigit()]
    mails = [one for one in what or [] if not one.isdigit()]
    if not (jobs or mails or held or domain or everything):
        fail("name what to try again: identifiers, --domain, --all or --held")
    with installation():
        from carnet.domain.messaging.commands.outbound import retry_now
        from carnet.foundation.jobs import revive
        from carnet.foundation.models import SpoolEntry

        if jobs:
            typer.echo(f"{revive(jobs)} jobs wait again")
        if held:
            count = SpoolEntry.objects.exclude(held="").update(held="", attempts=0)
            typer.echo(f"{count} messages wait again")
        if mails or domain or everything:
            typer.echo(f"{retry_now(_chosen(mails, domain, everything))} mails are tried now")


@app.command()
def hold(mails: Mails = None, domain: Domain = "", everything: Everything = False) -> None:
    """Hold mail to other operators back, until `carnet queue retry`; a domain, with what will come for it."""
    with installation():
        from carnet.domain.messaging.commands.outbound import hold as hold_back

        typer.echo(f"{hold_back(_chosen(mails or [], domain, everything))} mails are held back")


@app.command()
def drop(
    mails: Mails = None,
    domain: Domain = "",
    everything: Everything = False,
    tell: Annotated[bool, typer.Option(help="Tell the senders that their mail was not delivered.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give up mail to other operators for good. Its senders get a report, unless told not to."""
    with installation():
        from carnet.domain.messaging.commands.outbound import drop as give_up

        chosen = _chosen(mails or [], domain, everything)
        if not yes:
            told = "and their senders are told" if tell else "and nobody is told"
            which = f"{len(mails)} mails" if mails else f"all mail for {domain}" if domain else "all mail that waits"
            typer.confirm(f"{which} is given up for good, {told}. Go on?", abort=True)
        typer.echo(f"{give_up(chosen, tell=tell)} mails are given up")


def _chosen(mails: list[str], domain: str, everything: bool) -> "Chosen":
    """Exactly one way of naming the mail."""
    from carnet.domain.messaging.commands.outbound import Chosen

    if [bool(mails), bool(domain), everything].count(True) != 1:
        fail("name the mail in one way: identifiers, --domain or --all")
    return Chosen(tuple(_identifier(one) for one in mails), domain.lower())


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        fail(f"{text}: not the identifier of a mail")
