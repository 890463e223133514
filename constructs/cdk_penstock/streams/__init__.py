"""Streams and topics for jobs on Managed Service for Apache Flink (MSF): :mod:`.kinesis` and :mod:`.kafka`."""
