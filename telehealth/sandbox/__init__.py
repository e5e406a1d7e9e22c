"""The outside world on one loopback port: servers that speak the outside parties' true protocols.

Nothing here imports another package of ours, so that a mistake in an adapter cannot hide in its server.
Every answer rests on books on disk (`books.py`), every failure is a fault somebody set (`faults.py`).
A further party is a module with a `Party` in it and one more name in `application.PARTIES`.
"""
