"""What somebody is unhappy with, and the clock on the answer."""
