"""The TLS of the doors where mailboxes' own software signs in."""

from carnet.foundation.tls.contexts import mailbox_server_context, server_context

__all__ = ["mailbox_server_context", "server_context"]
