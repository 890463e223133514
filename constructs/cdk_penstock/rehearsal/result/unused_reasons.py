"""The reason for which a play did not exercise a statement: the first rule of the list that has one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.matching import action_matches
from cdk_penstock.rehearsal.policy_names import PolicyKind
from cdk_penstock.rehearsal.result.play_facts import PlayFacts, service_of
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdk_penstock.rehearsal.result.policy_holders import PolicyHolders
    from cdk_penstock.rehearsal.result.template_statements import TemplateStatement
    from cdk_penstock.review.templates import Resource

_ON_TIME_OUT: Final = "framework.onTimeout"
_PATHS: Final = (
    ("delet", "a deletion", ("*:Delete*", "kms:ScheduleKeyDeletion")),
    ("rotat", "a rotation of the key", ("kms:RotateKeyOnDemand", "kms:*KeyRotation*", "kms:ListKeyRotations")),
    ("change key", "a change of the key", ("kms:PutKeyPolicy", "kms:UpdateAlias")),
)
"""Part of the name of the act that takes a path, the path, and actions that only it needs."""


@dataclass(frozen=True)
class Unused:
    """A statement that no call used, and where to look for the reason."""

    statement: TemplateStatement
    holders: PolicyHolders
    facts: PlayFacts

    @cached_property
    def roles(self) -> list[Resource]:
        """The roles with the statement."""
        return self.holders.roles_of(self.statement)

    @cached_property
    def has_acted(self) -> bool:
        """True if a caller had the statement's policy as its identity's."""
        return self.statement.policy in self.facts.acting


def reason_of(unused: Unused) -> str:
    """Return the reason for which no call used a statement, empty if no rule has one."""
    return next((reason for rule in _RULES if (reason := rule(unused))), "")


def _denies(unused: Unused) -> str:
    return "it denies, and no act tried what it denies" if unused.statement.denies else ""


def _holder_in_name_only(unused: Unused) -> str:
    name = unused.statement.resource.name
    return f"{name} is modelled in name only" if name in unused.facts.in_name_only else ""


def _service_not_played(unused: Unused) -> str:
    """Return the services that alone may use the policy of a resource, or assume a role, if none of them plays."""
    named = [service_of(each) for each in unused.statement.services]
    if not named or unused.statement.identities or unused.facts.services & {*named}:
        return ""
    return f"only {_all(named)} may use it, and the play does not model what calls it"


def _key_through_service(unused: Unused) -> str:
    via = {
        service_of(value)
        for keys in _conditions(unused.statement.body).values()
        for key, values in as_mapping(keys).items()
        if key.lower() == "kms:viaservice"
        for value in map(str, as_list(values))
    }
    missing = sorted(via - unused.facts.services)
    return f"only {_all(missing)} uses the key this way, and its use of keys is not modelled" if missing else ""


def _key_administrator(unused: Unused) -> str:
    statement = unused.statement
    if statement.kind is not PolicyKind.KEY or statement.services:
        return ""
    if statement.actions == ("kms:*",):
        return "it hands the key to the account's identity policies, and nobody in the play used the key by one"
    administers = any(action_matches(pattern, "kms:PutKeyPolicy") for pattern in statement.actions)
    if not administers or any("-cfn-exec-role-" in each for each in statement.identities):
        return ""
    return "only a key administrator, who is a person, needs it, and no act played one"


def _people(unused: Unused) -> str:
    statement = unused.statement
    if statement.kind is not PolicyKind.TRUST or statement.services:
        return ""
    principals = as_list(statement.raw.get("Principal"))
    if unused.holders.resources_in(principals, statement):
        return ""
    return "only people, or programs outside of these templates, assume the role this way, and no act played one"


def _nobody_acted(unused: Unused) -> str:
    """Return the reason for which nobody acted with the roles that hold the statement."""
    if unused.has_acted or not unused.roles:
        return ""
    return next((reason for role in unused.roles if (reason := _idle(role, unused))), "")


def _idle(role: Resource, unused: Unused) -> str:
    holders = unused.holders
    if role.name in unused.facts.in_name_only:
        return f"{role.name} is modelled in name only"
    if functions := holders.functions_of(role):
        function = functions[0]
        if function.name in unused.facts.in_name_only:
            return f"{function.name} is modelled in name only"
        if triggers := holders.triggers_of(function):
            return f"{function.name} did not run: only {triggers[0].name} calls it, which is modelled in name only"
        return f"{function.name} did not run in this play"
    if machines := holders.machines_of(role):
        return f"{machines[0].name} did not run in this play"
    if holders.applications_of(role):
        return "only MSF and the job itself act with the execution role, and neither did"
    trust = as_mapping(as_mapping(role.body.get("Properties")).get("AssumeRolePolicyDocument"))
    services = [
        service_of(str(each))
        for statement in as_list(trust.get("Statement"))
        for each in as_list(as_mapping(as_mapping(statement).get("Principal")).get("Service"))
    ]
    if services and not unused.facts.services & {*services}:
        return f"only {_all(services)} acts with {role.name}, and the play does not model what it does"
    return "" if services else f"no act played anybody who assumes {role.name}"


def _target_in_name_only(unused: Unused) -> str:
    resources = unused.statement.raw.get("Resource")
    named = [each.name for each in unused.holders.resources_in(resources, unused.statement)]
    missing = [name for name in named if name in unused.facts.in_name_only]
    return f"{missing[0]} is modelled in name only" if missing and len(missing) == len(named) else ""


def _job(unused: Unused) -> str:
    if any(unused.holders.applications_of(role) for role in unused.roles):
        return "only the job itself makes these calls, and no rehearsal runs it on MSF"
    return ""


def _path_not_taken(unused: Unused) -> str:
    for act, path, patterns in _PATHS:
        is_played = any(act in name.replace("-", " ") for name in unused.facts.acts)
        if (
            not is_played
            and unused.statement.actions
            and all(any(action_matches(pattern, action) for pattern in patterns) for action in unused.statement.actions)
        ):
            return f"only {path} needs it, and no act of this play has one"
    return ""


def _pass_role(unused: Unused) -> str:
    named = unused.holders.resources_in(unused.statement.raw.get("Resource"), unused.statement)
    if unused.statement.actions != ("iam:PassRole",) or not any(map(unused.holders.applications_of, named)):
        return ""
    return "only an update that gives an application another execution role passes it, and no act has one"


def _function_stopped(unused: Unused) -> str:
    action = unused.facts.stopped_at.get(unused.statement.policy)
    return f"the function called {action}, which is not modelled, and did not get to this call" if action else ""


def _time_out(unused: Unused) -> str:
    named = unused.holders.resources_in(unused.statement.raw.get("Resource"), unused.statement)
    is_for_time_outs = named and all(each.get("Handler") == _ON_TIME_OUT for each in named)
    return "only a custom resource that takes too long calls it, and none of the play did" if is_for_time_outs else ""


def _only_refused(unused: Unused) -> str:
    patterns = unused.statement.actions
    if unused.has_acted and any(action_matches(each, action) for each in patterns for action in unused.facts.refused):
        return "calls with these actions were refused for another reason, see the refused calls"
    return ""


def _service_not_called(unused: Unused) -> str:
    services = sorted({action.partition(":")[0].lower() for action in unused.statement.actions})
    if not services or "*" in services or unused.facts.called_services & {*services}:
        return ""
    return f"nothing in this play calls {_all(services)}: the service is not modelled"


_RULES: Final[tuple[Callable[[Unused], str], ...]] = (
    _denies,
    _holder_in_name_only,
    _service_not_played,
    _key_through_service,
    _key_administrator,
    _people,
    _nobody_acted,
    _target_in_name_only,
    _job,
    _path_not_taken,
    _pass_role,
    _time_out,
    _function_stopped,
    _only_refused,
    _service_not_called,
)


def _conditions(body: Mapping[str, object]) -> Mapping[str, object]:
    return as_mapping(body.get("Condition"))


def _all(names: Sequence[str]) -> str:
    return " or ".join(dict.fromkeys(names))
