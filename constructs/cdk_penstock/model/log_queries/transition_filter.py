"""The filter for subtasks and jobs that leave RUNNING without an order.

AWS: FilterAndPatternSyntax of CloudWatch Logs. Its regular expressions have no parentheses, and a log group takes five
filters with them; this pattern has only wildcards, of which there is no limit.
"""

from __future__ import annotations

from typing import Final

UNEXPECTED_TRANSITIONS: Final = (
    '{ ($.logger = "*ExecutionGraph") && ($.message = "* switched from RUNNING to FAILED*"'
    ' || $.message = "* switched from state RUNNING to RESTARTING*"'
    ' || $.message = "* switched from state RUNNING to FAILING*") }'
)
"""The lines of the JobManager about a subtask that failed, and about a job that restarts or fails.

An update, a stop and a cancellation go through CANCELING, which is not among them.
"""
