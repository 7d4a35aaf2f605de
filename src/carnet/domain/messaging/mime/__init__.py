"""Mail as it travels: read from hostile bytes (`read`), described for IMAP (`structure`), shown (`html`)."""
