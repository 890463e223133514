"""The world of a rehearsal: roles, keys, applications and functions, and who may do what to them."""
