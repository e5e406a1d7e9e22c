"""The consultation of an internet booking: the room, what is said in it, and how it ends."""
