"""``carnet mailbox list``, ``show``, ``check``, ``traces``."""

import csv
import sys
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from carnet.cli.installation import installation
from carnet.cli.mailbox.options import Address, AsCsv, AsJson, app, day_of, mailbox
from carnet.domain.directory.values import MailboxKind

_WRITING = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS


@app.command("list")
def show_all(
    kind: Annotated[MailboxKind | None, typer.Option(help="PER, ORG, APP or CAB.")] = None,
    state: Annotated[str, typer.Option(help="active, suspended or closed.")] = "",
    finess: Annotated[str, typer.Option(help="Of one establishment.")] = "",
    search: Annotated[str, typer.Option(help="Part of the address or of the label.")] = "",
    after: Annotated[str, typer.Option(help="From the one after this address.")] = "",
    limit: Annotated[int, typer.Option()] = 100,
    as_json: AsJson = False,
) -> None:
    """The mailboxes hosted here, by address."""
    with installation():
        from carnet.domain.directory.queries.hosted import hosted_mailboxes

        found = hosted_mailboxes(
            kind=kind.value if kind else "", state=state, finess=finess, text=search, after=after, limit=limit
        )
        if as_json:
            typer.echo(orjson.dumps(found, option=_WRITING))
            return
        for one in found:
            typer.echo(f"{one.address}  {one.kind}  {one.state}  {one.rpps or one.finess}  {one.label}")


@app.command()
def show(address: Address, as_json: AsJson = False) -> None:
    """All that is kept of one mailbox, and who may use it."""
    with mailbox(address) as found:
        from carnet.domain.directory.queries.hosted import certificates_of, delegates_of

        delegates, certificates = delegates_of(found.id, revoked=True), certificates_of(found.id, revoked=True)
        if as_json:
            whole = {"mailbox": found, "delegates": delegates, "certificates": certificates}
            typer.echo(orjson.dumps(whole, option=_WRITING))
            return
        for name in found.__dataclass_fields__:
            value = getattr(found, name)
            if value not in (None, ""):
                typer.echo(f"{name.replace('_', ' ')}: {value}")
        for one in delegates:
            until = (
                f"revoked {one.revoked_at:%Y-%m-%d} by {one.revoked_by}" if one.revoked_at else one.last or "revoked"
            )
            role = ", responsible" if one.is_responsible else ""
            typer.echo(
                f"delegate: {one.rpps} {one.name}{role}, from {one.first} until {until}, given by {one.given_by}"
            )
        for certificate in certificates:
            gone = f", revoked {certificate.revoked_at:%Y-%m-%d}" if certificate.revoked_at else ""
            typer.echo(f"certificate: {certificate.subject}{gone}")


@app.command()
def check(as_json: AsJson = False) -> None:
    """What is to be looked at: one line a mailbox and finding. Ends with 1 when there is anything."""
    anything = False
    with installation():
        from carnet.domain.directory.queries.hosted import check_mailboxes

        told: list[dict[str, Any]] = []
        for one in check_mailboxes():
            anything = True
            if as_json:
                told.append({"mailbox": one.mailbox, "findings": {f.value: f.sentence for f in one.findings}})
                continue
            for finding in one.findings:
                typer.echo(f"{one.mailbox.address}  {one.mailbox.kind}  {finding.value}  {finding.sentence}")
        if as_json:
            typer.echo(orjson.dumps(told, option=_WRITING))
    if anything:
        raise typer.Exit(1)


@app.command()
def traces(
    address: Address,
    since: Annotated[str, typer.Option(help="From this day on, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option(help="Up to this day, not included.")] = "",
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """What was done with a mailbox, by whom, and with what result, in local time."""
    with mailbox(address) as found:
        from django.utils import timezone

        from carnet.domain.directory.queries.traces import traces_of

        def start(text: str) -> datetime | None:
            if not text:
                return None
            day = day_of(text)
            return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())

        columns = ["at", "act", "door", "session", "author", "outcome", "count", "messages"]
        table = csv.writer(sys.stdout)
        if as_csv:
            table.writerow(columns)
        for one in traces_of(found.id, start(since), start(until)):
            at = timezone.localtime(one.at).isoformat(timespec="milliseconds")
            row = [at, one.act, one.door, one.session, one.author, one.outcome or "done", one.count]
            named = " ".join(str(message) for message in one.messages)
            if as_csv:
                table.writerow([*row, named])
            elif as_json:
                typer.echo(orjson.dumps(dict(zip(columns, [*row, one.messages], strict=True))))
            else:
                typer.echo("  ".join(str(part) for part in row if part != ""))
