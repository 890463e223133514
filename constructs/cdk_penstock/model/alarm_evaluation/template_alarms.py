"""The alarms of CloudFormation templates, as they can be evaluated without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.model.alarm_evaluation.composite_alarm import CompositeAlarm
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm


def alarms_of(template: Mapping[str, Any]) -> Mapping[str, Alarm]:
    """Return the alarms of a template by their logical ids.

    ``Ref`` and ``Fn::GetAtt`` become the logical id that they name: that of an alarm in a rule, that of a resource in a
    dimension. A rule that has the fixed name of an alarm gets its logical id.
    """
    resources: Mapping[str, Any] = template.get("Resources", {})
    names = {
        str(each["Properties"]["AlarmName"]): logical_id
        for logical_id, each in resources.items()
        if isinstance(each.get("Properties", {}).get("AlarmName"), str)
    }
    alarms: dict[str, Alarm] = {}
    for logical_id, each in resources.items():
        if each["Type"] == "AWS::CloudWatch::Alarm":
            alarms[logical_id] = MetricAlarm.from_properties(_plain(each["Properties"]))
        elif each["Type"] == "AWS::CloudWatch::CompositeAlarm":
            properties = _plain(each["Properties"])
            for name, target in names.items():
                properties["AlarmRule"] = properties["AlarmRule"].replace(f'("{name}")', f'("{target}")')
            if (suppressor := properties.get("ActionsSuppressor")) in names:
                properties["ActionsSuppressor"] = names[suppressor]
            alarms[logical_id] = CompositeAlarm.from_properties(properties)
    return alarms


def _plain(value: Any) -> Any:
    """Return a value without intrinsic functions that name a resource or join texts."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(str(_plain(part)) for part in parts)
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
    return value
