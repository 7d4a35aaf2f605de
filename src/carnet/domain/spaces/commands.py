"""The life of a space: opening, activation, closing; and its holder's settings."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from carnet.domain.audit.commands import leave
from carnet.domain.identity.models import Person
from carnet.domain.identity.queries import display_name, traits_of
from carnet.domain.identity.values import Ins, InvalidIns
from carnet.domain.notifications.commands import (
    mark_activated,
    send_code,
    set_contact_point,
    set_language,
    set_preferences,
)
from carnet.domain.notifications.push import unsubscribe
from carnet.domain.notifications.queries import contact_email
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.domain.spaces.access import decide, event, open_space
from carnet.domain.spaces.models import Account, ActivationCode, HealthSpace
from carnet.domain.spaces.values import SYSTEM, Act, Actor, ActorKind, Decision, InvalidLogin, Login, Refusal, refused
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys, owner_key

log = logs.get("spaces")

CODE_LENGTH = 12
"""An activation code has 12 letters and digits (the code provisoire of Mon espace santé)."""
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_TRIES = 5


@transaction.atomic
def open_space_of(person_id: UUID, *, email: str = "", language: str = "fr", opposed: bool = False) -> UUID:
    """Open a person's space, so that mail can arrive; or keep only that they opposed. Returns the space's id."""
    person = Person.objects.get(id=person_id)
    space = HealthSpace.objects.create(
        id=new_id(),
        person=person,
        ins=person.ins,
        state=HealthSpace.State.OPPOSED if opposed else HealthSpace.State.OPEN,
        opened_at=None if opposed else now(),
    )
    create_owner_keys([space.id])
    if email:
        set_contact_point(space.id, email=email, language=language)
    return space.id


@transaction.atomic
def close_space(space_id: UUID) -> None:
    """Close a space: nothing arrives any more, its holder's sign-in ends. Closing twice changes nothing."""
    changed = HealthSpace.objects.filter(
        id=space_id, state__in=[HealthSpace.State.OPEN, HealthSpace.State.ACTIVATED]
    ).update(state=HealthSpace.State.CLOSED, closed_at=now())
    if changed:
        Account.objects.filter(space_id=space_id).update(is_active=False)


def _code_digest(space_id: UUID, code: str) -> bytes:
    return owner_key(space_id).digest("activation-code", code.encode())


def tidy_code(text: str) -> str:
    """A code as it was made: capitals, without the spaces and hyphens that people add."""
    return "".join(c for c in text.upper() if c.isalnum())


def request_activation(ins_text: str, birth_date: date) -> None:
    """Send an activation code to the known e-mail address of the person with this INS and birth date.

    Says nothing of whether there is one: who asks learns nothing. A new code replaces the older one; one at most every
    30 seconds for a person (setting).
    """
    try:
        ins = Ins.parse(ins_text)
    except InvalidIns:
        return
    space = HealthSpace.objects.filter(ins=str(ins), state=HealthSpace.State.OPEN).first()
    if space is None or traits_of(space.person_id).birth_date != birth_date:
        return
    with transaction.atomic():
        at = now()
        pause = timedelta(seconds=settings.CARNET_ACTIVATION_CODE_PAUSE_SECONDS)
        if ActivationCode.objects.filter(space=space, created_at__gt=at - pause).exists():
            return
        issue_activation_code(space.id)


@transaction.atomic
def issue_activation_code(space_id: UUID) -> str:
    """Make a new single-use code for an open space, and send it to the person. Returns the code."""
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(CODE_LENGTH))
    at = now()
    ActivationCode.objects.update_or_create(
        space_id=space_id,
        defaults={
            "digest": _code_digest(space_id, code),
            "created_at": at,
            "expires_at": at + timedelta(seconds=settings.CARNET_ACTIVATION_CODE_SECONDS),
            "used_at": None,
            "attempts": 0,
        },
    )
    send_code(space_id, code)
    return code


@dataclass(frozen=True)
class Activation:
    """What a person gives to activate their space."""

    ins: str
    birth_date: date
    code: str
    login: str
    password: str
    language: str = "fr"


class ActivationRefused(Exception):
    """The activation cannot be done; ``field`` names what to correct, ``problem`` is a code to put in words."""

    def __init__(self, field: str, problem: str, sentences: list[str] | None = None) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.sentences = sentences or []


def activate(wanted: Activation) -> Account:
    """Activate an open space and make its holder's account. Raises ``ActivationRefused``.

    1. The code must be the space's, unused, unexpired, and tried fewer than five times; each wrong try counts.
    2. The login and the password must keep their rules, and the login be free.
    3. The space becomes activated, the code used, the account exists: all or nothing.
    """
    space = _space_for_code(wanted)
    try:
        login = Login(wanted.login)
    except InvalidLogin:
        raise ActivationRefused("login", "invalid-login") from None
    account = Account(
        login=str(login),
        email=contact_email(space.id),
        space=space,
        language=wanted.language,
        terms_accepted_at=now(),
    )
    try:
        validate_password(wanted.password, account)
    except ValidationError as problem:
        raise ActivationRefused("password1", "weak-password", list(problem.messages)) from None
    account.set_password(wanted.password)
    with transaction.atomic():
        at = now()
        if not ActivationCode.objects.filter(space=space, used_at=None).update(used_at=at):
            raise ActivationRefused("code", "wrong-code")
        try:
            with transaction.atomic():
                account.save(force_insert=True)
        except IntegrityError:
            raise ActivationRefused("login", "login-taken") from None
        HealthSpace.objects.filter(id=space.id, state=HealthSpace.State.OPEN).update(
            state=HealthSpace.State.ACTIVATED, activated_at=at
        )
        set_language(space.id, wanted.language)
        mark_activated(space.id)
        leave(event(holder(space), Act.ACTIVATE, space.id))
    return account


def _space_for_code(wanted: Activation) -> HealthSpace:
    """The open space that the INS, the birth date and the code name together; a wrong try is counted."""
    wrong = ActivationRefused("code", "wrong-code")
    try:
        ins = Ins.parse(wanted.ins)
    except InvalidIns:
        raise wrong from None
    space = HealthSpace.objects.filter(ins=str(ins), state=HealthSpace.State.OPEN).first()
    if space is None or traits_of(space.person_id).birth_date != wanted.birth_date:
        raise wrong
    with transaction.atomic():
        kept = ActivationCode.objects.select_for_update().filter(space=space).first()
        if kept is None or kept.used_at or kept.attempts >= _CODE_TRIES or kept.expires_at < now():
            raise wrong
        digest = _code_digest(space.id, tidy_code(wanted.code))
        right = hmac.compare_digest(hashlib.sha256(digest).digest(), hashlib.sha256(bytes(kept.digest)).digest())
        if not right:
            ActivationCode.objects.filter(space=space).update(attempts=kept.attempts + 1)
    if not right:
        raise wrong
    return space


@transaction.atomic
def create_account(space_id: UUID, *, login: Login, email: str, password: str, language: str = "fr") -> Account:
    """Activate a space on behalf of its holder (a sandbox, a desk that checked who they are)."""
    space = HealthSpace.objects.get(id=space_id)
    account = Account(login=str(login), email=email, space=space, language=language, terms_accepted_at=now())
    account.set_password(password)
    account.save(force_insert=True)
    HealthSpace.objects.filter(id=space_id, state=HealthSpace.State.OPEN).update(
        state=HealthSpace.State.ACTIVATED, activated_at=now()
    )
    mark_activated(space_id)
    leave(event(SYSTEM, Act.ACTIVATE, space_id))
    return account


def holder(space: HealthSpace) -> Actor:
    """The holder of a space, as an actor under their own name."""
    return Actor(ActorKind.HOLDER, display_name(traits_of(space.person_id)), space_id=space.id)


@transaction.atomic
def change_settings(
    account: Account, *, language: str, notifications: Mapping[Channel, set[NotificationKind]] | None = None
) -> Decision | None:
    """Keep the holder's language, and what they want to be told by each channel given. ``None`` when done."""
    if account.space is None:
        Account.objects.filter(pk=account.pk).update(language=language)
        return None
    opened = open_space(holder(account.space), Act.CHANGE_SETTINGS, account.space.id)
    if isinstance(opened, Decision):
        return opened
    Account.objects.filter(pk=account.pk).update(language=language)
    set_language(account.space.id, language)
    for channel, wanted in (notifications or {}).items():
        set_preferences(account.space.id, wanted, channel)
    return None


@transaction.atomic
def forget_device(account: Account, device_id: UUID) -> Decision | None:
    """A browser of the holder's is told no more. ``None`` when done; refused when there is none of that name."""
    if account.space is None:
        return refused(Refusal.NOT_FOUND)
    actor = holder(account.space)
    decision = decide(actor, Act.CHANGE_SETTINGS, account.space.id, account.space.state)
    if decision and not unsubscribe(account.space.id, device_id):
        decision = refused(Refusal.NOT_FOUND)
    leave(event(actor, Act.CHANGE_SETTINGS, account.space.id, decision))
    return None if decision else decision


def signed_in(account: Account) -> None:
    """The person has signed in: a holder's trail has it, the log for who has no space."""
    _note(account, Act.SIGN_IN)


def sign_in_refused(account: Account, why: Refusal) -> None:
    """Somebody who knew the password did not get in."""
    _note(account, Act.SIGN_IN, why)


def signed_out(account: Account) -> None:
    """The person has signed out."""
    _note(account, Act.SIGN_OUT)


@transaction.atomic
def _note(account: Account, act: Act, why: Refusal | None = None) -> None:
    if account.space is None:
        reason = why.value if why else None
        if account.role == Account.Role.ADMINISTRATOR:
            log.info("administrator", account=account.pk, act=act.value, reason=reason)
        else:
            log.info("professional", account=account.pk, act=act.value, reason=reason)
    elif why is None:
        leave(event(holder(account.space), act, account.space.id))
    else:
        leave(event(holder(account.space), act, account.space.id, refused(why)))


def professional_account(rpps: str, *, language: str = "fr") -> Account:
    """The account of an active professional, made at their first sign-in: no password opens it.

    ``rpps`` was proved by Pro Santé Connect and is in the directory.
    """
    account, _made = Account.objects.get_or_create(
        professional_id=rpps,
        defaults={
            # No holder can choose a login with a colon.
            "login": f"psc:{rpps}",
            "role": Account.Role.PROFESSIONAL,
            "password": make_password(None),
            "language": language,
            "terms_accepted_at": now(),
        },
    )
    return account


@transaction.atomic
def create_administrator(*, login: Login, email: str, password: str, language: str = "fr") -> Account:
    """An account for the console of this installation. Raises ``ValidationError`` for a weak password.

    Raises ``IntegrityError`` when the login is taken.
    """
    account = Account(
        login=str(login),
        email=email,
        role=Account.Role.ADMINISTRATOR,
        language=language,
        terms_accepted_at=now(),
    )
    validate_password(password, account)
    account.set_password(password)
    account.save(force_insert=True)
    return account
