"""Pro Santé Connect of the sandbox: an OpenID provider with the paths, flows and claims of the real one.

A demo runs it as one more process; nothing in production knows it. ``people`` and ``claims`` say who signs in,
``memory`` what is in progress, ``grants`` decides what a client gets, ``tokens`` writes it, ``pages`` shows it to
people, ``app`` is the WSGI application, ``scripts`` a client for the command line.
"""
