"""Templates on the way to a deployment: values, order and changes, all of it pure."""
