"""Measured figures, each beside a named peer in the same run: ``carnet bench``.

``load`` drives a mail server from outside, ``carnet`` and ``peers`` run the two that are compared, ``smtp`` is the
benchmark, ``machine`` and ``report`` say what was measured and where.
"""
