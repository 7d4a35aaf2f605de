"""The console of those who run an installation: the trust list, mail leaving, mailboxes, figures. No health data."""
