"""``carnet mailbox create``, ``describe``, ``password``."""

from typing import Annotated

import typer

from carnet.cli.installation import fail, installation
from carnet.cli.mailbox.options import Address, app, by, finess_of, mailbox, rpps_of
from carnet.domain.directory.values import InvalidAddress, MailboxAddress, MailboxKind


@app.command()
def create(
    address: Annotated[str, typer.Argument(help="Its address, for its whole life.")],
    kind: Annotated[MailboxKind, typer.Option(help="Its kind, for its whole life.")],
    label: Annotated[str, typer.Option(help="The name under which people see it.")],
    rpps: Annotated[str, typer.Option(help="PER, CAB: the professional.")] = "",
    finess: Annotated[str, typer.Option(help="ORG, APP: the establishment.")] = "",
    description: Annotated[str, typer.Option(help="For those who write from outside.")] = "",
    service: Annotated[str, typer.Option(help="ORG, APP: the service or team.")] = "",
    responsible: Annotated[str, typer.Option(help="ORG, APP: who answers for it; not published.")] = "",
    rank: Annotated[int | None, typer.Option(help="1: the preferred of its carrier; last of them by default.")] = None,
    red_list: Annotated[bool, typer.Option(help="It exists, and is not published.")] = False,
    answer_hours: Annotated[int, typer.Option(help="Usual delay of an answer, in hours.")] = 0,
    password: Annotated[str, typer.Option(help="Its login is its address; `mailbox password` asks for one.")] = "",
) -> None:
    """Open a mailbox: its domain is trusted, its professional or its establishment known and active."""
    try:
        parsed = MailboxAddress.parse(address)
    except InvalidAddress as problem:
        fail(f"{address}: {problem}")
    with installation():
        from django.db import transaction

        from carnet.domain.directory.commands import MailboxRefused, NewMailbox, create_mailbox
        from carnet.domain.directory.queries import mailboxes_by_id
        from carnet.domain.messaging.commands.folders import ensure_folders

        new = NewMailbox(
            address=parsed,
            kind=kind,
            label=label,
            rpps=rpps_of(rpps) if rpps else None,
            finess=finess_of(finess) if finess else None,
            description=description,
            service=service,
            responsible=responsible,
            rank=rank,
            red_list=red_list,
            answer_hours=answer_hours or None,
            login=parsed.key if password else "",
            password=password,
        )
        try:
            with transaction.atomic():
                mailbox_id = create_mailbox(new, by())
                if mailboxes_by_id([mailbox_id])[mailbox_id].hosted:
                    ensure_folders([mailbox_id])
        except MailboxRefused as refusal:
            fail(str(refusal))
    typer.echo(f"{parsed} is open.")


@app.command()
def describe(
    address: Address,
    label: Annotated[str | None, typer.Option(help="The name under which people see it.")] = None,
    description: Annotated[str | None, typer.Option(help="For those who write from outside.")] = None,
    service: Annotated[str | None, typer.Option()] = None,
    responsible: Annotated[str | None, typer.Option(help="Not published.")] = None,
    rank: Annotated[int | None, typer.Option(help="1: preferred; the others of its carrier move down.")] = None,
    red_list: Annotated[bool | None, typer.Option("--red-list/--published", help="Whether it is published.")] = None,
    answer_hours: Annotated[int | None, typer.Option(help="Usual delay of an answer; 0: none is told.")] = None,
) -> None:
    """Change what the directory tells of a mailbox; what is not given stays."""
    with mailbox(address) as found:
        from carnet.domain.directory.commands import MailboxChange, change_mailbox

        change_mailbox(
            found.id,
            MailboxChange(label, description, service, responsible, rank, red_list, answer_hours),
            by(),
        )
    typer.echo(f"{found.address} is changed.")


@app.command()
def password(
    address: Address,
    none: Annotated[bool, typer.Option("--none", help="Take the password away.")] = False,
    new: Annotated[str, typer.Option("--password", help="Asked for if it is not given.")] = "",
) -> None:
    """Set the password of a mailbox, or take it away."""
    if not none and not new:
        new = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with mailbox(address) as found:
        from carnet.domain.directory.commands import set_password

        set_password(found.id, "" if none else new, by())
    typer.echo(f"{found.address}: {'no password any more' if none else 'the password is set'}.")
