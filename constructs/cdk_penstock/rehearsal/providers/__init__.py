"""The changes of resources, by type."""
