"""The deployable app: its environments, and the stacks of each."""
