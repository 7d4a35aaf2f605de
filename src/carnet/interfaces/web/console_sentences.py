"""The console's sentences for the codes that the domain gives. Every code has one: a test holds them together."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carnet.domain.directory.queries import CertificateRefusal
from carnet.domain.directory.queries.hosted import Finding, HostedMailbox
from carnet.domain.messaging.counted import Measure
from carnet.domain.messaging.outbound.values import Problem

PROBLEMS = {
    Problem.REFUSED: _("The other operator refused it."),
    Problem.NO_ROUTE: _("There is no route to this operator."),
    Problem.NO_MAIL_HERE: _("The domain says that it takes no mail."),
    Problem.NAME_UNKNOWN: _("The domain has no mail server in the DNS."),
    Problem.NAMES_UNAVAILABLE: _("The DNS does not answer for this domain."),
    Problem.UNREACHABLE: _("The other operator cannot be reached."),
    Problem.TOO_SLOW: _("The other operator did not answer in time."),
    Problem.CONNECTION_LOST: _("The other operator ended the connection."),
    Problem.NOT_SMTP: _("What answers is not an SMTP server."),
    Problem.NO_ENCRYPTION: _("The other operator offers no encryption."),
    Problem.HANDSHAKE_FAILED: _("The encryption with the other operator could not be set up."),
    Problem.OUR_CERTIFICATE_REFUSED: _("The other operator refused the certificate of this installation."),
    Problem.NOT_CONFIGURED: _("This installation has no certificate, or no authority, for mail between operators."),
    Problem.CERTIFICATE_INVALID: _("The certificate of the other operator is not valid."),
    Problem.CERTIFICATE_REVOKED: _("The certificate of the other operator is revoked."),
    Problem.REVOCATION_UNKNOWN: _("No valid revocation list says whether the certificate still holds."),
    Problem.CERTIFICATE_NOT_LISTED: _("The trust list does not name this certificate for this domain."),
    Problem.TOO_LARGE: _("The message is larger than the other operator takes."),
    Problem.NEEDS_8BIT: _("The other operator does not take the encoding of this message."),
    Problem.NEEDS_UTF8: _("The other operator takes no accents in addresses."),
    Problem.BAD_ADDRESS: _("The address has characters that no address may have."),
    Problem.UNREADABLE: _("The message cannot be read from the store."),
    Problem.DROPPED: _("Given up by an administrator."),
}

FINDINGS = {
    Finding.NO_GEOGRAPHIC_FINESS: _("Attached to a juridical entity: indicators count geographic establishments."),
    Finding.NO_DESCRIPTION: _("Has no description for those who write from outside."),
    Finding.UNCLEAR_DESCRIPTION: _("Has a description that outsiders do not understand."),
    Finding.NO_SERVICE: _("Names no service."),
    Finding.NO_RESPONSIBLE: _("Names nobody responsible."),
    Finding.DORMANT: _("Has not been opened for long."),
    Finding.NEVER_USED: _("Was never opened."),
    Finding.SUSPENDED: _("Is suspended."),
    Finding.CLOSES_SOON: _("Closes soon."),
    Finding.RED_LIST_SHARED: _("Is for a team and on the red list: nobody finds it."),
    Finding.RED_LIST_PREFERRED: _("Is the preferred one and on the red list, where a published one would serve."),
    Finding.PROFESSIONAL_INACTIVE: _("Belongs to a professional who is no longer active in the directory."),
    Finding.ORGANIZATION_INACTIVE: _("Belongs to a structure that is closed in the directory."),
    Finding.NOT_IN_ITS_DOMAIN: _("Is of a domain that the trust list does not name."),
    Finding.DELEGATE_INACTIVE: _("Is delegated to a professional who is no longer active in the directory."),
    Finding.NOBODY_CAN_OPEN: _("Nobody can open it: no password, no delegation, no certificate."),
}

MEASURES = {
    Measure.SENT: _("Messages sent"),
    Measure.SENT_TO_PATIENTS: _("Sent to patients"),
    Measure.SENT_WITH_CDA: _("Sent with clinical documents"),
    Measure.INS_QUALIFIED: _("With a qualified INS"),
    Measure.INS_NOT_QUALIFIED: _("With an INS that is not qualified"),
    Measure.INS_NOT_SAID: _("Without a word on the INS"),
    Measure.DOCUMENT: _("Documents by code"),
    Measure.PRODUCT: _("Messages by software"),
    Measure.RECEIVED: _("Messages received"),
    Measure.RECEIVED_FROM_PATIENTS: _("Received from patients"),
    Measure.RECEIVED_WITH_CDA: _("Received with clinical documents"),
}

TURNED_AWAY = {
    "no-certificate": _("It showed no certificate."),
    CertificateRefusal.UNREADABLE.value: _("Its certificate cannot be read."),
    CertificateRefusal.NOT_VALID_NOW.value: _("Its certificate is not valid today."),
    CertificateRefusal.REVOKED.value: _("Its certificate was revoked."),
    CertificateRefusal.LIST_EXPIRED.value: _("The revocation list has expired: nobody can be checked."),
    CertificateRefusal.NO_LIST.value: _("There is no revocation list of its authority."),
    CertificateRefusal.NOT_LISTED.value: _("The trust list does not name its certificate."),
    CertificateRefusal.OTHER_DOMAIN.value: _("It spoke for a domain that the trust list does not give it."),
    "certificate has expired": _("Its certificate has expired."),
    "unable to get local issuer certificate": _("Another authority signed its certificate."),
    "self-signed certificate": _("It signed its certificate itself."),
}
"""Peers of the operators' door: our codes, and what OpenSSL says most. Others are shown as OpenSSL says them."""

STATES = {
    "active": _("Active"),
    "suspended": _("Suspended"),
    "closed": _("Closed"),
}

KINDS = {
    "PER": _("Personal"),
    "ORG": _("Team"),
    "APP": _("Software"),
    "CAB": _("Practice"),
    "ALL": _("All"),
}


def last_answer(code: str, problem: str) -> str:
    """Why mail waits, in a sentence; empty when nothing was tried yet."""
    known = Problem(problem) if problem in set(Problem) else None
    if known is None or known is Problem.REFUSED:
        return gettext("The other operator answered %(code)s.") % {"code": code} if code else ""
    return str(PROBLEMS[known])


def mailbox_state(mailbox: HostedMailbox) -> str:
    return str(STATES.get(mailbox.state, mailbox.state))
