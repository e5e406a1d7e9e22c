"""Where strangers' bytes are opened: in child processes that may fail without hurting anybody.

`pool.py` runs in our process, `child.py`, `photos.py` and `pdfs.py` only in the children. Keep
this file empty of imports: a child pays for each of them in memory.
"""
