"""The result of a rehearsal: timeline, coverage of statements, and what was left out."""
