"""Scaling of applications: what a parallelism may be, when it changes, and which one a deployment keeps."""
