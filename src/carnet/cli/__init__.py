"""The ``carnet`` command: one module a sub-command. Nothing heavy is imported before it is needed."""

import typer

from carnet.cli import (
    administrator,
    audit,
    bench,
    closure,
    demo,
    directory,
    indicators,
    keys,
    mailbox,
    quarantine,
    queue,
    sandbox,
    sending,
    serve,
    space,
    statistics,
    trust_list,
)
from carnet.cli.installation import fail
from carnet.config import environment

app = typer.Typer(
    name="carnet",
    help="An open health space: the shared record and the secure mail between professionals and patients.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(administrator.app, name="administrator")
app.add_typer(keys.app, name="keys")
app.add_typer(directory.app, name="directory")
app.add_typer(trust_list.app, name="trust-list")
app.add_typer(mailbox.app, name="mailbox")
app.add_typer(space.app, name="space")
app.add_typer(queue.app, name="queue")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sending.app, name="sending")
app.add_typer(closure.app, name="closure")
app.add_typer(audit.app, name="audit")
app.add_typer(indicators.app, name="indicators")
app.command("statistics")(statistics.statistics)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(bench.app, name="bench")


@app.callback()
def main() -> None:
    """Every setting is checked first, so that a bad one is told in a sentence and a misspelt one is noticed."""
    for setting in environment.SETTINGS:
        try:
            environment.value(setting.name)
        except environment.BadSetting as problem:
            fail(str(problem))
    for name in environment.unknown():
        typer.echo(f"{name} is not a setting of Carnet: it changes nothing", err=True)
