"""The queries that are saved for each application.

MSF writes each line as JSON with ``message``, ``messageType``, ``logger``, ``threadName``, ``locationInformation``,
``applicationARN``, ``applicationVersionId``, and ``throwableInformation``, a text or a list of lines (managed-flink,
cloudwatch-logs-reading and logging). Without ``@timestamp`` among the fields, the results of a query have no times.
"""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.log_queries.log_query import LogQuery

# The JobManager and the TaskManager both log a change of a subtask; the JobManager's logger has all of them, once.
_SUBTASK: Final = (
    r"parse message /^(?<task>.+) \((?<subtask>\d+\/\d+)\) \((?<attempt>\S+)\)"
    r" switched from (?<before>[A-Z]+) to (?<after>[A-Z]+)/"
)
_CAUSE: Final = "coalesce(throwableInformation.0, throwableInformation)"

APPLICATION_QUERIES: Final = (
    LogQuery(
        name="subtask-transitions",
        answers="Which subtasks changed their state, and when?",
        text=f"""\
filter logger like /ExecutionGraph$/
| {_SUBTASK}
| filter ispresent(task)
| fields @timestamp, task, subtask, before, after
| sort @timestamp desc
| limit 1000""",
    ),
    LogQuery(
        name="exceptions-by-operator",
        answers="Which exceptions stopped which operator, and how often? PythonDriver stands for the job's main().",
        text=r"""filter (logger like /taskmanager\.Task$/ and message like /switched from [A-Z]+ to FAILED/)
    or (logger like /PythonDriver$/ and message like /^[A-Za-z_][\w.]*(Error|Exception|Interrupt|SystemExit)(:|$)/)
| parse message /^(?<task>.+) \(\d+\/\d+\)#\d+ /
| fields coalesce(task, logger) as operator, coalesce(throwableInformation.0, throwableInformation, message) as cause
| stats count(*) as exceptions, min(@timestamp) as first, max(@timestamp) as last by operator, cause
| sort exceptions desc
| limit 100""",
    ),
    LogQuery(
        name="restarts",
        answers="When did the job restart, and which subtask had failed why?",
        text=rf"""filter logger like /ExecutionGraph$/
    and message like /switched from ([A-Z]+ to FAILED|state [A-Z]+ to (RESTARTING|FAILING|FAILED))/
| fields @timestamp, applicationVersionId, message, {_CAUSE} as cause
| sort @timestamp desc
| limit 200""",
    ),
    LogQuery(
        name="failed-checkpoints",
        answers="Which checkpoints were declined, or expired?",
        text=rf"""filter logger like /CheckpointFailureManager$/
    and message like /^Failed to trigger or complete checkpoint/
| parse message /checkpoint (?<checkpoint>\d+) for job \S+ \((?<in_sequence>\d+) consecutive/
| fields @timestamp, checkpoint, in_sequence, {_CAUSE} as cause
| sort @timestamp desc
| limit 200""",
    ),
    LogQuery(
        name="dropped-samples",
        answers="How many samples did the Prometheus sink drop, and why?",
        text=r"""filter message like /^Dropped \d+ samples/
| parse message /^Dropped (?<samples>\d+) samples (?<reason>.*)$/
| stats sum(samples) as dropped, count(*) as requests, max(@timestamp) as last by reason
| sort dropped desc
| limit 100""",
    ),
    LogQuery(
        name="slow-starts",
        answers="How long did each subtask take from its creation until it ran?",
        text=f"""\
filter logger like /ExecutionGraph$/
| {_SUBTASK}
| filter before = "CREATED" or after = "RUNNING"
| stats min(tomillis(@timestamp)) as created, max(tomillis(@timestamp)) as running,
    (running - created) / 1000 as seconds by task, subtask, attempt
| sort seconds desc
| limit 100""",
    ),
    LogQuery(
        name="key-denials",
        answers="Which calls did KMS refuse?",
        text=r"""filter @message like /(?i)kms/
    and @message like /AccessDenied|not authorized to perform|DisabledException|KMSInvalidState/
| fields @timestamp, logger, message, throwableInformation.0
| sort @timestamp desc
| limit 100""",
    ),
)
"""The queries, those of the most frequent questions first."""
