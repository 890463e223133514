from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import (
    ApplicationCode,
    ApplicationPropsError,
    FlinkApplication,
    FlinkRuntime,
    PyFlinkApplication,
    PyFlinkLayout,
)
from cdk_penstock.model.arguments import ArgumentError
from cdk_penstock.packaging import PackagingError
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.application.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


def run_options(result: Synthesized) -> dict[str, str]:
    groups = result.application()["ApplicationConfiguration"].get("EnvironmentProperties", {}).get("PropertyGroups", [])
    return next((group["PropertyMap"] for group in groups if "run.options" in group["PropertyGroupId"]), {})


def test_a_zip_brings_its_run_options(synthesize: Synthesize, job_zip: Path) -> None:
    result = synthesize(
        lambda stack: PyFlinkApplication(stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="a")
    )
    assert run_options(result) == {
        "python": "main.py",
        "jarfile": "lib/pyflink-dependencies.jar",
        "pyFiles": "dep/",
    }


@pytest.mark.parametrize("code", ["job.zip", Path("job.zip"), {}, 5])
@pytest.mark.parametrize("application", [FlinkApplication, PyFlinkApplication])
def test_what_people_take_for_code_names_the_factories(application: Any, code: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"code must be an ApplicationCode, got .*ApplicationCode.from_asset\("
    ) as error:
        application(Stack(App(), "Mistaken"), "Flink", code=code, application_name="a")
    assert "from_pyflink_folder" in str(error.value)


def test_a_folder_that_is_a_zip_names_the_factory_to_use(stack: Stack, job_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(
        PackagingError, match="is a file, expected the folder of a job: .* use ApplicationCode.from_asset"
    ):
        PyFlinkApplication(stack, "Zip", folder=str(job_zip), application_name="a")
    with pytest.raises(PackagingError, match="there is no job folder nowhere .looked for in .*: give the folder that"):
        PyFlinkApplication(stack, "Gone", folder="nowhere", application_name="a")
    (tmp_path / "dir.zip").mkdir()
    with pytest.raises(PackagingError, match="got the folder .*dir.zip: build it with `penstock package"):
        code = ApplicationCode.from_asset(tmp_path / "dir.zip")
        PyFlinkApplication(stack, "Folder", code=code, application_name="a")


def test_code_in_a_message_reads_as_it_was_written(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(ApplicationPropsError) as error:
        code = ApplicationCode.from_asset("job.zip")
        PyFlinkApplication(stack, "Both", folder=tmp_path, code=code, application_name="a")
    assert "and code=ApplicationCode.from_asset('job.zip')" in str(error.value)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "code")
    assert repr(ApplicationCode.from_bucket(bucket, "job.jar")) == "ApplicationCode.from_bucket(..., 'job.jar')"
    assert repr(ApplicationCode.from_pyflink_folder("job")) == "ApplicationCode.from_pyflink_folder('job')"


def test_one_zip_may_hold_several_entry_points(synthesize: Synthesize, write_archive: Callable[..., Path]) -> None:
    code = ApplicationCode.from_asset(write_archive({"generator.py": b"pass\n"}), entry_point="generator.py")
    result = synthesize(lambda stack: PyFlinkApplication(stack, "App", code=code, application_name="a"))
    assert run_options(result)["python"] == "generator.py"


def test_a_jar_has_no_run_options(synthesize: Synthesize, tmp_path: Path) -> None:
    jar = tmp_path / "job.jar"
    jar.write_bytes(make_jar())
    result = synthesize(
        lambda stack: FlinkApplication(stack, "App", code=ApplicationCode.from_asset(jar), application_name="a")
    )
    assert run_options(result) == {}


def test_the_asset_is_found_by_the_hash_of_its_content(synthesize: Synthesize, write_archive: Any) -> None:
    def key(source: bytes) -> str:
        code = ApplicationCode.from_asset(write_archive({"main.py": source}))
        result = synthesize(lambda stack: FlinkApplication(stack, "App", code=code, application_name="a"))
        content = result.application()["ApplicationConfiguration"]["ApplicationCodeConfiguration"]["CodeContent"]
        return str(content["S3ContentLocation"]["FileKey"])

    assert key(b"a = 1\n") == key(b"a = 1\n")
    assert key(b"a = 1\n") != key(b"a = 2\n")


def test_the_asset_buckets_own_key_may_be_used_to_decrypt(synthesize: Synthesize, job_zip: Path) -> None:
    def build(stack: Stack) -> None:
        key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1")
        code = ApplicationCode.from_asset(job_zip, bucket_encryption_key=key)
        FlinkApplication(stack, "App", code=code, application_name="a")

    decrypt = [statement for statement in synthesize(build).statements() if statement["Action"] == "kms:Decrypt"]
    assert [statement["Resource"] for statement in decrypt] == ["arn:aws:kms:eu-central-1:111122223333:key/1"]


def test_an_object_is_named_with_its_version(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "code")
        code = ApplicationCode.from_bucket(bucket, "job.zip", object_version="v7", pyflink=PyFlinkLayout())
        FlinkApplication(stack, "App", code=code, application_name="a")

    result = synthesize(build)
    content = result.application()["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    assert content["CodeContentType"] == "ZIPFILE"
    location = content["CodeContent"]["S3ContentLocation"]
    assert (location["FileKey"], location["ObjectVersion"]) == ("job.zip", "v7")
    assert run_options(result) == {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar", "pyFiles": "dep/"}
    assert result.warnings() == []


def test_an_object_without_a_version_is_warned_about(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "code")
        layout = PyFlinkLayout(entry_point="job.py", jar=None, modules=None)
        code = ApplicationCode.from_bucket(bucket, "job.zip", pyflink=layout)
        FlinkApplication(stack, "App", code=code, application_name="a")

    result = synthesize(build)
    assert "overwriting the object will not update the application" in result.warnings()[0]
    assert run_options(result) == {"python": "job.py"}


def test_fails_for_code_that_would_not_run(stack: Stack, write_archive: Callable[..., Path]) -> None:
    with pytest.raises(PackagingError, match="entry point 'other.py' is not in it, at its top is main.py"):
        FlinkApplication(
            stack,
            "App",
            code=ApplicationCode.from_asset(write_archive(), entry_point="other.py"),
            application_name="a",
        )


def test_fails_for_a_folder_that_is_none(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="there is no job folder"):
        PyFlinkApplication(stack, "App", folder=tmp_path / "none", application_name="a")


def test_says_what_to_do_where_a_folder_cannot_be_built(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.py").write_text("print('job')\n")
    (tmp_path / "pom.xml").write_text("<project/>")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(PackagingError, match=r"needs Maven .* and a JDK .*penstock package .*from_asset\('job.zip'\)"):
        PyFlinkApplication(stack, "App", folder=tmp_path, application_name="a")


@pytest.mark.parametrize("both", [True, False])
def test_fails_unless_exactly_one_of_folder_and_code_is_given(stack: Stack, job_zip: Path, both: bool) -> None:
    given: dict[str, Any] = {"folder": "job", "code": ApplicationCode.from_asset(job_zip)} if both else {}
    with pytest.raises(ApplicationPropsError, match="either a folder or code"):
        PyFlinkApplication(stack, "App", application_name="a", **given)


def test_fails_for_an_entry_point_beside_code_which_names_its_own(stack: Stack, job_zip: Path) -> None:
    code = ApplicationCode.from_asset(job_zip)
    with pytest.raises(ApplicationPropsError, match=r"entry_point='generator.py' beside code: choose it on the code"):
        PyFlinkApplication(stack, "App", code=code, entry_point="generator.py", application_name="a")


def test_fails_for_code_that_is_no_python_job(stack: Stack, tmp_path: Path) -> None:
    jar = tmp_path / "job.jar"
    jar.write_bytes(make_jar())
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "code")
    without_layout = ApplicationCode.from_bucket(bucket, "job.zip", object_version="v7")
    for name, code in {"Jar": ApplicationCode.from_asset(jar), "Zip": without_layout}.items():
        with pytest.raises(ApplicationPropsError, match=rf"Stack/{name} must say which Python file MSF starts"):
            PyFlinkApplication(stack, name, code=code, application_name="a")


def test_fails_for_python_on_a_runtime_without_it(stack: Stack, job_zip: Path) -> None:
    with pytest.raises(ApplicationPropsError, match="FLINK-1_8 runs no Python jobs"):
        PyFlinkApplication(
            stack, "App", code=ApplicationCode.from_asset(job_zip), runtime=FlinkRuntime.FLINK_1_8, application_name="a"
        )


def test_a_vpc_brings_an_own_security_group_and_private_subnets(synthesize: Synthesize, job_zip: Path) -> None:
    def build(stack: Stack) -> None:
        application = FlinkApplication(
            stack,
            "App",
            code=ApplicationCode.from_asset(job_zip),
            application_name="a",
            vpc=ec2.Vpc(stack, "Vpc", max_azs=2),
        )
        application.connections.allow_from(ec2.Peer.ipv4("10.0.0.0/8"), ec2.Port.tcp(9098))

    result = synthesize(build)
    (configuration,) = result.application()["ApplicationConfiguration"]["VpcConfigurations"]
    subnets = result.template.find_resources("AWS::EC2::Subnet")
    chosen = [subnets[reference["Ref"]]["Properties"] for reference in configuration["SubnetIds"]]
    assert len(chosen) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in chosen)
    (group_id,) = result.template.find_resources("AWS::EC2::SecurityGroup")
    assert configuration["SecurityGroupIds"] == [{"Fn::GetAtt": [group_id, "GroupId"]}]
    group = result.only("AWS::EC2::SecurityGroup")["Properties"]
    assert group["SecurityGroupIngress"][0]["FromPort"] == 9098
    assert result.only("AWS::EC2::SecurityGroup")["DeletionPolicy"] == "RetainExceptOnCreate"


def egress_of(stack: Stack, job_zip: Path, **props: Any) -> list[dict[str, Any]]:
    """Return the rules out of the application's own security group."""
    FlinkApplication(
        stack,
        "App",
        code=ApplicationCode.from_asset(job_zip),
        application_name="a",
        vpc=ec2.Vpc(stack, "Vpc"),
        **props,
    )
    groups = Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroup")
    (group,) = [body for name, body in groups.items() if name.startswith("App")]
    return list(group["Properties"]["SecurityGroupEgress"])


def test_a_job_may_call_everything_by_default(stack: Stack, job_zip: Path) -> None:
    assert [each["IpProtocol"] for each in egress_of(stack, job_zip)] == ["-1"]


def test_a_job_may_call_the_ports_that_are_named_and_no_other(stack: Stack, job_zip: Path) -> None:
    rules = egress_of(stack, job_zip, outbound_ports=[443, 8443, 443])
    assert [(each["IpProtocol"], each["FromPort"], each["ToPort"]) for each in rules] == [
        ("tcp", 443, 443),
        ("tcp", 8443, 8443),
    ]


def test_a_job_may_call_nothing_where_no_port_is_named(stack: Stack, job_zip: Path) -> None:
    (rule,) = egress_of(stack, job_zip, outbound_ports=[])
    assert rule["CidrIp"] == "255.255.255.255/32"


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "must be private, got public ones"),
        ({"security_groups": []}, "1 to 5 security groups, got 0"),
        ({"outbound_ports": [443, 0]}, "TCP ports from 1 to 65535, got 0"),
        ({"outbound_ports": [443], "security_groups": []}, "for the application's own security group"),
    ],
)
def test_fails_for_a_network_in_which_the_job_could_not_run(
    stack: Stack, job_zip: Path, props: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApplicationPropsError, match=message):
        FlinkApplication(
            stack,
            "App",
            code=ApplicationCode.from_asset(job_zip),
            application_name="a",
            vpc=ec2.Vpc(stack, "Vpc"),
            **props,
        )


def test_fails_for_a_vpc_with_public_subnets_only(stack: Stack, job_zip: Path) -> None:
    only_public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
    vpc = ec2.Vpc(stack, "Vpc", subnet_configuration=[only_public], nat_gateways=0)
    with pytest.raises(ApplicationPropsError, match="must be private"):
        FlinkApplication(stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="a", vpc=vpc)


def test_fails_for_more_subnets_than_msf_takes(stack: Stack, job_zip: Path) -> None:
    ids = [f"subnet-{number}" for number in range(17)]
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"] * 17, private_subnet_ids=ids
    )
    with pytest.raises(ApplicationPropsError, match="1 to 16 subnets, got 17"):
        FlinkApplication(
            stack,
            "App",
            code=ApplicationCode.from_asset(job_zip),
            application_name="a",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        )
