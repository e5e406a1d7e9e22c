"""The prescription sheet: what it prints, how it is signed, and how anybody can tell that it is genuine."""
