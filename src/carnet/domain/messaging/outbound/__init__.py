"""Sending mail to the other operators: routes, connections, claims, what follows from each answer, reports."""
