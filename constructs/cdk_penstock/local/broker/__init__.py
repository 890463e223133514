"""A Kafka broker of one node: its jars (:mod:`.jars`), itself (:mod:`.kafka`) and its topics (:mod:`.topics`)."""
