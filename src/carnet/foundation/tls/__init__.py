"""TLS between operators: contexts made from the settings, and revocation lists."""
