"""The Python that the jobs share: property groups, Kafka, and how a table environment is set up."""
