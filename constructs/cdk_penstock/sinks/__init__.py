"""Targets for the output of a job: :mod:`.archive`, :mod:`.firehose` and :mod:`.search`."""
