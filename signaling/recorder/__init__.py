"""A process of its own that keeps what members of recorded calls send it, as it was encoded.

It never decodes: a leg costs about half a CPU second a minute that way, and nothing of the picture is lost.
"""
