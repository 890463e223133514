"""Prometheus: finding it (:mod:`.binary`), running it (:mod:`.server`), reading it back (:mod:`.samples`)."""
