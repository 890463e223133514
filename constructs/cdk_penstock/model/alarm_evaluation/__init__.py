"""CloudWatch's evaluation of alarms, over a history of samples: metric alarms, metric math, composite alarms."""
