"""The acts of a play: deployments, incidents, people and attackers."""
