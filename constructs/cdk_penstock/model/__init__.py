"""Decisions about Managed Service for Apache Flink (MSF) as pure Python: no CDK, no boto3, nothing else of penstock."""
