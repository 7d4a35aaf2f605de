"""``carnet bench``: measured figures, each beside a named peer in the same run."""

import typer

app = typer.Typer(help="Benchmarks beside named peers.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Benchmarks beside named peers."""
