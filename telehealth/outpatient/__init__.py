"""Bills of an offline visit and the queue of an offline clinic, as the hospital's own system knows them."""
