"""A Flink cluster of its own.

Where Flink is (:mod:`.distribution`), how it is set (:mod:`.settings`), its processes
(:mod:`.cluster`) and the jobs on it (:mod:`.jobs`).
"""
