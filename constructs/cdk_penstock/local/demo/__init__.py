"""The demonstration: a packaged job on the local pipeline, from events to samples that are checked.

:mod:`.scenario` is what a workload brings along, :mod:`.discovery` finds it, :mod:`.run` plays it, :mod:`.checks` helps
it to judge what came out, :mod:`.results` is what it found, and :mod:`.files` writes the report.
"""
