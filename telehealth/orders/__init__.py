"""Every order of an account in one list, each a timeline of promises."""
