"""A separate Flink cluster.

Where Flink is (:mod:`.distribution`), how it is set (:mod:`.settings`), its processes
(:mod:`.cluster`) and the jobs on it (:mod:`.jobs`).
"""
