"""CloudFormation's part: the order of resources, their changes, their rollback and their deletion."""
