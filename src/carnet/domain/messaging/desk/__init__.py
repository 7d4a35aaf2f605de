"""The professional's desk: a mailbox as a team reads it, takes its threads and answers."""
