"""Automation over MSF's control plane with boto3: one implementation for Lambda functions and the command line.

Everything here reads before it writes and takes its clients from its caller. Each module says in which state the
application is left when a call of it fails.
"""
