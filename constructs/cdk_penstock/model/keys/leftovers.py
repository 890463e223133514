"""Parts of a key sequence that are not at their end: snapshots under the AWS-owned key, and needless permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.keys.key_assignment import AWS_OWNED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.keys.observed_application import ObservedApplication, Snapshot


def aws_owned_snapshots(configured: KeyAssignment, snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Return the snapshots under the AWS-owned key of an application that is under a customer managed key."""
    return tuple(each for each in snapshots if each.encryption == AWS_OWNED and configured != AWS_OWNED)


def problem_with_snapshots(application_name: str, configured: KeyAssignment, count: int) -> str | None:
    """Return the problem of so many snapshots under the AWS-owned key, with the command that ends it; None for none."""
    if not count:
        return None
    return (
        f"{count} {'snapshot is' if count == 1 else 'snapshots are'} under the AWS-owned key, while the application is"
        f" under {configured}: penstock key purge-snapshots --application {application_name} --apply deletes"
        f" {'it' if count == 1 else 'them'} when the soak is over and a newer one under this key is READY"
    )


def problem_with_window(key_arn: str, policies: Collection[str]) -> str:
    """Return the problem of a permission window that nothing needs, with its fix."""
    return (
        f"the permission window for {key_arn} is open ({', '.join(sorted(policies))}), and nothing depends on this key:"
        " docs/runbooks/key.md#permission-window-left-open"
    )


def leftovers(observed: ObservedApplication, windows: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return each problem, with its fix.

    Parameters
    ----------
    observed
        The application with its snapshots.
    windows
        The policies of the operator role that allow a key, by its ARN.
    """
    name = observed.application_arn.rpartition("/")[2]
    count = len(aws_owned_snapshots(observed.configured, observed.snapshots))
    found = [problem_with_snapshots(name, observed.configured, count)]
    found += [
        problem_with_window(key_arn, policies)
        for key_arn, policies in windows.items()
        if not observed.dependents(key_arn)
    ]
    return tuple(each for each in found if each is not None)
