"""Health spaces, and the accounts by which people sign in to the portal."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from carnet.domain.identity.models import Person, Professional


class HealthSpace(models.Model):
    """A person's space. Open: mail arrives. Activated: its holder has signed in. Closed, opposed: nothing arrives."""

    class State(models.TextChoices):
        OPEN = "open"
        ACTIVATED = "activated"
        CLOSED = "closed"
        OPPOSED = "opposed"

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    ins = models.CharField(max_length=15)
    state = models.CharField(max_length=10, choices=State)
    opened_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "spaces_health_space"
        constraints = [
            models.UniqueConstraint(
                fields=["ins"],
                condition=models.Q(state__in=["open", "activated"]),
                name="one_living_space",
            )
        ]
        indexes = [models.Index(fields=["ins"], name="space_by_ins")]


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(login=username)


class Account(AbstractBaseUser):
    """A person's means of signing in. The e-mail address is in clear: the one-time code is sent there at sign-in.

    A holder's account is the way into their space, and into no other. An administrator's opens the console of the
    installation: the trust list, the queue, the counts; no space, no mailbox, no message. A professional's opens the
    desk: the mailboxes that the directory lets them use on that day. They sign in with Pro Santé Connect: ``login`` and
    ``professional_id`` are their RPPS, no password is usable and no e-mail address is kept.
    """

    class Role(models.TextChoices):
        HOLDER = "holder"
        ADMINISTRATOR = "administrator"
        PROFESSIONAL = "professional"

    role = models.CharField(max_length=13, choices=Role, default=Role.HOLDER)
    login = models.CharField(max_length=100, unique=True)
    email = models.EmailField()
    space = models.OneToOneField(HealthSpace, null=True, on_delete=models.CASCADE)
    professional = models.OneToOneField(Professional, null=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=2, default="fr")
    terms_accepted_at = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = AccountManager()

    class Meta:
        db_table = "spaces_account"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role="holder", space__isnull=False, professional__isnull=True)
                | models.Q(role="administrator", space__isnull=True, professional__isnull=True)
                | models.Q(role="professional", space__isnull=True, professional__isnull=False),
                name="account_opens_what_its_role_says",
            )
        ]


class ActivationCode(models.Model):
    """The single-use code by which a person activates an open space; only its digest is kept."""

    space = models.OneToOneField(HealthSpace, on_delete=models.CASCADE, primary_key=True)
    digest = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "spaces_activation_code"
