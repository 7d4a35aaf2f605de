"""``carnet mailbox delegate``, ``revoke``, ``certificate``."""

from datetime import date
from typing import Annotated

import typer

from carnet.cli.installation import fail
from carnet.cli.mailbox.options import Address, app, by, day_of, mailbox, rpps_of
from carnet.domain.directory.subjects import InvalidSubject, Subject


@app.command()
def delegate(
    address: Address,
    rpps: Annotated[str, typer.Argument(help="RPPS of who may use it.")],
    given_by: Annotated[str, typer.Option(help="Who decided it in the establishment.")],
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD; today by default.")] = "",
    last: Annotated[str, typer.Option("--until", help="Last day; none: until revoked.")] = "",
    responsible: Annotated[bool, typer.Option("--responsible", help="Who answers for the mailbox.")] = False,
) -> None:
    """Let a professional use a shared mailbox (ORG, CAB), by name and for a time."""
    number = rpps_of(rpps)
    with mailbox(address) as found:
        from carnet.domain.directory.commands import delegate_mailbox

        delegate_mailbox(
            found.id,
            number,
            first=day_of(first) if first else date.today(),  # noqa: DTZ011 - the operator's own calendar
            last=day_of(last) if last else None,
            given_by=given_by,
            by=by(),
            responsible=responsible,
        )
    typer.echo(f"{number} may use {found.address}.")


@app.command()
def revoke(address: Address, rpps: Annotated[str, typer.Argument(help="RPPS of who may use it no longer.")]) -> None:
    """End a delegation; it stays in the list of those that were."""
    number = rpps_of(rpps)
    with mailbox(address) as found:
        from carnet.domain.directory.commands import revoke_delegation

        revoke_delegation(found.id, number, by())
    typer.echo(f"{number} may no longer use {found.address}.")


@app.command()
def certificate(
    address: Address,
    subject: Annotated[str, typer.Argument(help="Subject of the certificate, as CN=…,OU=…,O=…,C=FR.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="It may no longer be used.")] = False,
) -> None:
    """Let software use an applicative mailbox (APP) with a certificate of this subject."""
    try:
        parsed = Subject.parse(subject)
    except InvalidSubject as problem:
        fail(f"{subject}: {problem}")
    with mailbox(address) as found:
        from carnet.domain.directory.commands import add_certificate, revoke_certificate

        if revoke:
            revoke_certificate(found.id, parsed, by())
        else:
            add_certificate(found.id, parsed, written=subject, by=by())
    typer.echo(f"{found.address}: the certificate may {'no longer ' if revoke else ''}be used.")
