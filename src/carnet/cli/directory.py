"""``carnet directory``: the trust list, establishments and professionals, by hand."""

from typing import Annotated

import typer

from carnet.cli import directory_imports
from carnet.cli.installation import fail, installation
from carnet.cli.mailbox.options import finess_of, rpps_of
from carnet.domain.directory.subjects import InvalidSubject, Subject
from carnet.domain.directory.values import Domain, InvalidAddress

app = typer.Typer(help="The trust list and the mailboxes.", no_args_is_help=True)
app.command("import")(directory_imports.import_files)
app.command("search")(directory_imports.search)
app.add_typer(directory_imports.keys, name="api-key")


@app.command()
def trust(
    domain: Annotated[str, typer.Argument(help="A domain of the trust space.")],
    operator: Annotated[str, typer.Option(help="Who answers for it.")],
    hosted: Annotated[bool, typer.Option(help="Its mailboxes are here.")] = False,
    subject: Annotated[
        list[str] | None, typer.Option(help="Subject of a certificate that may speak for it: CN=…,O=…,C=FR.")
    ] = None,
) -> None:
    """Trust a domain by hand, whatever the trust list says."""
    try:
        parsed = Domain.parse(domain)
    except InvalidAddress as problem:
        fail(f"{domain}: {problem}")
    subjects = [(_subject(one), one) for one in subject or ()]
    with installation():
        from carnet.domain.directory.commands import trust_domain

        trust_domain(parsed, operator=operator, hosted=hosted, subjects=subjects)
    typer.echo(f"{parsed.unicode} is trusted{' and hosted here' if hosted else ''}.")


@app.command()
def distrust(domain: Annotated[str, typer.Argument(help="A domain that was trusted by hand.")]) -> None:
    """Take back what was added by hand; the trust list's word on the domain stays."""
    try:
        parsed = Domain.parse(domain)
    except InvalidAddress as problem:
        fail(f"{domain}: {problem}")
    with installation():
        from carnet.domain.directory.commands import distrust_domain
        from carnet.domain.directory.queries import trust_space

        if not distrust_domain(parsed):
            fail(f"{parsed.unicode} was not trusted by hand.")
        typer.echo(
            f"{parsed.unicode} is {'still on the trust list' if trust_space().lists(parsed) else 'not trusted'}."
        )


@app.command()
def dns(domain: Annotated[str, typer.Argument(help="A domain that is hosted here.")]) -> None:
    """Print the DNS records to publish for a hosted domain: MX, SRV (RFC 6186), autoconfiguration."""
    try:
        parsed = Domain.parse(domain)
    except InvalidAddress as problem:
        fail(f"{domain}: {problem}")
    with installation():
        from django.conf import settings

        from carnet.domain.directory.queries import trust_space
        from carnet.interfaces.web.mail_settings import dns_records, mail_settings

        if not trust_space().hosts(parsed):
            fail(f"{parsed} is not hosted here: `carnet directory trust {parsed} --operator … --hosted` first")
        for record in dns_records(parsed, mail_settings(), settings.CARNET_WEB_URL):
            typer.echo(record)


@app.command()
def organization(
    finess: Annotated[str, typer.Argument(help="Geographic FINESS.")],
    name: Annotated[str, typer.Option(help="Name that people know.")],
    juridical: Annotated[str, typer.Option(help="FINESS of its juridical entity.")] = "",
    city: Annotated[str, typer.Option()] = "",
    department: Annotated[str, typer.Option()] = "",
) -> None:
    """Register an establishment, or correct it."""
    number = finess_of(finess)
    with installation():
        from carnet.domain.directory.commands import register_organization

        register_organization(
            number,
            name=name,
            finess_ej=str(finess_of(juridical)) if juridical else "",
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
    number = rpps_of(rpps)
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


def _subject(text: str) -> Subject:
    try:
        return Subject.parse(text)
    except InvalidSubject as problem:
        fail(f"{text}: {problem}")
