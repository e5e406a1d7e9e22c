"""What the hospital knows of a person, for that person: papers, shares, who looked, consents."""
