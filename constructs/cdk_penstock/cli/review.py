"""``penstock review``: answers about the security of a synthesized app, from its templates alone."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cdk_penstock.cli.arguments import DEFAULT_ASSEMBLY, AssemblyOption, JsonOption
from cdk_penstock.cli.execution_policy import (
    AccountOption,
    ExecutionPolicyOption,
    TargetRegionOption,
    show_policies,
    with_target,
    write_policies,
)
from cdk_penstock.cli.screen import new_console, print_json
from cdk_penstock.model.keys.involved_keys import LifecycleOperation
from cdk_penstock.review.assembly import read_assembly
from cdk_penstock.review.delivery_guarantees import delivery_guarantees
from cdk_penstock.review.encryption import ASSUMPTIONS, review_encryption
from cdk_penstock.review.execution import execution_policies
from cdk_penstock.review.wildcard_reasons import wildcards_of

if TYPE_CHECKING:
    from cdk_penstock.review.delivery_guarantees import GuaranteedDelivery
    from cdk_penstock.review.encryption import EncryptionReview, KeyAccess
    from cdk_penstock.review.wildcard_reasons import Wildcard


def review_command(
    *,
    encryption: Annotated[
        bool, typer.Option("--encryption", help="Show who can use the key of each application's state, and why.")
    ] = False,
    delivery: Annotated[
        bool, typer.Option("--delivery", help="Show what each delivery to a sink guarantees for its records.")
    ] = False,
    wildcards: Annotated[
        bool, typer.Option("--wildcards", help="Show every wildcard resource in IAM policies, with its reason.")
    ] = False,
    execution_policy: ExecutionPolicyOption = None,
    assembly: AssemblyOption = DEFAULT_ASSEMBLY,
    environment: Annotated[str | None, typer.Option(help="Review one environment only, for example prod.")] = None,
    account: AccountOption = None,
    region: TargetRegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Review a synthesized app. The exit code is 1 if there is a problem, or a wildcard without a reason."""
    if not encryption and not delivery and not wildcards and execution_policy is None:
        raise typer.BadParameter(
            "expected something to review, got nothing: pass --encryption, --delivery, --wildcards or"
            " --execution-policy"
        )
    stacks = read_assembly(assembly, environment=environment)
    reviews = review_encryption(stacks) if encryption else ()
    guarantees = delivery_guarantees(stacks) if delivery else ()
    found = wildcards_of(stacks) if wildcards else ()
    policies = () if execution_policy is None else execution_policies(with_target(stacks, account, region))
    written = () if execution_policy is None else write_policies(policies, execution_policy)
    if as_json:
        sections: dict[str, Any] = {
            **({"encryption": [_fields(review) for review in reviews]} if encryption else {}),
            **({"delivery": [dataclasses.asdict(each) for each in guarantees]} if delivery else {}),
            **({"wildcards": [dataclasses.asdict(each) for each in found]} if wildcards else {}),
            **({"execution_policies": [each.to_json() for each in written]} if execution_policy is not None else {}),
        }
        print_json(sections)
    else:
        if encryption:
            _show(reviews)
        if delivery:
            new_console().print(_deliveries(guarantees))
        if wildcards:
            _show_wildcards(found)
        show_policies(written)
    unreasoned = any(not each.reason for each in found)
    if unreasoned or any(review.problems and not review.is_for_development for review in reviews):
        raise typer.Exit(1)


def _fields(review: EncryptionReview) -> dict[str, Any]:
    return {**dataclasses.asdict(review), "problems": list(review.problems), "assumptions": list(ASSUMPTIONS)}


def _show(reviews: tuple[EncryptionReview, ...]) -> None:
    console = new_console()
    if not reviews:
        console.print("no application here has a customer managed key")
    for review in reviews:
        where = review.stage or review.stack
        console.print(Text.assemble("\n", (where, "bold"), f"  {review.application_arn}"), soft_wrap=True)
        console.print(_order(review))
        for key_arn in dict.fromkeys(each.key for each in review.access):
            console.print(_access(review, key_arn))
        console.print("the operator role may be assumed by:")
        for principal in review.assumed_by:
            console.print(f"- {principal}", soft_wrap=True)
        for problem in review.problems:
            console.print(problem, style="red", soft_wrap=True)
        console.print(_verdict(review))
    if reviews:
        console.print("\nassumed:")
        for assumption in ASSUMPTIONS:
            console.print(f"- {assumption}", soft_wrap=True)


def _show_wildcards(found: tuple[Wildcard, ...]) -> None:
    """Show each reason once, with the actions that it explains."""
    console = new_console()
    by_reason: dict[str, list[Wildcard]] = {}
    for each in found:
        by_reason.setdefault(each.reason, []).append(each)
    table = Table("reason", "times", "for", title="wildcard resources in IAM", title_justify="left", show_lines=True)
    for reason, same in by_reason.items():
        actions = dict.fromkeys(each.finding.partition("@")[0] for each in same)
        table.add_row(reason or Text("none recorded", style="red"), str(len(same)), "\n".join(actions))
    console.print(table)
    missing = len(by_reason.get("", ()))
    console.print(f"{len(found)} wildcards, {missing or 'none'} without a reason")


def _deliveries(guarantees: tuple[GuaranteedDelivery, ...]) -> Table | str:
    if not guarantees:
        return "no delivery to a sink here"
    table = Table("delivery", "guarantee", title="deliveries", title_justify="left")
    for each in guarantees:
        table.add_row(each.resource, each.guarantee)
    return table


def _verdict(review: EncryptionReview) -> Text:
    if not review.problems:
        return Text("no problem found", style="green")
    if review.is_for_development:
        return Text("AWS's permissive policy for development: never for sensitive data", style="yellow")
    return Text(f"problems found: {len(review.problems)}", style="red")


def _order(review: EncryptionReview) -> Table:
    table = Table("step", "waits for", "because of", title="the order of the deployment", title_justify="left")
    for step in review.order:
        chain = "\n".join(f"{arrow.later} -> {arrow.earlier}: {arrow.because}" for arrow in step.chain)
        table.add_row(step.step, step.after, chain or Text("nothing", style="red"))
    return table


def _access(review: EncryptionReview, key_arn: str) -> Table:
    """Return who may do what with a key; those with the same answer for the same operations share a row."""
    name = key_arn.rpartition("/")[2]
    table = Table(title=f"access to {name}", title_justify="left", show_lines=True)
    for heading in ("who", "what", "", "because of"):
        table.add_column(heading, overflow="fold")
    shared: dict[tuple[str, ...], list[str]] = {}
    rows = [row for row in review.access if row.key == key_arn]
    for who, own in groupby(rows, key=lambda row: row.who):
        for (answer, because), same in groupby(own, key=lambda row: (row.allowed, _reason(row, name))):
            what = _what([row.operation for row in same])
            shared.setdefault((what, "allowed" if answer else "denied", because), []).append(who)
    for (what, answer, because), everybody in shared.items():
        table.add_row("\n".join(everybody), what, answer, because)
    return table


def _what(operations: list[str]) -> str:
    return "all operations" if set(operations) == set(LifecycleOperation) else "\n".join(operations)


def _reason(row: KeyAccess, key: str) -> str:
    """Return a reason without the parts that its row already shows: the operation and the key."""
    if row.allowed:
        return "\n".join(each.removeprefix(f"{key}: ") for each in row.because.split(", "))
    return row.because.removeprefix(f"kinesisanalytics:{row.operation}: ").replace(f"{key}: ", "")
