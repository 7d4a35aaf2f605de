"""``carnet trust-list``: which domains are trusted, and which certificates speak for them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carnet.cli.installation import fail, installation

if TYPE_CHECKING:
    from carnet.domain.directory.commands import Reading
    from carnet.domain.directory.queries.trust_list import ListVersion

app = typer.Typer(help="The trust list: domains and the certificates that speak for them.", no_args_is_help=True)

_AcceptLoss = Annotated[bool, typer.Option("--accept-loss", help="Take it even if it leaves out many domains.")]


@app.command("import")
def read(
    file: Annotated[Path, typer.Argument(help="The list (XML).", exists=True, dir_okay=False)],
    accept_loss: _AcceptLoss = False,
) -> None:
    """Put a list in the place of the last one. One that cannot be used is refused, and the last one stays."""
    with installation():
        from carnet.domain.directory.commands import import_trust_list

        _tell(import_trust_list(file.read_bytes(), source=str(file.resolve()), accept_loss=accept_loss))


@app.command()
def refresh(accept_loss: _AcceptLoss = False) -> None:
    """Fetch the list from CARNET_TRUST_LIST_URL now, as the worker does by itself."""
    with installation():
        from django.conf import settings

        from carnet.domain.directory.commands import fetch_trust_list

        if not settings.CARNET_TRUST_LIST_URL:
            fail("CARNET_TRUST_LIST_URL is not set: give the list's address, or use `carnet trust-list import FILE`")
        _tell(fetch_trust_list(accept_loss=accept_loss))


def _tell(reading: "Reading") -> None:
    if reading.reason:
        fail(f"The list was refused, the last one stays in force: {reading.reason}")
    typer.echo(
        f"{reading.outcome}: {reading.entries} entries, {reading.domains} domains, {reading.operators} certificates;"
        f" {reading.added} added, {reading.removed} removed, {reading.updated} changed"
    )
    for line, reason in reading.skipped:
        typer.echo(f"line {line} left out: {reason}", err=True)


@app.command()
def show(
    search: Annotated[str, typer.Argument(help="Part of a domain, an operator or a subject.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many domains.")] = 50,
) -> None:
    """The list in force, and the domains that are trusted."""
    with installation():
        from carnet.domain.directory.queries.trust_list import last_read, last_taken, trusted
        from carnet.domain.directory.values import Domain

        taken, last = last_taken(), last_read()
        typer.echo(
            _version("In force", taken) if taken else "No trust list was ever taken: only what is added by hand."
        )
        if last is not None and (taken is None or last.id != taken.id):
            typer.echo(_version("Last read", last))
        for row in trusted(text=search, limit=limit):
            marks = [name for name, true in (("hosted", row.hosted), ("by hand", row.by_hand)) if true]
            typer.echo(f"{Domain(row.domain).unicode}  {row.operator}{'  (' + ', '.join(marks) + ')' if marks else ''}")
            for subject in row.subjects:
                typer.echo(f"    {subject}")


def _version(title: str, version: "ListVersion") -> str:
    generated = f", generated {version.generated_at:%Y-%m-%d %H:%M} UTC" if version.generated_at else ""
    counts = f", {version.entries} entries, {version.domains} domains" if version.entries else ""
    reason = f": {version.reason}" if version.reason else ""
    return (
        f"{title}: {version.outcome}{reason} {version.read_at:%Y-%m-%d %H:%M} UTC{generated}{counts}"
        f", from {version.source}"
    )


@app.command()
def changes(limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50) -> None:
    """What changed in the trust space."""
    with installation():
        from carnet.domain.directory.queries.trust_list import trust_changes
        from carnet.domain.directory.values import Domain

        for row in trust_changes(limit=limit):
            typer.echo(
                f"{row.at:%Y-%m-%d %H:%M}  {row.kind:<8} {row.source}  {Domain(row.domain).unicode}  {row.written}"
            )


@app.command()
def check(
    domain: Annotated[str, typer.Argument(help="A domain, in any writing.")],
    certificate: Annotated[
        Path | None, typer.Option(help="A certificate (PEM): may it speak for the domain?", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Whether a domain is trusted, by which certificates, and whether a given one is among them."""
    with installation():
        from carnet.domain.directory.queries import check_operator, trust_of, trust_space
        from carnet.domain.directory.subjects import fingerprint

        decision = trust_of(domain)
        typer.echo(decision.reason.sentence)
        for subject in sorted(trust_space().subjects_of(domain)):
            typer.echo(f"    {fingerprint(subject)}  {subject}")
        if not decision.allowed:
            raise typer.Exit(1)
        if certificate is not None:
            problem = check_operator(_der(certificate), domain)
            typer.echo(problem.sentence if problem else "The certificate speaks for this domain.")
            if problem:
                raise typer.Exit(1)


def _der(path: Path) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except ValueError:
        fail(f"{path} is not a certificate (PEM)")


@app.command()
def refused(limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50) -> None:
    """Who was turned away at the operators' door, why, how often."""
    with installation():
        from carnet.domain.directory.queries.operators import refused_peers

        for row in refused_peers(limit):
            typer.echo(f"{row.last_at:%Y-%m-%d %H:%M}  {row.count:>6}  {row.reason}  {row.fingerprint}  {row.subject}")
