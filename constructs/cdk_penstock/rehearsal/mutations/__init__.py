"""Removals of one statement or one dependency of the templates, and what notices each."""
