from __future__ import annotations

from pathlib import Path

import pytest

from cdk_penstock.cli.checkout import CheckoutError, build_job, check_environments

ROOT = Path(__file__).resolve().parents[2]


def test_outside_of_a_checkout_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CheckoutError, match="there is no flink_app/clicks in .*: run this in a clone of penstock, or name"
    ):
        build_job(Path("flink_app/clicks"))
    with pytest.raises(CheckoutError, match="there is no node_modules/.bin/cdk in .*: run `make setup`"):
        check_environments(tmp_path / "job.zip", workload="clicks")


def write_cdk(folder: Path, script: str) -> None:
    cdk = folder / "node_modules" / ".bin" / "cdk"
    cdk.parent.mkdir(parents=True)
    cdk.write_text(f"#!/bin/sh\n{script}\n")
    cdk.chmod(0o755)


def test_the_stacks_of_every_environment_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cdk(tmp_path, 'echo "$@" >> asked; [ "$1" = ls ] && printf "Dev/Processing\\nProd/Processing\\n"; exit 0')
    monkeypatch.chdir(tmp_path)
    assert check_environments(tmp_path / "job.zip", workload="clicks") == ["Dev/Processing", "Prod/Processing"]
    assert f"--context package={tmp_path}/job.zip --context workload=clicks" in (tmp_path / "asked").read_text()


def test_a_finding_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cdk(tmp_path, "echo 'ERROR MSF2 snapshots are off' >&2; exit 1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckoutError, match=r"cdk synth failed with exit code 1:\nERROR MSF2"):
        check_environments(tmp_path / "job.zip", workload="clicks")


@pytest.mark.build
def test_the_bundled_job_passes_the_checks_of_every_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stacks = check_environments(build_job(Path("flink_app/vehicle_metrics")).path, workload="vehicle_metrics")
    assert list(dict.fromkeys(name.split("/")[0] for name in stacks)) == ["Dev", "Prod", "Staging"]
    assert len(stacks) == 3 * len(["Network", "Ingestion", "Presentation", "Processing"])
