from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks.environment import (
    ApplicationSettings,
    CodeSettings,
    EncryptionSettings,
    Environment,
    EventLoadSettings,
    EventsSettings,
    MetricsSettings,
    NetworkSettings,
    PackageSettings,
    PrincipalSettings,
    SnapshotSettings,
)
from stacks.environment.files import EnvironmentFileError, load_environments
from stacks.environment.settings import Settings
from stacks.workloads import pipeline_of
from tests.stacks.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINIMAL = """
events = { cluster_name = "clicks" }
metrics = { workspace_name = "clicks" }
[application]
name = "clicks"
code = { folder = "flink_app/vehicle_metrics" }
"""


def write(folder: Path, text: str, name: str = "dev") -> Path:
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_code_is_that_of_the_workload_unless_it_says_otherwise(tmp_path: Path) -> None:
    (environment,) = load_environments(write(tmp_path, MINIMAL.replace("code = ", "# code = ")))
    assert environment.workload == "vehicle_metrics"
    assert environment.application.code.is_of_the_workload


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('code = { entry_point = "man.py" }', "got entry_point 'man.py', expected a file of flink_app/vehicle_metrics"),
        ('properties.jobs = { "window.seconds" = "5" }', "got property group 'jobs', expected one of input"),
        (
            'properties.job = { "window.second" = "5" }',
            "property group 'job': got key 'window.second', expected",
        ),
        ('properties.job = { "window.seconds" = "five" }', "got 'five' for key 'window.seconds', expected a whole"),
    ],
)
def test_what_the_workloads_own_job_would_not_take_is_refused_on_load(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=re.escape(message)):
        load_environments(write(tmp_path, MINIMAL[: MINIMAL.index("code = ")] + text))


def test_another_job_has_property_groups_of_any_name(tmp_path: Path) -> None:
    (environment,) = load_environments(write(tmp_path, MINIMAL + 'properties.own = { key = "value" }'))
    assert environment.application.properties == {"own": {"key": "value"}}


@pytest.mark.parametrize(
    "events",
    [
        "topic = 'a', dead_letters_topic = 'a'",
        "topic = 'vehicle-dead-letters'",
        "dead_letters_topic = 'vehicle-events'",
    ],
)
def test_dead_letters_have_another_topic_than_the_events(tmp_path: Path, events: str) -> None:
    text = MINIMAL.replace('{ cluster_name = "clicks" }', f'{{ cluster_name = "clicks", {events} }}')
    with pytest.raises(EnvironmentFileError, match="events.dead_letters_topic: got .*, which is the topic of"):
        load_environments(write(tmp_path, text))


def test_a_minimal_file_takes_the_defaults_of_production(tmp_path: Path) -> None:
    (environment,) = load_environments(write(tmp_path, MINIMAL))
    assert (environment.name, environment.stage_name) == ("dev", "Dev")
    assert (environment.sensitive_data, environment.retain_data) == (True, True)
    assert environment.account is None
    assert environment.application.runtime == "FLINK-1_20"
    assert environment.application.sizing.kpus == 1


ACCESS = """
[operators]
permission_sets = ["FlinkOperator"]
[encryption]
key_administrators = { roles = ["arn:aws:iam::111122223333:role/SecurityLead"] }
"""


def test_a_key_of_its_own_has_administrators_and_operators(tmp_path: Path) -> None:
    (environment,) = load_environments(write(tmp_path, MINIMAL + ACCESS))
    assert environment.encryption is not None
    assert environment.encryption.key_generation == 1
    assert environment.encryption.key_administrators.roles == ["arn:aws:iam::111122223333:role/SecurityLead"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('network = { cidr = "10.0.0.0/30" }', "network.cidr: "),
        ('network = { vpc_id = "vpc-12345678", zones = 2 }', "cidr, zones and availability_zones are for a new VPC"),
        ('network = { availability_zones = ["eu-west-1a"] }', "expected two or three different zones"),
        ("network = { availability_zones = [] }", "expected two or three different zones"),
        (
            'network = { availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1a"] }',
            "expected two or three different",
        ),
        ('network = { availability_zones = ["eu-west-1a", "eu-west-2a"] }', "expected zones of one Region"),
        ('network = { availability_zones = ["euw1-az1", "euw1-az2"] }', "expected the name of an availability zone"),
        ('network = { zones = 2, availability_zones = ["eu-west-1a", "eu-west-1b"] }', "leave one of them out"),
        (
            (
                'account = "111122223333"\nregion = "eu-west-1"\n'
                'network = { availability_zones = ["eu-west-2a", "eu-west-2b"] }'
            ),
            "got 'eu-west-2a', expected zones of eu-west-1",
        ),
        ('network = { existing_endpoints = ["s3"] }', "name it with vpc_id"),
        ("network = { zones = 4 }", "network.zones: got 4"),
        (
            'generator = { name = "clicks", code = { folder = "flink_app/vehicle_metrics" } }',
            "generator.name: got 'clicks'",
        ),
    ],
)
def test_places_that_do_not_fit_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(write(tmp_path, f"{text}\n{MINIMAL}"))


def test_an_environment_without_a_place_for_events_says_what_is_expected(tmp_path: Path) -> None:
    text = MINIMAL.replace('events = { cluster_name = "clicks" }', "")
    with pytest.raises(
        EnvironmentFileError, match=r"events: is missing, expected a table \[events\] with cluster_name"
    ):
        load_environments(write(tmp_path, text))


def test_names_of_clusters_are_those_that_msk_takes(tmp_path: Path) -> None:
    text = MINIMAL.replace('cluster_name = "clicks"', 'cluster_name = "a_b"')
    with pytest.raises(EnvironmentFileError, match="events.cluster_name: a cluster's name must be"):
        load_environments(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + ACCESS + 'key_policy = "development"', "needs sensitive_data = false"),
        (MINIMAL + "[encryption]\nkey_administrators = {}", "expected at least one of roles and permission_sets"),
        (MINIMAL + "start = true", "operators is missing"),
        (MINIMAL + ACCESS.replace('["FlinkOperator"]', '["*"]'), r"operators.permission_sets.0: got '\*'"),
        (MINIMAL + ACCESS.replace(":role/SecurityLead", ":root"), "encryption.key_administrators.roles.0: got"),
        (MINIMAL + ACCESS + "key_generation = 0", "key_generation: got 0"),
    ],
)
def test_access_that_would_not_be_safe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(write(tmp_path, text))


def test_a_full_file_is_read(tmp_path: Path) -> None:
    text = """
    account = "111122223333"
    region = "eu-central-1"
    sensitive_data = false
    retain_data = false
    network = { vpc_id = "vpc-0123456789abcdef0", existing_endpoints = ["aps-workspaces", "bedrock-runtime"] }
    events = { cluster_name = "clicks", broker_instance = "kafka.m7g.xlarge", partitions = 24 }
    metrics = { workspace_name = "clicks", retention_days = 400, dashboards = false }

    [application]
    name = "clicks"
    runtime = "FLINK-2_2"
    parallelism = 12
    parallelism_per_kpu = 4
    max_kpus = 10
    auto_scaling = false
    checkpoint_interval_seconds = 30
    log_level = "WARN"
    log_retention_days = 365
    metrics_level = "TASK"
    maintenance_window_start_time = "02:00"

    [application.code]
    bucket = "code"
    object_key = "job.zip"
    object_version = "v1"

    [application.properties."input.events"]
    topic = "events"
    """
    (environment,) = load_environments(write(tmp_path, text, "us-prod_2"))
    assert environment.stage_name == "UsProd2"
    assert environment.network is not None
    assert environment.application.sizing.kpus == 3
    assert environment.application.properties == {"input.events": {"topic": "events"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("application = ", "dev.toml is not TOML: "),
        ("", "dev.toml: application: is missing, expected a table .application."),
        ("name = 'x'" + MINIMAL, "name: got 'x', expected no such key: the environment is named by its file"),
        (
            "colour = 'red'" + MINIMAL,
            "colour: is no key of an environment .got 'red'.: remove it, known are alarm_topic, alarm_email",
        ),
        (MINIMAL + "paralelism = 2", "paralelism: is no key of an environment .got 2.: did you mean 'parallelism'?"),
        ("retentiondays = 30" + MINIMAL, "remove it, known are"),
        ("partitions = 24" + MINIMAL, r"partitions: is no key of an environment .got 24.: it belongs in \[events\]"),
        (MINIMAL + "region = 'eu-west-1'", "application.region: .* it belongs before the first table"),
        (MINIMAL + "folder = 'x'", r"it belongs in \[application.code\] or in \[generator.code\]"),
        (MINIMAL + "retention_days = 9", r"'log_retention_days'. or: it belongs in \[metrics\]"),
        (MINIMAL + "properties = 'x'", "application.properties: got 'x', expected a table"),
        (MINIMAL + "parallelism = true", "application.parallelism: got true, expected a whole number"),
        (MINIMAL + "log_retention_days = 30.0", "log_retention_days: got 30.0, expected a whole number"),
        (MINIMAL + "log_retention_days = true", "log_retention_days: got true, expected a whole number"),
        (MINIMAL + "checkpoint_interval_seconds = 86401", "got 86401, expected at most 86400"),
        (MINIMAL + "start = 2026-01-01", "start: got the date or time 2026-01-01, expected true or false"),
        ("network = { zones = 2.0 }" + MINIMAL, "network.zones: got 2.0, expected a whole number"),
        ("network = { zones = true }" + MINIMAL, "network.zones: got true, expected a whole number"),
        ("network = { vpc_id = 'my-vpc' }" + MINIMAL, "got 'my-vpc', expected the id of a VPC, such as 'vpc-0123"),
        ("network = 3" + MINIMAL, "network: got 3, expected a table"),
        ("application = 'x'", r"application: got 'x', expected a table \[application\]"),
        ("[application]\nname = 'a'\ncode = 'flink_app'", "got 'flink_app', expected a table with folder, package or"),
        (
            "[application]\nname = 'a'\ncode = { folder = 'flink_ap' }",
            "code: got folder 'flink_ap', expected the job's",
        ),
        (
            "[application]\nname = 'a'\ncode = { folder = 'flink_app/vehicle_metrics', entry_point = 'man.py' }",
            "got entry_point 'man.py', expected a file of flink_app/vehicle_metrics: it has generator.py, main.py",
        ),
        ("alarm_topic = 'on-call'" + MINIMAL, "alarm_topic: got 'on-call', expected the ARN of a topic, such as"),
        (
            "alarm_topic = 'arn:aws:sns:eu-centrl-1:111122223333:on-call'" + MINIMAL,
            "alarm_topic: its Region: got 'eu-centrl-1'",
        ),
        (MINIMAL + "parallelism = '2'", "application.parallelism: got '2', expected a whole number"),
        (MINIMAL + "parallelism = 0", "application: parallelism must be at least 1, got 0"),
        (MINIMAL + "parallelism_per_kpu = 9", "application: parallelism per KPU must be 1 to 8, got 9"),
        (MINIMAL + "parallelism = 65", "application: parallelism 65 at 1 per KPU needs 65 KPUs, max_kpus is 64"),
        (MINIMAL + "log_retention_days = 31", "application.log_retention_days: got 31, expected 1, 3, 5"),
        (MINIMAL + "log_level = 'info'", "application.log_level: got 'info', expected 'DEBUG', 'INFO'"),
        (MINIMAL + "checkpoint_interval_seconds = 0", "checkpoint_interval_seconds: got 0, expected at least 1"),
        (MINIMAL + "maintenance_window_start_time = '2:00'", "got '2:00', expected a time of day in UTC"),
        (MINIMAL + "runtime = '1.20'", "application.runtime: runtime must be of the form FLINK-<major>_<minor>"),
        (MINIMAL + "runtime = 'FLINK-1_13'", "application.runtime: runtime FLINK-1_13 is no longer supported"),
        ("[application]\nname = 'a b'\ncode = { folder = 'x' }", "application.name: application name must be 1 to 128"),
        (
            "workload = 'taxi'" + MINIMAL,
            "workload: got 'taxi', expected the folder of a workload in stacks/: ve",
        ),
        (
            "[application]\nname = 'a'\ncode = { folder = 'x', package = 'y' }",
            "code has one of folder, package and bucket, got folder and package",
        ),
        (
            "[application]\nname = 'a'\ncode = { bucket = 'jobs' }",
            "bucket and object_key go together, got 'jobs' and None",
        ),
        ("[application]\nname = 'a'\ncode = { folder = '' }", "code.folder: got '', expected at least one char"),
        (
            "[application]\nname = 'a'\ncode = { bucket = 'x', object_key = 'k' }",
            "code.bucket: got 'x', expected 3 to 63 low",
        ),
        (
            "[application]\nname = 'a'\ncode = { bucket = 'jobs', object_key = '' }",
            "code.object_key: got '', expected 1 to 1024 char",
        ),
        (MINIMAL + "checkpoint_interval_seconds = 86401", "checkpoint_interval_seconds: got 86401, expected at most"),
        (MINIMAL + "parallelism = 32769\nmax_kpus = 99999", "parallelism must be at most 32768, as in Flink"),
        (
            "[application]\nname = 'a'\ncode = { folder = 'x', object_version = 'v' }",
            "object_version goes with bucket and object_key",
        ),
        (
            MINIMAL + "properties = { g = { k = 1 } }",
            "application.properties.g.k: got 1, expected text in quotes",
        ),
        (MINIMAL + "properties = { g = {} }", "application.properties: property group 'g' must have 1 to 50 entries"),
        (
            MINIMAL + 'properties = { "kinesis.analytics.flink.run.options" = { python = "x" } }',
            "is derived from the application's code",
        ),
        ("account = '111122223333'" + MINIMAL, "account and region go together, got account='111122223333'"),
        ("account = '1'\nregion = 'eu-central-1'" + MINIMAL, "account: got '1', expected an account's id in quotes"),
        ("network = { vpc_id = 'vpc-12345678' }" + MINIMAL, "network.vpc_id needs account and region"),
        ("retain_data = false" + MINIMAL, "retain_data = false needs sensitive_data = false"),
        ("retain_data = 'no'" + MINIMAL, "retain_data: got 'no', expected true or false"),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_expected_form(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message) as error:
        load_environments(write(tmp_path, text))
    assert "dev.toml" in str(error.value)


def test_a_customer_managed_key_is_demanded_only_where_the_file_says_so(tmp_path: Path) -> None:
    (environment,) = load_environments(write(tmp_path, MINIMAL))
    assert environment.customer_managed_keys_required is False
    demand = "customer_managed_keys_required = true" + MINIMAL
    with pytest.raises(EnvironmentFileError, match="encryption is missing.*add .encryption. with key_administrators"):
        load_environments(write(tmp_path, demand))
    (environment,) = load_environments(write(tmp_path, demand + ACCESS))
    assert environment.customer_managed_keys_required is True


@pytest.mark.parametrize("region", ["eu-centrl-1", "us-eats-1", "europe-west1", "eu-central", "eu-central-x", "1"])
def test_a_region_that_aws_has_not_is_refused_without_asking_aws(tmp_path: Path, region: str) -> None:
    write(tmp_path, f"account = '111122223333'\nregion = '{region}'\n{MINIMAL}")
    with pytest.raises(
        EnvironmentFileError, match=f"dev.toml: region: got '{region}', expected a Region that"
    ) as error:
        load_environments(tmp_path)
    assert region != "eu-centrl-1" or "did you mean 'eu-central-1'?" in str(error.value)


@pytest.mark.parametrize(
    ("region", "dashboards", "missing"),
    [
        ("cn-north-1", "false", "AWS::APS::Workspace"),
        ("us-gov-west-1", "true", "AWS::Grafana::Workspace"),
        ("eu-north-1", "true", "AWS::Grafana::Workspace"),
        ("eu-north-1", "false", None),
        ("us-gov-west-1", "false", None),
        ("eu-central-1", "true", None),
    ],
)
def test_a_region_without_a_service_is_refused(
    tmp_path: Path, region: str, dashboards: str, missing: str | None
) -> None:
    metrics = f'metrics = {{ workspace_name = "clicks", dashboards = {dashboards} }}'
    text = MINIMAL.replace('metrics = { workspace_name = "clicks" }', metrics)
    write(tmp_path, f"account = '111122223333'\nregion = '{region}'\n{text}")
    if missing is None:
        assert load_environments(tmp_path)[0].region == region
        return
    with pytest.raises(EnvironmentFileError, match=f"dev.toml: {region} has no {missing}, so its deployment would"):
        load_environments(tmp_path)


@pytest.mark.parametrize("table", ["operators", "encryption.key_administrators"])
def test_people_are_roles_of_the_regions_own_partition(tmp_path: Path, table: str) -> None:
    roles = {"operators": "aws-us-gov", "encryption.key_administrators": "aws-us-gov", table: "aws"}
    text = f"account = '111122223333'\nregion = 'us-gov-west-1'\n{MINIMAL}"
    text = text.replace('workspace_name = "clicks"', 'workspace_name = "clicks", dashboards = false')
    for name, partition in roles.items():
        text += f"[{name}]\nroles = ['arn:{partition}:iam::111122223333:role/OnCall']\n"
    with pytest.raises(EnvironmentFileError, match=rf"{table}\.roles: got 'arn:aws:.*expected roles of us-gov-west"):
        load_environments(write(tmp_path, text))


@pytest.mark.parametrize("region", ["eu-central-1", "eu-central-3"])
def test_a_region_may_be_newer_than_the_cdk(tmp_path: Path, region: str) -> None:
    write(tmp_path, f"account = '111122223333'\nregion = '{region}'\n{MINIMAL}")
    assert load_environments(tmp_path)[0].region == region


@pytest.mark.parametrize("name", ["-", "1", "dév", "_x", ".hidden", "a b", "2024-prod", ""])
def test_a_files_name_has_to_begin_names_of_stacks(tmp_path: Path, name: str) -> None:
    with pytest.raises(EnvironmentFileError, match="expected a letter, then letters, digits, hyphens and underscores"):
        load_environments(write(tmp_path, MINIMAL, name))


def test_a_file_of_windows_begins_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_environments(tmp_path)[0].name == "dev"


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", "dev.toml is encoded in UTF-16, expected UTF-8: save it as UTF-8"),
        ("latin-1", "dev.toml is not UTF-8, got byte 0xfc in line 1: save it as UTF-8"),
    ],
)
def test_a_file_of_another_encoding_is_refused_with_the_fix(tmp_path: Path, encoding: str, message: str) -> None:
    (tmp_path / "dev.toml").write_text("# für uns\n" + MINIMAL, encoding=encoding)
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(tmp_path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").mkdir()
    with pytest.raises(EnvironmentFileError, match="dev.toml is a folder, expected the file of an environment"):
        load_environments(tmp_path)
    (tmp_path / "dev.toml").rmdir()
    (tmp_path / "dev.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(EnvironmentFileError, match="dev.toml cannot be read: No such file"):
        load_environments(tmp_path)


def parts_of(annotation: object) -> Iterator[object]:
    """Yield a type and what it is made of, such as the choices of an optional Literal; not the items of a list."""
    yield annotation
    for each in () if get_origin(annotation) is list else get_args(annotation):
        yield from parts_of(each)


def whole_numbers(model: type[Settings], table: str = "") -> Iterator[str]:
    """Yield the keys of an environment that take whole numbers."""
    for name, field in model.model_fields.items():
        inner = [each for each in parts_of(field.annotation) if isinstance(each, type)]
        if int in inner or any(type(choice) is int for choice in parts_of(field.annotation)):
            yield f"{table}.{name}"
        for each in inner:
            if issubclass(each, Settings):
                yield from whole_numbers(each, f"{table}.{name}")


WHOLE_NUMBERS = sorted(whole_numbers(Environment))


def test_there_are_whole_numbers_in_every_table() -> None:
    expected = {".network.zones", ".application.parallelism", ".generator.log_retention_days", ".events.partitions"}
    assert expected | {".encryption.key_generation", ".metrics.retention_days"} <= set(WHOLE_NUMBERS)


@pytest.mark.parametrize("value", ["2.0", "true", "'2'", "1979-05-27", "[2]", "nan"])
@pytest.mark.parametrize("key", WHOLE_NUMBERS)
def test_a_whole_number_is_taken_for_nothing_else(tmp_path: Path, key: str, value: str) -> None:
    # On a file of its own kind: what else is missing from it is told beside it.
    (tmp_path / "dev.toml").write_text(f"{key.removeprefix('.')} = {value}")
    with pytest.raises(
        EnvironmentFileError, match=re.escape(f"dev.toml: {key[1:]}: got ") + ".*, expected a whole number"
    ):
        load_environments(tmp_path)


def keys(model: type[Settings], table: str = "") -> Iterator[str]:
    """Yield every key of an environment, tables included."""
    for name, field in model.model_fields.items():
        if (table, name) == ("", "name"):
            continue
        yield f"{table}{name}"
        for each in (field.annotation, *get_args(field.annotation)):
            if isinstance(each, type) and issubclass(each, Settings):
                yield from keys(each, f"{table}{name}.")


VALUES = st.sampled_from(
    r"""1 | -1 | 0 | 2.5 | inf | nan | true | '' | 'x' | 'eu-central-1' | '*' | "\u0000" | 'é' | 99999999999999999999 |
    [] | ['x'] | [1] | [[]] | {} | { x = 1 } | { roles = [1] } | { folder = 3 } | { folder = '' } | { folder = '/' } |
    { g = { k = 'v' } } | 1979-05-27 | 07:32:00 | 1979-05-27T07:32:00Z""".replace("\n   ", "").split(" | ")
)
OF_PYDANTIC = re.compile(r"pydantic|instance of|valid dictionary|Input should|Value error|datetime\.|Settings|pattern")


@given(key=st.sampled_from(sorted(keys(Environment))), value=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_is_taken_or_refused_in_words_wherever_it_stands(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "dev.toml").write_text(f"{key} = {value}", encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as error:
        load_environments(tmp_path)  # something is missing beside it, in any case
    text = str(error.value)
    assert all("dev.toml: " in line for line in text.splitlines()), text
    assert not OF_PYDANTIC.search(text), text


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError) as error:
        load_environments(write(tmp_path, "a = 1\nb = 2" + MINIMAL))
    assert len(str(error.value).splitlines()) == 2


def test_two_environments_must_not_have_one_application(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "dev")
    with pytest.raises(EnvironmentFileError, match="environments dev and prod both have the application 'clicks'"):
        load_environments(write(tmp_path, MINIMAL, "prod"))


def test_two_files_must_not_be_one_stage(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "eu-1")
    with pytest.raises(EnvironmentFileError, match=r"eu-1\.toml and eu_1\.toml are both the Stage Eu1: rename one"):
        load_environments(write(tmp_path, MINIMAL.replace("clicks", "other"), "eu_1"))


FLEET = """
[generator]
name = "fleet"
code = { entry_point = "generator.py" }
properties.fleet = { "events.per.second" = "RATE" }
"""


def of_events(settings: str) -> str:
    return MINIMAL.replace('cluster_name = "clicks"', f'cluster_name = "clicks", {settings}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + FLEET.replace("RATE", "10000"), "got 100, in which events stay 66 hours, expected 233 for topic"),
        (
            MINIMAL + FLEET.replace('"events.per.second" = "RATE"', 'seed = "1"'),
            "100,000 records a second of 130 bytes",
        ),
        (of_events("load = { events_per_second = 10000, event_bytes = 130 }"), "compressed to 1/1, kept 168 hours"),
        (
            of_events(
                "storage_gib_per_broker = 1000, partitions = 60, retention_hours = 1,"
                " load = { events_per_second = 2300000, event_bytes = 100 }"
            ),
            "the disk of a broker would be 76 % full, expected at most 75 %",
        ),
        (of_events("load = { events_per_second = 10000 }"), "events.load.event_bytes: is missing"),
        (
            of_events("partitions = 50"),
            "events: 51 partitions on a broker take two segments of 1 GiB each, got 100 GiB: use at least 120",
        ),
    ],
)
def test_events_that_the_brokers_would_not_hold_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(write(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL,
        MINIMAL + FLEET.replace("RATE", "1000"),
        MINIMAL + FLEET.replace("RATE", "0"),  # as fast as it can: nobody knows how fast
        of_events("storage_gib_per_broker = 250") + FLEET.replace("RATE", "10000"),
        of_events("load = { events_per_second = 100, event_bytes = 1000, compression_ratio = 4.5 }"),
        of_events("load = { events_per_second = 100, event_bytes = 130 }") + FLEET.replace("RATE", "90000"),
    ],
)
def test_events_that_the_brokers_hold_are_taken(tmp_path: Path, text: str) -> None:
    assert load_environments(write(tmp_path, text))


def test_the_rate_of_a_generator_that_is_told_none_is_its_own_default() -> None:
    load = pipeline_of("vehicle_metrics").generator_load(ApplicationSettings(name="fleet"))
    assert load is not None
    guide = (ROOT / "docs" / "job.md").read_text(encoding="utf-8")
    assert f"| `events.per.second` | `{load.records_per_second}` |" in guide


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "parallelism = 4\nauto_scaling = true\nmax_kpus = 16",
            "application: autoscaling could reach 64 KPUs, got max",
        ),
        (
            'auto_scaling = true\nmax_kpus = 16\nproperties.job = { "max.parallelism" = "32" }',
            "could reach 32 KPUs, got max_kpus 16: .* a maximum parallelism of at most 16",
        ),
        ('auto_scaling = true\nproperties.job = { "max.parallelism" = "1" }', "leave no room for it: switch it off"),
    ],
)
def test_autoscaling_that_nothing_holds_is_refused(tmp_path: Path, settings: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(write(tmp_path, MINIMAL + settings))


@pytest.mark.parametrize("auto_scaling", ["true", "false"])
def test_a_maximum_parallelism_that_the_job_could_not_use_is_refused(tmp_path: Path, auto_scaling: str) -> None:
    settings = f'parallelism = 4\nauto_scaling = {auto_scaling}\nproperties.job = {{ "max.parallelism" = "6" }}'
    with pytest.raises(EnvironmentFileError, match="must be a multiple of the parallelism 4, got 6: use 128"):
        load_environments(write(tmp_path, MINIMAL + settings))


def test_autoscaling_is_held_by_what_the_job_is_told(tmp_path: Path) -> None:
    held = 'auto_scaling = true\nmax_kpus = 16\nproperties.job = { "max.parallelism" = "16" }'
    (environment,) = load_environments(write(tmp_path, MINIMAL + held))
    assert environment.application.max_parallelism == 16
    (fixed,) = load_environments(write(tmp_path, MINIMAL))
    assert (fixed.application.auto_scaling, fixed.application.max_parallelism) == (None, None)


def test_alarms_notify_a_topic_of_their_own_region(tmp_path: Path) -> None:
    text = 'alarm_topic = "arn:aws:sns:eu-west-1:111122223333:on-call"\n' + MINIMAL
    assert load_environments(write(tmp_path, text))
    assert load_environments(write(tmp_path, f'account = "111122223333"\nregion = "eu-west-1"\n{text}'))
    write(tmp_path, f'account = "111122223333"\nregion = "eu-central-1"\n{text}')
    with pytest.raises(EnvironmentFileError, match="alarm_topic: got a topic in eu-west-1, expected one in eu-central"):
        load_environments(tmp_path)


def test_the_same_name_in_another_account_is_another_application(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "dev")
    elsewhere = "account = '111122223333'\nregion = 'eu-central-1'" + MINIMAL
    assert len(load_environments(write(tmp_path, elsewhere, "prod"))) == 2


def test_one_environment_can_be_chosen_but_all_are_validated(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL, "dev")
    write(tmp_path, MINIMAL.replace("clicks", "other"), "prod")
    assert [environment.name for environment in load_environments(tmp_path, only="prod")] == ["prod"]
    assert [environment.name for environment in load_environments(tmp_path, only="PROD")] == ["prod"]
    with pytest.raises(EnvironmentFileError, match="no environment 'qa' in .*: known are dev, prod"):
        load_environments(tmp_path, only="qa")
    write(tmp_path, "x = 1", "dev")
    with pytest.raises(EnvironmentFileError, match=r"dev.toml: x"):
        load_environments(tmp_path, only="prod")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError, match="add a file such as dev.toml"):
        load_environments(tmp_path)


def test_every_value_of_an_environment_is_documented() -> None:
    guide = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    parts = [
        Environment,
        NetworkSettings,
        EventsSettings,
        EventLoadSettings,
        MetricsSettings,
        ApplicationSettings,
        CodeSettings,
    ]
    for part in [*parts, PrincipalSettings, EncryptionSettings, SnapshotSettings, PackageSettings]:
        for name in set(part.model_fields) - {"name"}:  # type: ignore[attr-defined]
            assert f"`{name}`" in guide or f"`[{name}]`" in guide, f"{part.__name__}.{name}"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("topic = ''", "events.topic: a topic's name must be 1 to 249 letters"),
        ("dead_letters_topic = 'a b'", "events.dead_letters_topic: a topic's name must be 1 to 249 letters"),
        ("retention_hours = 0", "events.retention_hours: got 0, expected at least 1"),
        ("retention_hours = 3000000000000", "events.retention_hours: a topic's retention must be 1 to"),
        ("storage_gib_per_broker = 16385", "events.storage_gib_per_broker: got 16385, expected at most"),
    ],
)
def test_numbers_and_names_of_the_events_are_within_their_ranges(tmp_path: Path, events: str, message: str) -> None:
    text = MINIMAL.replace('{ cluster_name = "clicks" }', f'{{ cluster_name = "clicks", {events} }}')
    with pytest.raises(EnvironmentFileError, match=message):
        load_environments(write(tmp_path, text))
