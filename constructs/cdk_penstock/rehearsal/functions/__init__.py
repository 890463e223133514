"""Lambda functions: the code of their assets in child processes, and the CDK's provider framework."""
