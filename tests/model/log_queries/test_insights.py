"""The interpreter of Logs Insights does what AWS's documentation shows, and refuses what it lacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model.log_queries.insights import run_query
from tests.model.log_queries.insights_expressions import InsightsError

MINUTE_MS = 60_000


def events(*messages: str | dict[str, Any]) -> list[dict[str, Any]]:
    """Return events, one a minute."""
    return [
        {"timestamp": index * MINUTE_MS, "message": each if isinstance(each, str) else json.dumps(each)}
        for index, each in enumerate(messages)
    ]


RANGES = events({"range": 4000, "accountId": "123456789012"}, {"range": 4000}, {"range": 20}, {"other": 1})
LATENCIES = events(
    "user=alice, method:GET, latency := 10",
    "user=alice, method:GET, latency := 30",
    "user=bob, method:PUT, latency := 5",
    "nothing",
)
SERVERS = events(
    {"server": "a", "severity": 1}, {"server": "b", "severity": 2}, {"server": "a", "severity": 3}, {"severity": 4}
)


@pytest.mark.parametrize(
    ("query", "log", "results"),
    [
        # CWL_QuerySyntax-Filter
        ("fields range | filter (range>3000) | sort @timestamp desc | limit 20", RANGES, [{"range": 4000}] * 2),
        (
            "fields @timestamp, range | filter (range>3000 and accountId=123456789012)",
            RANGES,
            [{"@timestamp": 0, "range": 4000}],
        ),
        ("fields @timestamp | filter not (range>3000) and ispresent(range)", RANGES, [{"@timestamp": 2 * MINUTE_MS}]),
        ("filter range in [20, 21] | display range", RANGES, [{"range": 20}]),
        ("filter range not in [20, 21] and ispresent(range) | display range", RANGES, [{"range": 4000}] * 2),
        ("fields @message | filter @message not like /user/", LATENCIES, [{"@message": "nothing"}]),
        ("fields @message | filter @message =~ /(?i)NOTH/", LATENCIES, [{"@message": "nothing"}]),
        ('fields @message | filter @message like "noth"', LATENCIES, [{"@message": "nothing"}]),
        ('fields @message | filter @message like "noth."', LATENCIES, []),
        # CWL_QuerySyntax-Parse
        (
            ('parse @message "user=*, method:*, latency := *" as @user, @method, @latency'
            "\n| filter ispresent(@user) | stats avg(@latency) by @method, @user | sort @user asc"),
            LATENCIES,
            [
                {"@method": "GET", "@user": "alice", "avg(@latency)": 20},
                {"@method": "PUT", "@user": "bob", "avg(@latency)": 5},
            ],
        ),
        (
            (r"parse @message /user=(?<user2>.*?), method:(?<method2>.*?), latency := (?<latency2>\d+)/"
            " | filter user2 = 'bob' | display method2, latency2"),
            LATENCIES,
            [{"method2": "PUT", "latency2": "5"}],
        ),
        (
            "parse @message /(?<NetworkInterface>eni-.*?) / | display NetworkInterface, @message",
            events("2 eni-1 ok"),
            [{"NetworkInterface": "eni-1", "@message": "2 eni-1 ok"}],
        ),
        (
            ('FIELDS @message | PARSE @message "* [*] *" as loggingTime, loggingType, loggingMessage'
            ' | FILTER loggingType IN ["ERROR", "INFO"] | DISPLAY loggingMessage, loggingType = "ERROR" as isError'),
            events("10:00 [ERROR] no luck", "10:01 [DEBUG] x"),
            [{"loggingMessage": "no luck", "isError": True}],
        ),
        # CWL_QuerySyntax-Stats
        (
            "stats count(*) as records by bin(2m) | sort records desc, `bin(2m)` asc",
            SERVERS,
            [{"bin(2m)": 0, "records": 2}, {"bin(2m)": 2 * MINUTE_MS, "records": 2}],
        ),
        (
            ("stats earliest(severity) as one, latest(severity) as other, max(severity) as most, min(severity) as least"
            ", most - least as spread, count_distinct(server) as servers, count(server) as n, sum(severity) as all"),
            SERVERS,
            [{"one": 1, "other": 4, "most": 4, "least": 1, "spread": 3, "servers": 2, "n": 3, "all": 10}],
        ),
        # CWL_QuerySyntax-Dedup: the first of the order is kept, and what has no value is no duplicate.
        (
            "fields server, severity | sort @timestamp desc | dedup server",
            SERVERS,
            [{"severity": 4}, {"server": "a", "severity": 3}, {"server": "b", "severity": 2}],
        ),
        ("fields severity | dedup server | limit 1", SERVERS, [{"severity": 4}]),
        # CWL_QuerySyntax-Sort: what is no number comes before all numbers, which are in the order of their values.
        (
            "fields a | sort a asc",
            events({"a": "10"}, {"a": "9"}, {"a": "x"}),
            [{"a": "x"}, {"a": "9"}, {"a": "10"}],
        ),
        # CWL_AnalyzeLogData-discoverable-fields, and the query for exceptions of managed-flink, logging
        (
            "fields a.b, c.1.d | filter isPresent(c.0) # a comment\n | limit 5",
            events({"a": {"b": 1}, "c": ["x", {"d": 2}]}, {"c": "text"}),
            [{"a.b": 1, "c.1.d": 2}],
        ),
        ("limit 1", events("older", "newer"), [{"@timestamp": MINUTE_MS, "@message": "newer"}]),
        ("fields `foo-bar`", events({"foo-bar": 1}), [{"foo-bar": 1}]),
        (
            "fields coalesce(a, b) as c, (a + 1) * 2 / 4 % 3 as d",
            events({"a": 3}, {"b": 1}),
            [{"c": 1}, {"c": 3, "d": 2}],
        ),
    ],
)  # fmt: skip
def test_a_documented_query_has_its_documented_results(
    query: str, log: list[dict[str, Any]], results: list[dict[str, Any]]
) -> None:
    assert run_query(query, log) == results


@pytest.mark.parametrize(
    "query",
    [
        "pattern @message",
        "fields @message | unmask a",
        "fields jsonParse(@message)",
        "stats pct(a, 95)",
        "sort a",
        "dedup a | sort a asc",
        'parse @message "a=*" as a, b',
        "parse @message 5",
        "filter a like b",
        "filter a not b",
        "filter (a = 1",
        "fields a fields b",
        "limit ten",
        "stats count(*) by bin(5 parsecs)",
        "",
    ],
)
def test_what_the_subset_lacks_is_refused(query: str) -> None:
    with pytest.raises(InsightsError, match=r"expected .+, got"):
        run_query(query, events("a"))
