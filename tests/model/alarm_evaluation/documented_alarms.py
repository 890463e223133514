"""AWS's documented examples of the evaluation of alarms, as data.

Source: AmazonCloudWatch, alarms-and-missing-data and using-metric-math. 0 is a data point that does not breach,
X one that breaches, - a missing one; the newest stands on the right.
"""

from __future__ import annotations

ALARM, OK, NO_DATA, BEFORE = "ALARM", "OK", "INSUFFICIENT_DATA", "the state before"

# Data points, M of "M out of 3", and the states for missing, ignore, breaching and notBreaching.
MISSING_DATA = (
    ("0-X-X", 3, (OK, OK, OK, OK)),
    ("0----", 3, (OK, OK, OK, OK)),
    ("-----", 3, (NO_DATA, BEFORE, ALARM, OK)),
    ("0XX-X", 3, (ALARM, ALARM, ALARM, ALARM)),
    ("--X--", 3, (ALARM, BEFORE, ALARM, OK)),
    ("0-X-X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("00X0X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("0-X--", 2, (OK, OK, ALARM, OK)),
    ("----0", 2, (OK, OK, ALARM, OK)),
    ("---X-", 2, (ALARM, BEFORE, ALARM, OK)),
    # "Avoiding premature transitions": a breach that is too new waits for more data.
    ("----X", 3, (NO_DATA, BEFORE, ALARM, OK)),
    ("---X-", 3, (NO_DATA, BEFORE, ALARM, OK)),
    ("---X0", 3, (OK, OK, OK, OK)),
    ("--X-0", 3, (OK, OK, OK, OK)),
)

# An expression, the series that it names, and its result.
METRIC_MATH = (
    ("m1 < m2", ("30 20 0 0", "20 - 20 -"), "0 0 1 0"),
    ("m1 >= 30", ("30 20 0 0",), "1 0 0 0"),
    ("m1 > 15 AND m2 > 15", ("30 20 0 0", "20 - 20 -"), "1 0 0 0"),
    ("m1 > 15 && m2 > 15", ("30 20 0 0", "20 - 20 -"), "1 0 0 0"),
    ("IF(m1, m2, m3)", ("1 1 0 0 -", "30 - 0 0 30", "0 0 20 - 20"), "30 0 20 - -"),
    ("IF(m1, 5, m3)", ("1 1 0 0 -", "0 0 0 0 0", "0 0 20 - 20"), "5 5 20 - -"),
    ("IF(m1, m2, 5)", ("1 1 0 0 -", "30 - 0 0 30"), "30 0 5 5 -"),
    ("IF(m1 < 400, m1)", ("100 500 - 399",), "100 - - 399"),
    ("IF(m1 < 400, 10, 2)", ("100 500 - 399",), "10 2 - 10"),
)

# Beyond the examples: what the page says in words, and the combinations that alarms on Flink use.
MORE_METRIC_MATH = (
    ("m1 + m2", ("1 - 3 -", "10 20 - -"), "11 20 3 -"),
    ("m1 / m2", ("6 6 6", "2 0 -"), "3 - -"),
    ("5 * m1", ("1 - 3",), "5 - 15"),
    ("2 - m1 - 1", ("1 2 3",), "0 -1 -2"),
    ("2 + 3 * m1 ^ 2", ("1 2 -",), "5 14 -"),
    ("-m1", ("1 - -3",), "-1 - 3"),
    ("SUM(100 / [m1, m2])", ("1 2 -", "4 - -"), "125 50 -"),
    ("AVG([m1, m2])", ("1 2 -", "3 - -"), "2 1 -"),
    ("MAX([m1, m2])", ("1 2 -", "3 - -"), "3 2 -"),
    ("MIN(ABS([m1, m2]))", ("1 -2 -", "3 - -"), "1 2 -"),
    ("SUM(METRICS())", ("1 2 -", "3 - -"), "4 2 -"),
    ('SUM(METRICS("2"))', ("1 2 -", "3 - -"), "3 - -"),
    ("m1 - AVG(m1)", ("1 2 3",), "-1 0 1"),
    ("MAX(m1) / m1", ("1 2 4",), "4 2 1"),
    ("m1 / PERIOD(m1)", ("60 120",), "1 2"),
    ("m1 / METRIC_COUNT(METRICS())", ("60 120", "1 1"), "30 60"),
    ("DIFF(m1)", ("7 7 9 0 1",), "- 0 2 -9 1"),
    ("DIFF(m1)", ("7 - 9 -",), "- - 2 -"),
    ("DIFF_TIME(m1)", ("7 - 9 -",), "- - 120 -"),
    ("RATE(m1)", ("0 60 - 300",), "- 1 - 2"),
    ("RUNNING_SUM(m1)", ("1 2 - 3",), "1 3 - 6"),
    ("FILL(m1, 0)", ("- 1 - 2 -",), "0 1 0 2 0"),
    ("FILL(m1, m2)", ("- 1 -", "7 8 9"), "7 1 9"),
    ("FILL(m1, REPEAT)", ("- 1 - - 2 -",), "- 1 1 1 2 2"),
    ("FILL(m1, LINEAR)", ("- 1 - - 4 -",), "- 1 2 3 4 -"),
    ("FILL(m1, MIN(m1))", ("3 - 2",), "3 2 2"),
    ("MAX([FILL(m1, 0), FILL(m2, 0)])", ("- 1", "2 -"), "2 1"),
    ("TIME_SERIES(MAX(m1))", ("- 1 3",), "3 3 3"),
    ("IF(1, m1, m2)", ("- 1", "2 -"), "- 1"),
    ("IF(0, m1, m2)", ("- 1", "2 -"), "2 -"),
    ("IF(0, m1)", ("- 1",), "- -"),
    ("CEIL(m1) + FLOOR(m1)", ("1.5 -",), "3 -"),
    ("MINUTE(m1)", ("- - 1",), "0 1 2"),
    ("LAST([m1, m2]) - FIRST([m1, m2])", ("1 1", "3 4"), "2 3"),
    ("(m1 > 1 OR m2 > 1) AND m1 < 9", ("0 5 9", "2 0 0"), "1 1 0"),
    ("m1 == 1", ("1 2 -",), "1 0 -"),
    ("m1 != 1", ("1 2 -",), "0 1 -"),
)
