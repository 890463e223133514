"""The demonstration: the packaged vehicle job on the local pipeline, from events to samples that are checked.

:mod:`.run` plays it, :mod:`.checks` judges what came out, :mod:`.results` is what it found, and :mod:`.files` writes
the report.
"""
