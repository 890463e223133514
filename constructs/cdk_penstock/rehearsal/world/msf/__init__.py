"""MSF in the world: the local service with simulated jobs, and the calls that it makes with an execution role."""
