"""``penstock app deploy``: what is checked, uploaded, changed and undone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from cdk_penstock.packaging import PackagingError
from tests.cli.operated import Operated
from tests.conftest import make_jar
from tests.control.fake_aws import APPLICATION, error
from tests.control.simulated_flink import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DONE, FAILED, WRONG_ARGUMENTS, ROLLED_BACK, RESTORED, REFUSED = 0, 1, 2, 3, 4, 5
_MAVEN = "META-INF/maven/org.apache.flink/flink-connector-kafka"
_KAFKA_OF_FLINK_2 = b"groupId=org.apache.flink\nartifactId=flink-connector-kafka\nversion=4.0.0-2.0\n"
OPTIONS = {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar"}


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    """A running application with a Java job."""
    operated = Operated.with_patches(tmp_path, monkeypatch)
    operated.aws.msf.run()
    operated.aws.world.calls.clear()
    return operated


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    """A running application with a Python job."""
    operated = Operated.with_patches(tmp_path, monkeypatch)
    group = {"PropertyGroupId": RUN_OPTIONS_GROUP, "PropertyMap": OPTIONS}
    operated.aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": [group]})
    operated.aws.msf.change_code("jobs/job-1.zip")
    operated.aws.msf.run()
    operated.aws.world.calls.clear()
    return operated


def uploads(operated: Operated) -> list[dict[str, Any]]:
    return operated.aws.world.named("PutObject")


def key_of(path: Path) -> str:
    return f"jobs/{APPLICATION}-{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}{path.suffix}"


def test_a_zip_is_uploaded_beside_the_present_code_under_its_hash_and_verified(
    running: Operated, job_zip: Path
) -> None:
    result = running.invoke("deploy", str(job_zip))
    assert result.exit_code == DONE
    assert result.stdout.startswith("verified: ")
    assert running.code == key_of(job_zip)
    assert running.aws.s3.buckets["code"] == {key_of(job_zip): job_zip.read_bytes()}
    assert running.changes == ["CreateApplicationSnapshot", "UpdateApplication"]
    assert "upload s3://code/jobs/vehicles-" in result.stderr


def test_the_same_code_is_neither_uploaded_nor_deployed_twice(running: Operated, job_zip: Path) -> None:
    assert running.json("deploy", str(job_zip))["uploaded"] is True
    shown = running.json("deploy", str(job_zip))
    assert (shown["outcome"], shown["uploaded"]) == ("verified", False)
    assert len(uploads(running)) == 1
    assert running.changes.count("UpdateApplication") == 1


def test_a_folder_is_packaged(running: Operated, tmp_path: Path) -> None:
    running.aws.msf.change(
        EnvironmentPropertyUpdates={
            "PropertyGroups": [{"PropertyGroupId": RUN_OPTIONS_GROUP, "PropertyMap": {"python": "main.py"}}]
        }
    )
    job = tmp_path / "job"
    job.mkdir()
    (job / "main.py").write_text("print('job')\n")
    shown = running.json("deploy", str(job))
    assert shown["outcome"] == "verified"
    assert shown["code"].startswith(f"s3://code/jobs/{APPLICATION}-")
    assert running.json("deploy", str(job))["code"] == shown["code"]


def test_a_dry_run_uploads_nothing(running: Operated, job_zip: Path) -> None:
    shown = running.json("deploy", str(job_zip), "--dry-run")
    assert shown["code"] == f"s3://code/{key_of(job_zip)}"
    assert f"update the application to s3://code/{key_of(job_zip)} on FLINK-1_20" in shown["plan"][1]
    assert running.aws.s3.buckets["code"] == {}
    assert running.changes == []


def test_code_that_fails_is_rolled_back_and_not_deployed_again_unless_asked(running: Operated, job_zip: Path) -> None:
    running.flink.behaviours[key_of(job_zip)] = Behaviour.LOOPS
    result = running.invoke("deploy", str(job_zip))
    assert result.exit_code == ROLLED_BACK
    assert "rolled back: the job failed" in result.stdout
    assert "java.lang.ArithmeticException: / by zero" in result.stdout
    assert running.code == "jobs/job-1.zip"
    assert len(running.evidence) == 1
    assert running.invoke("deploy", str(job_zip)).exit_code == ROLLED_BACK
    assert running.changes.count("UpdateApplication") == 1
    running.flink.behaviours.clear()
    assert running.invoke("deploy", str(job_zip), "--again").exit_code == DONE
    assert running.code == key_of(job_zip)


def test_code_whose_main_fails_is_put_back(running: Operated, job_zip: Path) -> None:
    running.flink.behaviours[key_of(job_zip)] = Behaviour.FAILS_IN_MAIN
    result = running.invoke("deploy", str(job_zip))
    assert result.exit_code == RESTORED
    assert "restored: UpdateApplication failed: ValueError: no such topic; " in result.stdout


def test_code_that_msf_itself_rolls_back_is_told_with_the_reason(running: Operated, job_zip: Path) -> None:
    running.aws.msf.enable_rollback()
    running.flink.behaviours[key_of(job_zip)] = Behaviour.FAILS_IN_MAIN
    shown = running.json("deploy", str(job_zip))
    assert shown["outcome"] == "rolled back"
    assert "UpdateApplication failed: ValueError: no such topic" in shown["text"]


def test_code_that_was_uploaded_before_is_not_noted_as_overwritten(running: Operated, job_zip: Path) -> None:
    running.invoke("deploy", str(job_zip))
    assert running.json("deploy", str(job_zip))["notes"] == []


def test_an_interrupted_upload_is_done_again(running: Operated, job_zip: Path) -> None:
    def interrupt(name: str, _: dict[str, Any]) -> None:
        if name == "PutObject":
            raise KeyboardInterrupt

    running.aws.world.on_call = interrupt
    assert running.invoke("deploy", str(job_zip)).exit_code == 130
    assert running.changes == []
    running.aws.world.on_call = None
    assert running.invoke("deploy", str(job_zip)).exit_code == DONE


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"main.py": b"def f(:\n"}, "main.py"),
        ({"main.py": None, "other.py": b""}, "entry point 'main.py' is not in it"),
        ({"lib/pyflink-dependencies.jar": None}, "it lacks lib/pyflink-dependencies.jar, where the application looks"),
        (
            {"lib/pyflink-dependencies.jar": make_jar({f"{_MAVEN}/pom.properties": _KAFKA_OF_FLINK_2})},
            "which is not built for FLINK-1_20: use flink-connector-kafka 3",
        ),
        (
            {"penstock-package.json": b'{"runtime": "FLINK-2_2", "packages": []}'},
            "it was built for FLINK-2_2, and is to run on FLINK-1_20",
        ),
    ],
)
def test_a_package_that_would_not_run_is_refused_before_anything_is_uploaded(
    running: Operated, write_archive: Callable[..., Path], files: dict[str, bytes | None], message: str
) -> None:
    with pytest.raises(PackagingError, match=message):
        running.invoke("deploy", str(write_archive(files)))
    assert uploads(running) == []
    assert running.changes == []


def test_a_jar_is_not_deployed_to_a_python_job_nor_a_zip_to_a_java_job(
    running: Operated, tmp_path: Path, job_zip: Path
) -> None:
    jar = tmp_path / "job.jar"
    jar.write_bytes(make_jar())
    with pytest.raises(PackagingError, match="it is a jar, but the application runs a Python job"):
        running.invoke("deploy", str(jar))
    running.aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": []})
    with pytest.raises(PackagingError, match="it is a zip, but the application has no property group kinesis"):
        running.invoke("deploy", str(job_zip))
    assert uploads(running) == []


def test_a_jar_of_a_java_job_is_deployed(java: Operated, tmp_path: Path) -> None:
    jar = tmp_path / "job.jar"
    jar.write_bytes(make_jar())
    assert java.invoke("deploy", str(jar)).exit_code == DONE
    # The present code lies at the top of its bucket.
    assert java.code == key_of(jar).removeprefix("jobs/")


def test_another_bucket_is_used_if_asked(running: Operated, job_zip: Path) -> None:
    running.aws.s3.buckets["other"] = {}
    assert running.json("deploy", str(job_zip), "--bucket", "other")["code"] == f"s3://other/{key_of(job_zip)}"
    assert list(running.aws.s3.buckets["other"]) == [key_of(job_zip)]
    (request,) = running.aws.world.named("UpdateApplication")
    code = request["ApplicationConfigurationUpdate"]["ApplicationCodeConfigurationUpdate"]["CodeContentUpdate"]
    assert code["S3ContentLocationUpdate"]["BucketARNUpdate"] == "arn:aws:s3:::other"


def test_a_caller_who_may_write_only_deploys_too(running: Operated, job_zip: Path) -> None:
    running.aws.s3.hidden = True
    assert running.invoke("deploy", str(job_zip)).exit_code == DONE
    assert running.code == key_of(job_zip)


def test_another_object_of_the_same_name_is_not_overwritten(running: Operated, job_zip: Path) -> None:
    running.aws.s3.buckets["code"][key_of(job_zip)] = b"other"
    with pytest.raises(ControlError, match="has 5 bytes, this code has"):
        running.invoke("deploy", str(job_zip))
    assert running.aws.s3.buckets["code"] == {key_of(job_zip): b"other"}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "the caller may not write s3://code/jobs/.*: s3:PutObject is needed.*nothing was changed"),
        ("NoSuchBucket", "there is no bucket code: name another one with --bucket; nothing was changed"),
        ("InternalError", "cannot upload .*: AWS throttles or fails inside"),
    ],
)
def test_an_upload_that_fails_is_told_with_its_fix(running: Operated, job_zip: Path, code: str, message: str) -> None:
    running.aws.world.fail("PutObject", error(code, "no"))
    with pytest.raises(ControlError, match=message):
        running.invoke("deploy", str(job_zip))
    assert running.changes == []


def test_the_version_of_the_object_is_named_if_the_present_code_has_one(running: Operated, job_zip: Path) -> None:
    running.aws.s3.versioned = True
    location = {"FileKeyUpdate": "jobs/job-1.zip", "ObjectVersionUpdate": "v0"}
    code = {"CodeContentUpdate": {"S3ContentLocationUpdate": location}}
    running.aws.msf.change(ApplicationCodeConfigurationUpdate=code)
    assert running.invoke("deploy", str(job_zip)).exit_code == DONE
    assert running.invoke("deploy", str(job_zip)).exit_code == DONE
    (request,) = running.aws.world.named("UpdateApplication")
    code = request["ApplicationConfigurationUpdate"]["ApplicationCodeConfigurationUpdate"]["CodeContentUpdate"]
    assert code["S3ContentLocationUpdate"]["ObjectVersionUpdate"] == "v1"


# Objects of S3


def test_an_object_of_s3_is_checked_and_deployed_from_where_it_is(running: Operated, job_zip: Path) -> None:
    running.aws.s3.buckets["builds"] = {"builds/7/job.zip": job_zip.read_bytes()}
    shown = running.json("deploy", "s3://builds/builds/7/job.zip")
    assert (shown["outcome"], shown["uploaded"]) == ("verified", False)
    assert running.code == "builds/7/job.zip"
    assert uploads(running) == []


def test_an_object_that_would_not_run_is_refused(running: Operated, write_archive: Callable[..., Path]) -> None:
    running.aws.s3.buckets["code"]["bad.zip"] = write_archive({"main.py": None}).read_bytes()
    with pytest.raises(PackagingError, match="s3://code/bad.zip would not run"):
        running.invoke("deploy", "s3://code/bad.zip")
    assert running.changes == []


@pytest.mark.parametrize("place", ["s3://code/missing.zip", "s3://nobody/missing.zip"])
def test_an_object_that_is_not_there_is_refused(running: Operated, place: str) -> None:
    with pytest.raises(ControlError, match=f"{place} is not there"):
        running.invoke("deploy", place)


def test_an_object_that_the_caller_may_not_read_is_deployed_unchecked_with_a_note(running: Operated) -> None:
    running.aws.s3.hidden = True
    shown = running.json("deploy", "s3://code/secret.zip?versionId=3")
    assert shown["outcome"] == "verified"
    assert "the code was not checked: the caller may not read s3://code/secret.zip" in shown["notes"][0]
    assert running.code == "secret.zip"


def test_an_object_that_was_overwritten_is_not_called_deployed(running: Operated, job_zip: Path) -> None:
    running.aws.s3.buckets["code"]["jobs/job-1.zip"] = job_zip.read_bytes()
    shown = running.json("deploy", "s3://code/jobs/job-1.zip")
    assert "MSF keeps the content that it had then" in shown["notes"][0]
    assert running.changes == []


# Options


def test_a_stopped_application_gets_the_code_and_starts_unless_it_is_left_stopped(
    running: Operated, job_zip: Path, write_archive: Callable[..., Path]
) -> None:
    running.aws.msf.stop()
    running.aws.world.calls.clear()
    assert running.invoke("deploy", str(job_zip), "--leave-stopped").exit_code == DONE
    assert running.changes == ["UpdateApplication"]
    other = write_archive({"main.py": b"print('other')\n"})
    assert running.invoke("deploy", str(other), "--restore", "old").exit_code == DONE
    assert running.changes == ["UpdateApplication", "UpdateApplication", "StartApplication"]
    restored = running.aws.world.named("StartApplication")[0]["RunConfiguration"]["ApplicationRestoreConfiguration"]
    assert restored == {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotName": "old"}


def test_state_that_no_operator_takes_is_left_out_for_this_deployment(running: Operated, job_zip: Path) -> None:
    assert running.invoke("deploy", str(job_zip), "--allow-non-restored-state").exit_code == DONE
    (request,) = running.aws.world.named("UpdateApplication")
    assert request["RunConfigurationUpdate"] == {
        "ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        "FlinkRunConfiguration": {"AllowNonRestoredState": True},
    }


def test_an_application_without_snapshots_needs_the_loss_accepted(running: Operated, job_zip: Path) -> None:
    running.aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)
    running.aws.world.calls.clear()
    assert running.invoke("deploy", str(job_zip)).exit_code == REFUSED
    result = running.invoke("deploy", str(job_zip), "--allow-state-loss")
    assert result.exit_code == WRONG_ARGUMENTS
    assert "the update loses its whole state; to accept this in a script" in result.stderr
    assert running.changes == []
    result = running.invoke("deploy", str(job_zip), "--allow-state-loss", "--yes-lose-state", APPLICATION)
    assert result.exit_code == DONE


def test_a_job_that_fails_gets_its_correction_with_force(running: Operated, job_zip: Path) -> None:
    running.aws.msf.fault(looping_job=True)
    assert running.invoke("deploy", str(job_zip)).exit_code == REFUSED
    running.aws.world.on_call = lambda name, _: running.aws.msf.fault() if name == "UpdateApplication" else None
    result = running.invoke("deploy", str(job_zip), "--force", "--yes-lose-state", APPLICATION)
    assert result.exit_code == DONE
    assert [each["Force"] for each in running.aws.world.named("StopApplication")] == [True]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "there is no nowhere (looked for in"),
        ("nowhere.zip", "there is no code archive nowhere.zip"),
        ("s3://bucket", "expected s3://BUCKET/KEY"),
        ("s3://UPPER/key", "expected s3://BUCKET/KEY"),
        ("s3:/code/key", "expected s3://BUCKET/KEY"),
    ],
)
def test_what_cannot_be_code_is_refused(running: Operated, source: str, message: str) -> None:
    result = running.invoke("deploy", source)
    assert result.exit_code == WRONG_ARGUMENTS
    assert message in result.stderr
    assert running.aws.world.calls == []


def test_a_file_that_is_no_archive_is_an_error(running: Operated, tmp_path: Path) -> None:
    (tmp_path / "damaged.zip").write_text("PK")
    with pytest.raises(PenstockError, match=r"damaged.zip is not a zip archive"):
        running.invoke("deploy", "damaged.zip")
