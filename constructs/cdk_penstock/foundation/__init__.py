"""Building blocks that the constructs of every package share."""
