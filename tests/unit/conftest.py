"""Property tests run on shared machines: a slow example is no finding."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
