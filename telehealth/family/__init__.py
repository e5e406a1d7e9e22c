"""Relatives whose fees an insured account may pay: bound, limited, unbound (GS01–GS08)."""
