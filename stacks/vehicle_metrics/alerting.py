"""The rules of the vehicle job's workspace, and who is told of its alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "rules"

RULES: Final = {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}
"""The rule files by namespace."""

_MANAGER: Final = """\
alertmanager_config: |
  route:
    receiver: topic
    group_by: [alertname]
    routes:
      - receiver: topic
        matchers: [severity="page"]
        repeat_interval: 1h
    repeat_interval: 12h
  receivers:
    - name: topic
      sns_configs:
        - topic_arn: {topic_arn}
          sigv4:
            region: {region}
"""


def alert_manager(topic_arn: str, region: str) -> str:
    """Return the definition of an alert manager that notifies a topic of a Region.

    A page is repeated every hour, a ticket twice a day.
    """
    # Managed Prometheus asks for the topic's Region (AMP-alertmanager-receiver-config).
    return _MANAGER.format(topic_arn=topic_arn, region=region)
