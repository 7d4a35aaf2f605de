"""``carnet administrator``: who may open the console of this installation."""

from pathlib import Path
from typing import Annotated

import typer

from carnet.cli.installation import fail, installation

app = typer.Typer(help="Who may open the console.", no_args_is_help=True)


@app.command()
def create(
    login: Annotated[str, typer.Argument(help="Login, in small letters.")],
    email: Annotated[str, typer.Option(help="Where the code of each sign-in is sent.")],
    password_file: Annotated[Path | None, typer.Option(help="File of the password; asked for otherwise.")] = None,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
) -> None:
    """Make an account for the console. It opens no space and no mailbox."""
    if password_file is None:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        try:
            password = password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as problem:
            fail(f"{password_file}: {problem}")
    with installation():
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email
        from django.db import IntegrityError

        from carnet.domain.spaces.commands import create_administrator
        from carnet.domain.spaces.values import InvalidLogin, Login

        try:
            validate_email(email)
            create_administrator(login=Login(login), email=email, password=password, language=language)
        except InvalidLogin as problem:
            fail(f"{login}: {problem}")
        except ValidationError as problem:
            fail(" ".join(problem.messages))
        except IntegrityError:
            fail(f"{login}: this login is taken")
    typer.echo(f"{login} may open the console.")
