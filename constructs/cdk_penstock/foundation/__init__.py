"""What constructs of every package share."""
