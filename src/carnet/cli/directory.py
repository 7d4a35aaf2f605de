"""``carnet directory``: the trust list, establishments, professionals and mailboxes, by hand."""

from typing import Annotated

import typer

from carnet.cli.installation import fail, installation
from carnet.domain.directory.values import Domain, InvalidAddress, MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess, InvalidNumber, Rpps

app = typer.Typer(help="The trust list and the mailboxes.", no_args_is_help=True)


@app.command()
def trust(
    domain: Annotated[str, typer.Argument(help="A domain of the trust space.")],
    operator: Annotated[str, typer.Option(help="Who answers for it.")],
    hosted: Annotated[bool, typer.Option(help="Its mailboxes are here.")] = False,
) -> None:
    """Put a domain on the trust list."""
    try:
        parsed = Domain.parse(domain)
    except InvalidAddress as problem:
        fail(f"{domain}: {problem}")
    with installation():
        from carnet.domain.directory.commands import trust_domain

        trust_domain(parsed, operator=operator, hosted=hosted)
    typer.echo(f"{parsed.unicode} is trusted{' and hosted here' if hosted else ''}.")


@app.command()
def organization(
    finess: Annotated[str, typer.Argument(help="Geographic FINESS.")],
    name: Annotated[str, typer.Option(help="Name that people know.")],
    juridical: Annotated[str, typer.Option(help="FINESS of its juridical entity.")] = "",
    city: Annotated[str, typer.Option()] = "",
    department: Annotated[str, typer.Option()] = "",
) -> None:
    """Register an establishment, or correct it."""
    number = _finess(finess)
    with installation():
        from carnet.domain.directory.commands import register_organization

        register_organization(
            number,
            name=name,
            finess_ej=str(_finess(juridical)) if juridical else "",
            city=city,
            department=department,
        )
    typer.echo(f"{number} {name}")


@app.command()
def professional(
    rpps: Annotated[str, typer.Argument(help="RPPS, 11 digits.")],
    given_name: Annotated[str, typer.Option()],
    family_name: Annotated[str, typer.Option()],
    profession: Annotated[str, typer.Option(help="Code of TRE_G15: 10 for a doctor.")],
    title: Annotated[str, typer.Option(help="Such as Dr.")] = "",
    specialty: Annotated[str, typer.Option(help="Code of the savoir-faire, such as SM04.")] = "",
) -> None:
    """Register a professional, or correct them."""
    number = _rpps(rpps)
    with installation():
        from carnet.domain.directory.commands import register_professional

        register_professional(
            number,
            title=title,
            given_name=given_name,
            family_name=family_name.upper(),
            profession=profession,
            specialty=specialty,
        )
    typer.echo(f"{number} {title} {given_name} {family_name.upper()}")


@app.command()
def mailbox(
    address: Annotated[str, typer.Argument(help="Its address, for its whole life.")],
    kind: Annotated[MailboxKind, typer.Option(help="Its kind, for its whole life.")],
    label: Annotated[str, typer.Option(help="The name under which people see it.")],
    rpps: Annotated[str, typer.Option(help="PER: the professional.")] = "",
    finess: Annotated[str, typer.Option(help="ORG and APP: the establishment.")] = "",
    description: Annotated[str, typer.Option(help="For those who write from outside.")] = "",
    service: Annotated[str, typer.Option()] = "",
    responsible: Annotated[str, typer.Option()] = "",
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Empty for one held elsewhere.")
    ] = "",
) -> None:
    """Open a mailbox; its domain must be trusted. Its login is its address."""
    try:
        parsed = MailboxAddress.parse(address)
    except InvalidAddress as problem:
        fail(f"{address}: {problem}")
    with installation():
        from carnet.domain.directory.commands import MailboxRefused, NewMailbox, create_mailbox
        from carnet.domain.directory.models import TrustedDomain
        from carnet.domain.messaging.commands.folders import ensure_folders

        new = NewMailbox(
            address=parsed,
            kind=kind,
            label=label,
            rpps=_rpps(rpps) if rpps else None,
            finess=_finess(finess) if finess else None,
            description=description,
            service=service,
            responsible=responsible,
            login=parsed.key if password else "",
            password=password,
        )
        try:
            mailbox_id = create_mailbox(new)
        except MailboxRefused as refusal:
            fail(str(refusal))
        except TrustedDomain.DoesNotExist:
            fail(f"{parsed.domain} is not on the trust list: add it with `carnet directory trust`")
        if password:
            ensure_folders([mailbox_id])
    typer.echo(f"{parsed} is open.")


def _finess(text: str) -> Finess:
    try:
        return Finess.parse(text)
    except InvalidNumber as problem:
        fail(f"{text}: {problem}")


def _rpps(text: str) -> Rpps:
    try:
        return Rpps.parse(text)
    except InvalidNumber as problem:
        fail(f"{text}: {problem}")
