"""The provider's pages: who are you, the telephone, an error. Plain HTML in French, without script."""

from collections.abc import Sequence
from html import escape

from carnet.sandbox.psc.memory import TelephoneRequest
from carnet.sandbox.psc.people import Person

_STYLE = """
:root{color-scheme:light}body{font:1.125rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1.5rem;
color:#1b1b35;background:#fff}h1{font-size:1.5rem}fieldset{border:1px solid #6b6b80;border-radius:.5rem;margin:1rem 0;
padding:1rem}label{display:block;padding:.4rem 0}button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;
border:2px solid #1c3f94;background:#1c3f94;color:#fff;margin-right:.5rem}button.no{background:#fff;color:#1c3f94}
:focus-visible{outline:3px solid #b8500c;outline-offset:2px}.note{background:#eef1f8;padding:.8rem;border-radius:.5rem}
li{margin:1rem 0}strong.code{font-size:1.5rem;letter-spacing:.1em}
"""


def sign_in(waiting: str, people: Sequence[Person]) -> str:
    """Choose who signs in."""
    choices = "".join(
        f'<label><input type="radio" name="id_nat" value="{escape(one.id_nat)}" required> '
        f"{escape(one.name)} <small>RPPS {escape(one.rpps)}</small></label>"
        for one in people
    )
    return _page(
        "Se connecter",
        "<p>Choisissez un professionnel du bac à sable : aucun mot de passe n’est demandé.</p>"
        f'<form method="post"><input type="hidden" name="waiting" value="{escape(waiting)}">'
        f"<fieldset><legend>Qui se connecte ?</legend>{choices}</fieldset>"
        '<button type="submit" name="answer" value="yes">Se connecter</button>'
        '<button type="submit" name="answer" value="no" class="no" formnovalidate>Annuler</button></form>',
    )


def telephone(waiting: Sequence[tuple[TelephoneRequest, Person | None]], said: str = "") -> str:
    """What is asked of professionals on their telephones."""
    items = "".join(_asked(asked, person) for asked, person in waiting)
    return _page(
        "Téléphone (e-CPS)",
        (f'<p role="status" class="note">{escape(said)}</p>' if said else "")
        + (f"<ul>{items}</ul>" if items else "<p>Aucune demande de connexion en attente.</p>")
        + '<p><a href="/telephone">Actualiser</a></p>',
    )


def _asked(asked: TelephoneRequest, person: Person | None) -> str:
    name = escape(person.name if person else asked.id_nat)
    yes = f'type="submit" name="answer" value="approve" aria-label="Approuver la connexion de {name}"'
    return (
        f"<li><p>{name} : le logiciel <b>{escape(asked.client_id)}</b> demande à se connecter. Vérifiez que votre "
        f'logiciel affiche : <strong class="code">{escape(asked.binding_message)}</strong></p>'
        f'<form method="post"><input type="hidden" name="auth_req_id" value="{escape(asked.id)}">'
        f"<button {yes}>Approuver</button>"
        '<button type="submit" name="answer" value="refuse" class="no">Refuser</button></form></li>'
    )


def signed_out() -> str:
    return _page("Déconnexion", "<p>Vous êtes déconnecté.</p>")


def nothing_to_end() -> str:
    return _page("Déconnexion", "<p>Aucune session à terminer.</p>")


def error(description: str) -> str:
    return _page("La demande n’est pas valable", f"<p>{escape(description)}</p>")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>{title} – bac à sable Pro Santé Connect</title>'
        f"<style>{_STYLE}</style></head><body><header><p>Bac à sable de Carnet : ceci n’est pas Pro Santé Connect."
        f"</p></header><main><h1>{title}</h1>{body}</main></body></html>"
    )
