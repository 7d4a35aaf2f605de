"""Web push: a message sealed for one browser (RFC 8291), from a server that names itself (RFC 8292), by RFC 8030."""
