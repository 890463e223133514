"""The gateway: the one address that every client of AWS in a rehearsal calls."""
