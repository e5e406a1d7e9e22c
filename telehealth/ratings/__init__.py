"""Stars for a completed visit (GD12)."""
