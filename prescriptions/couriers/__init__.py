"""Parcels with outside couriers: our words for them, the rules of their states, one adapter a courier."""
