"""Django's settings, all derived from ``environment``."""

import hashlib
import os
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from carnet.config import environment
from carnet.foundation import logs


def _routes(items: tuple[str, ...]) -> dict[str, str]:
    """`domain=host:port`, each."""
    routes = {}
    for item in items:
        domain, _, host = item.partition("=")
        if not domain or not host.rpartition(":")[0] or not host.rpartition(":")[2].isdigit():
            raise environment.BadSetting(f"CARNET_ROUTES={item!r}: domain=host:port is expected")
        routes[domain.lower().rstrip(".")] = host
    return routes


def _is_long(text: str) -> bool:
    return len(text) >= 32


_MAIL_DOORS = ("submission", "submissions", "imap", "imaps")
# RFC 7518 §3.1, without "none" and without the secrets shared with a client.
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


def _ports(items: tuple[str, ...]) -> dict[str, int]:
    """Doors with their public port, from ``door=number``."""
    found = {}
    for item in items:
        door, _, number = item.partition("=")
        if door not in _MAIL_DOORS or not number.isdecimal() or int(number) > 65535:
            raise environment.BadSetting(
                f"CARNET_MAIL_PUBLIC_PORTS: {item!r}: door=port is expected, the door one of {', '.join(_MAIL_DOORS)}"
            )
        found[door] = int(number)
    return found


def _passwords(choice: str, production: bool) -> bool:
    return choice == "yes" or (choice == "in-demo" and not production)


def _check_sign_in_of_professionals() -> None:
    """A code or a token that travels in clear lets whoever reads it into mailboxes."""
    if not CARNET_PSC_CLIENT_ID:
        return
    if not CARNET_PSC_ISSUER or CARNET_PSC_CLIENT_SECRET_FILE is None:
        raise environment.BadSetting(
            "CARNET_PSC_CLIENT_ID: CARNET_PSC_ISSUER and CARNET_PSC_CLIENT_SECRET_FILE are needed with it"
        )
    if "openid" not in CARNET_PSC_SCOPES:
        raise environment.BadSetting("CARNET_PSC_SCOPES: openid must be among them")
    addresses = [("CARNET_PSC_ISSUER", CARNET_PSC_ISSUER), ("CARNET_PSC_DISCOVERY_URL", CARNET_PSC_DISCOVERY_URL)]
    if CARNET_PRODUCTION:
        addresses.append(("CARNET_WEB_URL", CARNET_WEB_URL))
    for name, address in addresses:
        parts = urlsplit(address)
        on_loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and (CARNET_PRODUCTION or not on_loopback):
            raise environment.BadSetting(
                f"{name}: an https: address is expected where professionals sign in (http: in a demo on loopback only)"
            )


def _product_reference(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise environment.BadSetting(
            f"CARNET_PRODUCT_REFERENCE: {text!r}: at most 64 letters, digits, dots, hyphens, underscores"
        )
    return text


def _algorithms(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        if item not in _SIGNATURES:
            raise environment.BadSetting(
                f"CARNET_PSC_ALGORITHMS: {item!r}: some of {', '.join(_SIGNATURES)} are expected"
            )
    return items


# --- Carnet's own -----------------------------------------------------------------------------------------------
CARNET_DATA_DIR: Path = environment.value("CARNET_DATA_DIR")
CARNET_DATABASE_URL: str = environment.value("CARNET_DATABASE_URL")
CARNET_MASTER_KEY_FILE: Path = environment.value("CARNET_MASTER_KEY_FILE") or CARNET_DATA_DIR / "keys" / "master"
CARNET_BODIES_DIR: Path = environment.value("CARNET_BODIES_DIR") or CARNET_DATA_DIR / "bodies"
CARNET_SPOOL_DIR: Path = environment.value("CARNET_SPOOL_DIR") or CARNET_DATA_DIR / "spool"
CARNET_OUTBOX_DIR: Path = environment.value("CARNET_OUTBOX_DIR") or CARNET_DATA_DIR / "outbox"
CARNET_PRODUCTION: bool = environment.value("CARNET_MODE") == "production"
CARNET_BIND: str = environment.value("CARNET_BIND")
CARNET_WEB_PORT: int = environment.value("CARNET_WEB_PORT")
CARNET_SMTP_PORT: int = environment.value("CARNET_SMTP_PORT")
CARNET_SUBMISSION_PORT: int = environment.value("CARNET_SUBMISSION_PORT")
CARNET_IMAP_PORT: int = environment.value("CARNET_IMAP_PORT")
CARNET_SUBMISSIONS_PORT: int = environment.value("CARNET_SUBMISSIONS_PORT")
CARNET_IMAPS_PORT: int = environment.value("CARNET_IMAPS_PORT")
CARNET_MAIL_PUBLIC_PORTS: dict[str, int] = _ports(environment.value("CARNET_MAIL_PUBLIC_PORTS"))
CARNET_MAILBOX_PASSWORDS: bool = _passwords(environment.value("CARNET_MAILBOX_PASSWORDS"), CARNET_PRODUCTION)
CARNET_TOKEN_ENDS_SESSION: bool = environment.value("CARNET_TOKEN_SESSION") == "end"
CARNET_PSC_ISSUER: str = environment.value("CARNET_PSC_ISSUER").rstrip("/")
CARNET_PSC_AUDIENCES: tuple[str, ...] = environment.value("CARNET_PSC_AUDIENCES")
CARNET_PSC_JWKS_URL: str = environment.value("CARNET_PSC_JWKS_URL")
CARNET_PSC_AUTHORIZATION_URL: str = environment.value("CARNET_PSC_AUTHORIZATION_URL")
CARNET_PSC_CA_FILE: Path | None = environment.value("CARNET_PSC_CA_FILE")
CARNET_PSC_ALGORITHMS: tuple[str, ...] = _algorithms(environment.value("CARNET_PSC_ALGORITHMS"))
CARNET_PSC_LEEWAY_SECONDS: int = environment.value("CARNET_PSC_LEEWAY_SECONDS")
CARNET_PSC_KEYS_SECONDS: int = environment.value("CARNET_PSC_KEYS_SECONDS")
CARNET_PSC_KEYS_KEEP_SECONDS: int = environment.value("CARNET_PSC_KEYS_KEEP_SECONDS")
CARNET_PSC_CLIENT_ID: str = environment.value("CARNET_PSC_CLIENT_ID")
CARNET_PSC_CLIENT_SECRET_FILE: Path | None = environment.value("CARNET_PSC_CLIENT_SECRET_FILE")
CARNET_PSC_DISCOVERY_URL: str = environment.value("CARNET_PSC_DISCOVERY_URL") or (
    f"{CARNET_PSC_ISSUER}/.well-known/wallet-openid-configuration"
)
CARNET_PSC_SCOPES: tuple[str, ...] = environment.value("CARNET_PSC_SCOPES")
CARNET_PSC_LEVELS: tuple[str, ...] = environment.value("CARNET_PSC_LEVELS")
CARNET_DESK_SESSION_SECONDS: int = environment.value("CARNET_DESK_SESSION_SECONDS")
CARNET_SANDBOX_PSC_PORT: int = environment.value("CARNET_SANDBOX_PSC_PORT")
CARNET_SANDBOX_PSC_TOKEN_SECONDS: int = environment.value("CARNET_SANDBOX_PSC_TOKEN_SECONDS")
CARNET_SANDBOX_PSC_APPROVE: bool = environment.value("CARNET_SANDBOX_PSC_APPROVE") == "always"
CARNET_INSI_URL: str = environment.value("CARNET_INSI_URL")
CARNET_INSI_CA_FILE: Path | None = environment.value("CARNET_INSI_CA_FILE")
CARNET_INSI_CERT_FILE: Path | None = environment.value("CARNET_INSI_CERT_FILE")
CARNET_INSI_KEY_FILE: Path | None = environment.value("CARNET_INSI_KEY_FILE")
CARNET_INSI_SECONDS: int = environment.value("CARNET_INSI_SECONDS")
CARNET_SANDBOX_INSI_PORT: int = environment.value("CARNET_SANDBOX_INSI_PORT")
CARNET_WEB_URL: str = environment.value("CARNET_WEB_URL") or f"http://{CARNET_BIND}:{CARNET_WEB_PORT}"
_check_sign_in_of_professionals()
CARNET_WEB_WORKERS: int = environment.value("CARNET_WEB_WORKERS")
CARNET_TLS_CERT_FILE: Path | None = environment.value("CARNET_TLS_CERT_FILE")
CARNET_TLS_KEY_FILE: Path | None = environment.value("CARNET_TLS_KEY_FILE")
CARNET_PATIENT_DOMAIN: str = environment.value("CARNET_PATIENT_DOMAIN").lower()
CARNET_HOSTNAME: str = environment.value("CARNET_HOSTNAME")
CARNET_MAIL_PUBLIC_HOST: str = environment.value("CARNET_MAIL_PUBLIC_HOST") or (
    CARNET_HOSTNAME if CARNET_PRODUCTION else CARNET_BIND
)
CARNET_MAX_MESSAGE_BYTES: int = environment.value("CARNET_MAX_MESSAGE_BYTES")
CARNET_MAX_RECIPIENTS: int = environment.value("CARNET_MAX_RECIPIENTS")
CARNET_REFUSE_AT_RCPT: bool = environment.value("CARNET_RECIPIENT_REFUSAL") == "at-rcpt"
CARNET_ROUTES: dict[str, str] = _routes(environment.value("CARNET_ROUTES"))
CARNET_DNS_SERVERS: tuple[str, ...] = environment.value("CARNET_DNS_SERVERS")
CARNET_OUTBOUND_PORT: int = environment.value("CARNET_OUTBOUND_PORT")
CARNET_OUTBOUND_CONNECTIONS: int = environment.value("CARNET_OUTBOUND_CONNECTIONS")
CARNET_OUTBOUND_CONNECTIONS_PER_HOP: int = environment.value("CARNET_OUTBOUND_CONNECTIONS_PER_HOP")
CARNET_OUTBOUND_MESSAGES_PER_CONNECTION: int = environment.value("CARNET_OUTBOUND_MESSAGES_PER_CONNECTION")
CARNET_OUTBOUND_RECIPIENTS: int = environment.value("CARNET_OUTBOUND_RECIPIENTS")
CARNET_OUTBOUND_IDLE_SECONDS: int = environment.value("CARNET_OUTBOUND_IDLE_SECONDS")
CARNET_OUTBOUND_CONNECT_SECONDS: int = environment.value("CARNET_OUTBOUND_CONNECT_SECONDS")
CARNET_OUTBOUND_REPLY_SECONDS: int = environment.value("CARNET_OUTBOUND_REPLY_SECONDS")
CARNET_OUTBOUND_CONTENT_SECONDS: int = environment.value("CARNET_OUTBOUND_CONTENT_SECONDS")
CARNET_OUTBOUND_RETRY_SECONDS: int = environment.value("CARNET_OUTBOUND_RETRY_SECONDS")
CARNET_OUTBOUND_WARN_SECONDS: int = environment.value("CARNET_OUTBOUND_WARN_SECONDS")
CARNET_OUTBOUND_GIVE_UP_SECONDS: int = environment.value("CARNET_OUTBOUND_GIVE_UP_SECONDS")
CARNET_SMTP_MAX_CONNECTIONS: int = environment.value("CARNET_SMTP_MAX_CONNECTIONS")
CARNET_SMTP_MAX_CONNECTIONS_PER_PEER: int = environment.value("CARNET_SMTP_MAX_CONNECTIONS_PER_PEER")
CARNET_SMTP_IDLE_SECONDS: int = environment.value("CARNET_SMTP_IDLE_SECONDS")
CARNET_IMAP_WORKERS: int = environment.value("CARNET_IMAP_WORKERS")
CARNET_IMAP_NEEDS_TLS: bool = environment.value("CARNET_IMAP_TLS") == "required"
CARNET_IMAP_MAX_CONNECTIONS: int = environment.value("CARNET_IMAP_MAX_CONNECTIONS")
CARNET_IMAP_MAX_CONNECTIONS_PER_PEER: int = environment.value("CARNET_IMAP_MAX_CONNECTIONS_PER_PEER")
CARNET_MAILBOX_QUOTA_BYTES: int = environment.value("CARNET_MAILBOX_QUOTA_BYTES")
CARNET_EXPUNGED_KEPT_DAYS: int = environment.value("CARNET_EXPUNGED_KEPT_DAYS")
CARNET_OPERATORS_DOOR_MUTUAL: bool = environment.value("CARNET_OPERATORS_DOOR_TLS") == "mutual"
CARNET_SMTP_MUTUAL_PORT: int = environment.value("CARNET_SMTP_MUTUAL_PORT")
CARNET_OPERATORS_CA_FILE: Path | None = environment.value("CARNET_OPERATORS_CA_FILE")
CARNET_CRL_FILES: tuple[Path, ...] = environment.value("CARNET_CRL_FILES")
CARNET_CRL_URLS: tuple[str, ...] = environment.value("CARNET_CRL_URLS")
CARNET_CRL_REFRESH_SECONDS: int = environment.value("CARNET_CRL_REFRESH_SECONDS")
CARNET_CRL_GRACE_SECONDS: int = environment.value("CARNET_CRL_GRACE_SECONDS")
CARNET_CRL_REQUIRED: bool = environment.value("CARNET_CRL_REQUIRED")
CARNET_TRUST_LIST_URL: str = environment.value("CARNET_TRUST_LIST_URL")
CARNET_TRUST_LIST_CA_FILE: Path | None = environment.value("CARNET_TRUST_LIST_CA_FILE")
CARNET_TRUST_LIST_REFRESH_SECONDS: int = environment.value("CARNET_TRUST_LIST_REFRESH_SECONDS")
CARNET_TRUST_LIST_MAX_LOSS_PERCENT: int = environment.value("CARNET_TRUST_LIST_MAX_LOSS_PERCENT")
CARNET_CLAMAV: str = environment.value("CARNET_CLAMAV")
CARNET_CLAMAV_SECONDS: int = environment.value("CARNET_CLAMAV_SECONDS")
CARNET_QUARANTINE_DAYS: int = environment.value("CARNET_QUARANTINE_DAYS")
CARNET_REFUSED_CONTENT: frozenset[str] = frozenset(environment.value("CARNET_REFUSED_CONTENT"))
CARNET_WITHHELD_CONTENT: frozenset[str] = frozenset(environment.value("CARNET_WITHHELD_CONTENT"))
CARNET_MIN_FREE_BYTES: int = environment.value("CARNET_MIN_FREE_BYTES")
CARNET_SMTP_IN_FLIGHT_BYTES: int = environment.value("CARNET_SMTP_IN_FLIGHT_BYTES")
CARNET_SMTP_MIN_BYTES_PER_SECOND: int = environment.value("CARNET_SMTP_MIN_BYTES_PER_SECOND")
CARNET_SMTP_REFUSED_RECIPIENTS: int = environment.value("CARNET_SMTP_REFUSED_RECIPIENTS")
CARNET_PEER_MESSAGES_PER_MINUTE: int = environment.value("CARNET_PEER_MESSAGES_PER_MINUTE")
CARNET_MAILBOX_MESSAGES_PER_MINUTE: int = environment.value("CARNET_MAILBOX_MESSAGES_PER_MINUTE")
CARNET_SUSPENDED_MAIL: str = environment.value("CARNET_SUSPENDED_MAIL")
CARNET_MAILBOX_CLOSING_NOTICE_DAYS: int = environment.value("CARNET_MAILBOX_CLOSING_NOTICE_DAYS")
CARNET_MAILBOX_KEEP_DAYS: int = environment.value("CARNET_MAILBOX_KEEP_DAYS")
CARNET_MAILBOX_DORMANT_DAYS: int = environment.value("CARNET_MAILBOX_DORMANT_DAYS")
CARNET_MAILBOX_DORMANT_ACTION: str = environment.value("CARNET_MAILBOX_DORMANT_ACTION")
CARNET_MAILBOX_DORMANT_NOTICE_DAYS: int = environment.value("CARNET_MAILBOX_DORMANT_NOTICE_DAYS")
CARNET_MAILBOX_TRACE_DAYS: int = environment.value("CARNET_MAILBOX_TRACE_DAYS")
CARNET_PRODUCT_REFERENCE: str = _product_reference(environment.value("CARNET_PRODUCT_REFERENCE"))
CARNET_DESK_ANSWER_HOURS: int = environment.value("CARNET_DESK_ANSWER_HOURS")
CARNET_SENDING_PER_MINUTE: int = max(1, environment.value("CARNET_SENDING_PER_MINUTE"))
CARNET_SENDING_KEPT_DAYS: int = environment.value("CARNET_SENDING_KEPT_DAYS")
CARNET_HOLDER_DOCUMENT_BYTES: int = environment.value("CARNET_HOLDER_DOCUMENT_BYTES")
CARNET_HOLDER_MESSAGE_BYTES: int = environment.value("CARNET_HOLDER_MESSAGE_BYTES")
CARNET_PHARMACY_SECTORS: tuple[str, ...] = environment.value("CARNET_PHARMACY_SECTORS")
CARNET_SENT_DRAFT_DAYS: int = environment.value("CARNET_SENT_DRAFT_DAYS")
CARNET_SIGN_IN_CODE_SECONDS: int = environment.value("CARNET_SIGN_IN_CODE_SECONDS")
CARNET_ACTIVATION_CODE_SECONDS: int = environment.value("CARNET_ACTIVATION_CODE_SECONDS")
CARNET_ACTIVATION_CODE_PAUSE_SECONDS: int = environment.value("CARNET_ACTIVATION_CODE_PAUSE_SECONDS")
CARNET_DIRECTORY_VANISH_PERCENT: int = environment.value("CARNET_DIRECTORY_VANISH_PERCENT")
CARNET_DIRECTORY_REQUESTS_PER_MINUTE: int = environment.value("CARNET_DIRECTORY_REQUESTS_PER_MINUTE")
CARNET_DIRECTORY_PAGE_MAX: int = environment.value("CARNET_DIRECTORY_PAGE_MAX")
CARNET_INDICATOR_DAYS_BEFORE: int = environment.value("CARNET_INDICATOR_DAYS_BEFORE")
CARNET_INDICATOR_DAYS_AFTER: int = environment.value("CARNET_INDICATOR_DAYS_AFTER")
CARNET_PUSH_HOSTS: tuple[str, ...] = environment.value("CARNET_PUSH_HOSTS")
CARNET_PUSH_CONTACT: str = environment.value("CARNET_PUSH_CONTACT") or (
    f"mailto:{parseaddr(environment.value('CARNET_NOTIFY_FROM'))[1]}"
)
CARNET_METRICS: bool = environment.value("CARNET_METRICS")
CARNET_LOG_LEVEL: str = environment.value("CARNET_LOG_LEVEL")


# --- Django's ---------------------------------------------------------------------------------------------------
def _secret_key() -> str:
    """The signing secret: its own file, made at first use by a demo; a digest of nothing else."""
    path: Path = environment.value("CARNET_SECRET_KEY_FILE") or CARNET_DATA_DIR / "keys" / "signing"
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        # Commands that run before the data folder exists (help, key creation) need no lasting secret.
        return hashlib.sha256(os.urandom(32)).hexdigest()
    if not _is_long(text):
        raise environment.BadSetting(f"{path}: a signing secret has at least 32 characters")
    return text


def _database() -> dict[str, Any]:
    """Django's database entry for the URL: PostgreSQL only."""
    parts = urlsplit(CARNET_DATABASE_URL)
    query = dict(parse_qsl(parts.query))
    if CARNET_DATABASE_URL and parts.scheme not in ("postgresql", "postgres"):
        raise environment.BadSetting("CARNET_DATABASE_URL: a postgresql:// address is expected")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "carnet",
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or query.pop("password", "")),
        "HOST": unquote(parts.hostname or query.pop("host", "")),
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "carnet", **query},
    }


SECRET_KEY = _secret_key()
DEBUG: bool = environment.value("CARNET_DEBUG")
# A demo may be reached under any name (a forwarded port); an installation answers to its own, and to its health checks.
_own_names = [urlsplit(CARNET_WEB_URL).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
_own_names += environment.value("CARNET_WEB_OTHER_HOSTS")
ALLOWED_HOSTS = ["*"] if CARNET_BIND in ("127.0.0.1", "::1") and not CARNET_PRODUCTION else _own_names
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "carnet.config.urls"
WSGI_APPLICATION = "carnet.config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "carnet.interfaces.web",  # before allauth, whose pages its own replace
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
    "carnet.foundation",
    "carnet.domain.nomenclature",
    "carnet.domain.identity",
    "carnet.domain.directory",
    "carnet.domain.audit",
    "carnet.domain.notifications",
    "carnet.domain.spaces",
    "carnet.domain.record",
    "carnet.domain.profile",
    "carnet.domain.messaging",
    "carnet.domain.pathways",
    "carnet.domain.indicators",
]

MIDDLEWARE = [
    "carnet.interfaces.web.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "carnet.interfaces.web.context.portal",
            ],
        },
    }
]

# people and their sign-in: password, then a one-time code by e-mail, each time
AUTH_USER_MODEL = "spaces.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "carnet.domain.spaces.passwords.PasswordRule"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "carnet.interfaces.web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_REQUIRED = {"password"}
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = CARNET_SIGN_IN_CODE_SECONDS
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "welcome"
ACCOUNT_PASSWORD_CHANGE_REDIRECT_URL = "settings"  # noqa: S105 - a page, no password

MESSAGE_STORAGE = "carnet.interfaces.web.notices.SealedNotices"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = environment.value("CARNET_SESSION_IDLE_SECONDS")
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "carnet.interfaces.web.errors.csrf_failure"
_https = CARNET_WEB_URL.startswith("https:")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31536000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
CSRF_TRUSTED_ORIGINS = [CARNET_WEB_URL] if _https else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The counters of tries live here: beyond the default of 300 entries a crowd of tries would push out its own count.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

# uploads are bounded, and never written to a disk in clear
FILE_UPLOAD_HANDLERS = ["carnet.interfaces.web.uploads.InMemoryUpload"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# languages
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [Path(__file__).parent.parent / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"
FORMAT_MODULE_PATH = None

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from the package: nothing to collect
WHITENOISE_AUTOREFRESH = False

# e-mail to people
DEFAULT_FROM_EMAIL = environment.value("CARNET_NOTIFY_FROM")
EMAIL_FILE_PATH = str(CARNET_OUTBOX_DIR)
if environment.value("CARNET_NOTIFY_BY") == "smtp":
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = environment.value("CARNET_NOTIFY_SMTP_HOST")
    EMAIL_PORT = environment.value("CARNET_NOTIFY_SMTP_PORT")
    EMAIL_HOST_USER = environment.value("CARNET_NOTIFY_SMTP_USER")
    _password_file = environment.value("CARNET_NOTIFY_SMTP_PASSWORD_FILE")
    EMAIL_HOST_PASSWORD = _password_file.read_text().strip() if _password_file else ""
    EMAIL_USE_TLS = environment.value("CARNET_NOTIFY_SMTP_STARTTLS")
    EMAIL_TIMEOUT = 30
else:
    EMAIL_BACKEND = "carnet.foundation.outbox.OutboxBackend"

# jobs
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_IMPORT_PATHS = [
    "carnet.foundation.jobs",
    "carnet.domain.notifications.push_jobs",
    "carnet.domain.messaging.mailbox_jobs",
    "carnet.domain.messaging.folder_jobs",
    "carnet.domain.messaging.desk_jobs",
]

# logs: JSON lines without personal data (see foundation.logs)
LOGGING_CONFIG = None
logs.configure(CARNET_LOG_LEVEL, environment.value("CARNET_LOG_FILE"))
