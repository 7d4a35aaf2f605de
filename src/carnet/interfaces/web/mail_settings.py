"""What mail clients learn by themselves: where the doors are, and how one signs in there.

Three ways: SRV records (RFC 6186, RFC 8314 §5.1), Mozilla's autoconfiguration (draft-ietf-mailmaint-autoconfig), and
the POX answer of Autodiscover that Outlook asks for. All from the same facts.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from django.conf import settings

_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/"
OUTLOOK_ANSWER = f"{_OUTLOOK}outlook/responseschema/2006a"


@dataclass(frozen=True)
class MailSettings:
    """The mail doors as clients reach them; a port of 0 is a door that is not opened."""

    host: str
    imap: int
    imaps: int
    submission: int
    submissions: int
    passwords: bool
    issuer: str
    authorization_url: str
    token_url: str


def mail_settings() -> MailSettings:
    """As the installation's settings say."""
    ports = settings.CARNET_MAIL_PUBLIC_PORTS
    issuer = settings.CARNET_PSC_ISSUER
    return MailSettings(
        host=settings.CARNET_MAIL_PUBLIC_HOST,
        imap=ports.get("imap", settings.CARNET_IMAP_PORT),
        imaps=ports.get("imaps", settings.CARNET_IMAPS_PORT),
        submission=ports.get("submission", settings.CARNET_SUBMISSION_PORT),
        submissions=ports.get("submissions", settings.CARNET_SUBMISSIONS_PORT),
        passwords=settings.CARNET_MAILBOX_PASSWORDS,
        issuer=issuer,
        authorization_url=settings.CARNET_PSC_AUTHORIZATION_URL or f"{issuer}/protocol/openid-connect/auth",
        token_url=f"{issuer}/protocol/openid-connect/token",
    )


def autoconfig(domain: str, doors: MailSettings) -> str:
    """Mozilla's clientConfig 1.1 for the mailboxes of a domain. TLS at once comes first (RFC 8314 §3)."""
    ways = [*(["OAuth2"] if doors.issuer else []), *(["password-cleartext"] if doors.passwords else [])]
    signs_in = "".join(f"<authentication>{way}</authentication>" for way in (*ways, "TLS-client-cert"))
    servers = "".join(
        f'<{tag} type="{kind}"><hostname>{escape(doors.host)}</hostname><port>{port}</port>'
        f"<socketType>{socket}</socketType><username>%EMAILADDRESS%</username>{signs_in}</{tag}>"
        for tag, kind, port, socket in (
            ("incomingServer", "imap", doors.imaps, "SSL"),
            ("incomingServer", "imap", doors.imap, "STARTTLS"),
            ("outgoingServer", "smtp", doors.submissions, "SSL"),
            ("outgoingServer", "smtp", doors.submission, "STARTTLS"),
        )
        if port
    )
    provider = (
        f"<oAuth2><issuer>{escape(doors.issuer)}</issuer><scope>openid scope_all</scope>"
        f"<authURL>{escape(doors.authorization_url)}</authURL><tokenURL>{escape(doors.token_url)}</tokenURL></oAuth2>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1">'
        f'<emailProvider id="{escape(domain)}"><domain>{escape(domain)}</domain>'
        f"<displayName>MSSanté {escape(domain)}</displayName><displayShortName>MSSanté</displayShortName>"
        f"{servers}</emailProvider>{provider if doors.issuer else ''}</clientConfig>"
    )


def autodiscover(address: str, doors: MailSettings) -> str:
    """Outlook's POX answer for one address: IMAP and SMTP, TLS at once where it is opened."""
    protocols = "".join(
        f"<Protocol><Type>{kind}</Type><Server>{escape(doors.host)}</Server><Port>{secure or plain}</Port>"
        f"<DomainRequired>off</DomainRequired><LoginName>{escape(address)}</LoginName><SPA>off</SPA>"
        f"<SSL>on</SSL><Encryption>{'SSL' if secure else 'TLS'}</Encryption><AuthRequired>on</AuthRequired></Protocol>"
        for kind, secure, plain in (("IMAP", doors.imaps, doors.imap), ("SMTP", doors.submissions, doors.submission))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Autodiscover xmlns="{_OUTLOOK}responseschema/2006">'
        f'<Response xmlns="{OUTLOOK_ANSWER}"><Account><AccountType>email</AccountType><Action>settings</Action>'
        f"{protocols}</Account></Response></Autodiscover>"
    )


def dns_records(domain: str, doors: MailSettings, web_url: str) -> list[str]:
    """The records to publish for a hosted domain, as lines of a zone file.

    A lower number comes first: TLS at once before STARTTLS. POP is said not to be here (RFC 6186 §3.4).
    """
    portal = urlsplit(web_url)
    host = f"{doors.host}."
    services = (
        ("_imaps", 0, doors.imaps),
        ("_imap", 10, doors.imap),
        ("_submissions", 0, doors.submissions),
        ("_submission", 10, doors.submission),
    )
    records = [f"{domain}. IN MX 10 {host}"]
    records += [f"{name}._tcp.{domain}. IN SRV {first} 1 {port} {host}" for name, first, port in services if port]
    records += [f"{name}._tcp.{domain}. IN SRV 0 0 0 ." for name in ("_pop3", "_pop3s")]
    records.append(f"autoconfig.{domain}. IN CNAME {portal.hostname}.")
    if portal.scheme == "https":
        records.append(f"_autodiscover._tcp.{domain}. IN SRV 0 0 {portal.port or 443} {portal.hostname}.")
    return records
