"""``penstock app``: one application for whoever is on call. Each command has a module."""
