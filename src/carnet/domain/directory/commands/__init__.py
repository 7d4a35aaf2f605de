"""Writing the directory: establishments, professionals, mailboxes, the trust list."""

from carnet.domain.directory.commands.fetching import fetch_trust_list
from carnet.domain.directory.commands.holders import (
    add_certificate,
    delegate_mailbox,
    revoke_certificate,
    revoke_delegation,
)
from carnet.domain.directory.commands.life import (
    announce_closing,
    close_mailbox,
    end_absence,
    reopen_mailbox,
    resume_mailbox,
    set_absence,
    suspend_mailbox,
)
from carnet.domain.directory.commands.mailboxes import (
    MailboxChange,
    MailboxRefused,
    NewMailbox,
    change_mailbox,
    create_mailbox,
    set_password,
)
from carnet.domain.directory.commands.oppositions import lift_opposition, record_opposition
from carnet.domain.directory.commands.practices import register_practice
from carnet.domain.directory.commands.refused import note_refused_peers
from carnet.domain.directory.commands.registers import register_organization, register_professional
from carnet.domain.directory.commands.trust import (
    Reading,
    distrust_domain,
    import_trust_list,
    refuse_trust_list,
    trust_domain,
)

__all__ = [
    "MailboxChange",
    "MailboxRefused",
    "NewMailbox",
    "Reading",
    "add_certificate",
    "announce_closing",
    "change_mailbox",
    "close_mailbox",
    "create_mailbox",
    "delegate_mailbox",
    "distrust_domain",
    "end_absence",
    "fetch_trust_list",
    "import_trust_list",
    "lift_opposition",
    "note_refused_peers",
    "record_opposition",
    "refuse_trust_list",
    "register_organization",
    "register_practice",
    "register_professional",
    "reopen_mailbox",
    "resume_mailbox",
    "revoke_certificate",
    "revoke_delegation",
    "set_absence",
    "set_password",
    "suspend_mailbox",
    "trust_domain",
]
