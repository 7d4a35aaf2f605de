"""Autoconfiguration of mail clients: public, the same for everybody, and no word about who has a mailbox."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from carnet.domain.directory.queries import trust_space
from carnet.domain.directory.values import Domain, InvalidAddress, MailboxAddress
from carnet.domain.record.xml_safety import XmlRefused, parse_xml
from carnet.interfaces.web.mail_settings import autoconfig, autodiscover, mail_settings

_XML = "application/xml; charset=utf-8"
_MOST_OCTETS = 16 * 1024


@require_GET
def show_autoconfig(request: HttpRequest) -> HttpResponse:
    """``?emailaddress=`` names the domain, else the host name that was asked (``autoconfig.`` and the domain)."""
    domain = _hosted(request.GET.get("emailaddress", "") or f"@{request.get_host().partition(':')[0]}")
    return HttpResponse(autoconfig(domain, mail_settings()), content_type=_XML) if domain else HttpResponseNotFound()


@csrf_exempt
@require_POST
def show_autodiscover(request: HttpRequest) -> HttpResponse:
    """Outlook sends the address in a small document; nothing of a request changes anything here."""
    try:
        length = int(request.headers.get("Content-Length", "0"))
        raw = request.read(_MOST_OCTETS + 1) if length <= _MOST_OCTETS else b""
        address = MailboxAddress.parse(parse_xml(raw).findtext("{*}Request/{*}EMailAddress") or "")
    except (ValueError, XmlRefused):
        return HttpResponseBadRequest("A request of Autodiscover with an address is expected")
    if not _hosted(str(address)):
        return HttpResponseNotFound()
    return HttpResponse(autodiscover(str(address), mail_settings()), content_type=_XML)


def _hosted(address: str) -> str:
    """The domain of an address if its mailboxes are here, else empty."""
    try:
        domain = Domain.parse(address.rpartition("@")[2].removeprefix("autoconfig."))
    except InvalidAddress:
        return ""
    return str(domain) if trust_space().hosts(domain) else ""
