"""The shared parts of the ``penstock key`` commands: the plan, its steps, and the output."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import typer

from cdk_penstock.cli.aws_session import aws_access, open_sessions
from cdk_penstock.cli.screen import print_json
from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.key_runner import KeyRunner
from cdk_penstock.control.key_status import ROTATION_NOT_VISIBLE
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.permission_windows import PermissionWindows
from cdk_penstock.model.keys import plan
from cdk_penstock.model.keys.steps import Done
from cdk_penstock.model.policies.operator_policies import operator_key_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cdk_penstock.control.key_status import KeyStatus
    from cdk_penstock.model.keys import Action, Goal
    from cdk_penstock.model.keys.steps import Ending
    from cdk_penstock.model.policies.key_policy_problems import KeyPolicyFinding

EXIT_WAITING: Final = 3
EXIT_PROBLEMS: Final = 4
_WINDOWS_NEED: Final = (
    "the caller needs iam:ListRolePolicies, iam:GetRolePolicy, iam:ListAttachedRolePolicies, iam:GetPolicy and"
    " iam:GetPolicyVersion"
)
_KEY_FIELDS: Final = ("state", "rotatedAt", "lostPrincipals", "policyFindings")
_ROLE_RECREATED: Final = "docs/runbooks/key.md#role-recreated"


def connect(
    application: str, region: str | None, profile: str | None, operator_role: str | None, *, windows: bool
) -> KeyRunner:
    """Return a runner that calls MSF as the operator role, and KMS and IAM as the caller."""
    clock = aws_access.clock
    caller, operator = open_sessions(application, region, profile, operator_role)
    control = ApplicationControl(operator.client("kinesisanalyticsv2"), application, clock=clock)
    opened = None
    if windows and operator_role is not None:
        arn = control.describe().arn
        opened = PermissionWindows(
            caller.client("iam"),
            role_name=operator_role.rpartition("/")[2],
            application_arn=arn,
            document=lambda key_arn: json.dumps(
                operator_key_policy(application_arn=arn, key_arns=[key_arn], region=caller.region_name).to_json()
            ),
            clock=clock,
        )
    return KeyRunner(
        application=control,
        keys=KmsKeys(caller.client("kms"), clock=clock),
        permission_windows=opened,
        operator_arn=operator_role,
        keys_of_operator=None if operator_role is None else KmsKeys(operator.client("kms"), clock=clock),
    )


def resolve_key(runner: KeyRunner, key: str) -> str:
    """Return the ARN of a key that is named by its ARN, its id or an alias, and say what an alias means here."""
    arn = runner.describe_key(key).key_arn
    if "alias/" in key:
        typer.echo(
            f"{key} is {arn}: the application uses this ARN, and stays with it when the alias is moved, because MSF"
            " resolves an alias only once",
            err=True,
        )
    return arn


def plan_and_apply(runner: KeyRunner, goal: Goal, key_arn: str | None, *, apply: bool, as_json: bool) -> None:
    """Show the plan and, with ``apply``, take its steps; exit with 3 if a step has to wait."""
    observed = runner.observe(*([key_arn] if key_arn else []))
    steps = plan(observed, goal)
    unknown = runner.check_keys(observed, goal)
    if not as_json:
        typer.echo(f"plan for {observed.application_arn}")
        for number, step in enumerate(steps, start=1):
            typer.echo(f"  {number:>3}. {step}")
        for note in unknown:
            typer.echo(f"  not checked: {note}")
    taken: list[str] = []

    def announce(step: Action) -> None:
        taken.append(str(step))
        typer.echo(f"  -> {step}", err=as_json)

    end: Ending | None = None
    if apply:
        if not as_json:
            typer.echo("applying")
        end = runner.run(goal, announce)
    result = "planned" if end is None else "done" if isinstance(end, Done) else "waiting"
    if as_json:
        plan_fields = {"plan": [str(step) for step in steps], "notChecked": list(unknown)}
        fields = {"application": observed.application_arn, **plan_fields}
        print_json({**fields, "applied": apply, "taken": taken, "result": result})
    elif end is None:
        typer.echo("nothing was changed: to apply the plan, run the same command with --apply")
    elif result == "waiting":
        typer.echo("run the same command again later; it continues from here")
    if result == "waiting":
        raise typer.Exit(EXIT_WAITING)


def status_fields(status: KeyStatus) -> dict[str, Any]:
    """Return the state of an application's keys for scripts."""
    observed, windows = status.observed, status.key_permissions
    counted = Counter(str(each.encryption) for each in observed.snapshots)
    visible = {
        arn: {
            "state": key.state,
            "rotatedAt": key.rotated_at.isoformat() if key.rotated_at else None,
            "rotationHidden": None if key.is_rotation_known else ROTATION_NOT_VISIBLE,
            "hidden": None,
            "lostPrincipals": _listed(status.lost(arn)),
            "policyFindings": _listed(status.findings(arn), _finding_fields),
        }
        for arn, key in observed.keys.items()
    }
    hidden = {
        arn: {**dict.fromkeys(_KEY_FIELDS), "rotationHidden": why, "hidden": why} for arn, why in status.hidden.items()
    }
    return {
        "application": observed.application_arn,
        "status": observed.status.value,
        "configuredKey": str(observed.configured),
        "effectiveKey": str(observed.effective) if observed.effective else None,
        "pendingRestart": status.pending_restart(),
        "snapshotsPerKey": dict(sorted(counted.items())),
        # If some policies could not be read, the answer is unknown: a script must not take a part for all.
        "openWindows": None if windows is None or windows.unread else list(windows.policies),
        "windowPolicies": {} if windows is None else {arn: list(names) for arn, names in windows.policies.items()},
        "unreadPolicies": [] if windows is None else list(windows.unread),
        "keys": visible | hidden,
        "problems": list(status.problems()),
    }


def _listed(values: Iterable[Any] | None, convert: Callable[[Any], Any] = str) -> list[Any] | None:
    return None if values is None else [convert(each) for each in values]


def _finding_fields(finding: KeyPolicyFinding) -> dict[str, str]:
    return {"problem": finding.problem.value, "who": finding.who, "text": finding.text, "fix": finding.fix}


def status_lines(status: KeyStatus) -> Iterator[str]:
    """Yield the state of an application's keys for people."""
    observed, windows, fields = status.observed, status.key_permissions, status_fields(status)
    yield f"{observed.application_arn}  {observed.status}"
    yield f"  configured key           {observed.configured}"
    yield f"  effective key            {observed.effective or 'none, the application is not running'}"
    yield f"  pending restart          {fields['pendingRestart'] or 'no'}"
    for key, count in fields["snapshotsPerKey"].items():
        yield f"  snapshots                {count} under {key}"
    if windows is None:
        yield "  open permission windows  not shown without --operator-role"
    elif not windows.policies and not windows.unread:
        yield "  open permission windows  none"
    else:
        for key, names in windows.policies.items():
            yield f"  open permission windows  {key} by {', '.join(names)}"
        if windows.unread:
            yield f"  open permission windows  unknown in {', '.join(windows.unread)}: {_WINDOWS_NEED}"
    for arn, key in fields["keys"].items():
        rotation = key["rotationHidden"] or f"rotated {key['rotatedAt'] or 'never'}"
        seen = key["hidden"] or f"{key['state']}, {rotation}"
        yield f"  key                      {arn} is {seen}"
        for principal in key["lostPrincipals"] or ():
            yield f"  lost principal           {principal} in its policy no longer exists: {_ROLE_RECREATED}"
        for finding in status.findings(arn) or ():
            yield f"  key policy               {finding.problem}: {finding}"
    for problem in status.problems():
        yield f"  problem                  {problem}"
