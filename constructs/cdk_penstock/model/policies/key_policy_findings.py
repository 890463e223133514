"""Judgement of the policy of any key: whether MSF and an application's operators can use it, and who else can.

A key whose policy somebody else wrote is judged by evaluating the calls of MSF and of the operators, call by call. What
the policy leaves to conditions or IAM policies that are not known is unknown. Grants on the key are not considered.

Sources: managed-flink, manage-cmk-api ("Create a KMS key policy"); KMS, "Key policies in AWS KMS".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.key_assignment import KeyArn
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, decide, statement_name
from cdk_penstock.model.policies.key_policy import documented_statements
from cdk_penstock.model.policies.operations import CONTEXT_KEY, POWERFUL_ACTIONS, KeyPath, service_requests
from cdk_penstock.model.policies.policy_bounds import policy_bounds, unknown_conditions
from cdk_penstock.model.policies.principals import KeyPrincipal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_penstock.model.policies.evaluator import Decision, Request

_KNOWN_KEYS: Final = frozenset(
    {"kms:viaservice", CONTEXT_KEY.lower(), "kms:grantoperations", "kms:grantconstrainttype"}
)
"""Condition keys that a request has only if it is known here to have them."""
_EVERYTHING: Final = NamedPolicy(
    name="any IAM policy", document=PolicyDocument(statements=(Statement(actions=("*",), resources=("*",)),))
)
_NAME: Final = "the key policy"


class KeyPolicyProblem(StrEnum):
    """Kind of a finding."""

    DENIED = "denied"
    """A call that MSF or an operator needs is not allowed, whatever IAM policies say."""
    UNKNOWN = "unknown"
    """It depends on IAM policies or on conditions that are not known."""
    TOO_WIDE = "too wide"
    """More is allowed than the application needs."""


@dataclass(frozen=True, kw_only=True)
class KeyPolicyFinding:
    """One problem of a key's policy, for one caller.

    Parameters
    ----------
    problem
        Its kind.
    who
        The caller: an operator's ARN, a service principal, or others in words.
    text
        The problem, as a sentence about the caller.
    fix
        The fix; empty where it is not known that there is a problem.
    """

    problem: KeyPolicyProblem
    who: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.who} {self.text}{': ' if self.fix else ''}{self.fix}"


@dataclass(frozen=True, kw_only=True)
class JudgedKey:
    """A key, its policy and the application that is to be encrypted with it.

    Parameters
    ----------
    key_arn, application_arn
        The key and the application.
    policy
        The key's policy.
    """

    key_arn: str
    application_arn: str
    policy: PolicyDocument

    def findings(
        self, operator_arns: Sequence[str] = (), *, identity_policies: Sequence[NamedPolicy] | None = None
    ) -> tuple[KeyPolicyFinding, ...]:
        """Return what MSF and these operators lack, and what the policy allows beyond that.

        Parameters
        ----------
        operator_arns
            The roles or users that call MSF. Default: only MSF is judged.
        identity_policies
            The IAM policies of the operators. Default: they are not known.
        """
        try:
            return (*self._missing(operator_arns, identity_policies), *self._too_wide(operator_arns))
        except PenstockError as error:
            text = f"cannot be judged: {error}"
            return (KeyPolicyFinding(problem=KeyPolicyProblem.UNKNOWN, who=_NAME, text=text),)

    @property
    def _place(self) -> KeyArn:
        return KeyArn.beside(self.application_arn, "any")

    def _service_requests(self, application_arn: str) -> tuple[Request, ...]:
        return service_requests(application_arn, self._place.account, self.key_arn)

    def _path(self, *, through_service: bool = True) -> KeyPath:
        return KeyPath(application_arn=self.application_arn, region=self._place.region, through_service=through_service)

    def _missing(
        self, operator_arns: Sequence[str], identity_policies: Sequence[NamedPolicy] | None
    ) -> Iterator[KeyPolicyFinding]:
        documented = self._documented(operator_arns)
        calls: dict[str, list[Request]] = {}
        for request in self._service_requests(self.application_arn):
            calls.setdefault(request.caller.service, []).append(request)
        yield from self._missing_of(calls, documented, ())
        of_operators = {arn: list(self._path().requests(Caller.role(arn), self.key_arn)) for arn in operator_arns}
        yield from self._missing_of(of_operators, documented, identity_policies)

    def _missing_of(
        self,
        calls: Mapping[str, Sequence[Request]],
        documented: NamedPolicy,
        identity_policies: Sequence[NamedPolicy] | None,
    ) -> Iterator[KeyPolicyFinding]:
        for who, requests in calls.items():
            judged = [(request, *self._decide(request, identity_policies)) for request in requests]
            if denied := [(request, most) for request, _, most in judged if not most.allowed]:
                names = [
                    name
                    for request, _ in denied
                    for name in decide(request, identity_policies=(), resource_policy=documented).statements
                ]
                yield KeyPolicyFinding(
                    problem=KeyPolicyProblem.DENIED,
                    who=who,
                    text=f"may not call {_actions(request for request, _ in denied)} for {self.application_arn}"
                    f" ({denied[0][1].reason})",
                    fix=f"give the key policy AWS's {_statements(names)}",
                )
            if unknown := [each for each in judged if each[2].allowed and not each[1].allowed]:
                causes = [cause for each in unknown for cause in self._causes(*each, identity_policies or ())]
                yield KeyPolicyFinding(
                    problem=KeyPolicyProblem.UNKNOWN,
                    who=who,
                    text=f"may call {_actions(request for request, _, _ in unknown)} only if"
                    f" {' and '.join(dict.fromkeys(causes))}",
                )

    def _causes(
        self, request: Request, least: Decision, most: Decision, identity_policies: Sequence[NamedPolicy]
    ) -> Iterator[str]:
        """Yield what the decision on a request depends on."""
        decided = {*least.statements, *most.statements}
        for policy in (NamedPolicy(name=_NAME, document=self.policy), *identity_policies):
            for statement in policy.document.statements:
                keys = unknown_conditions(statement, _known_keys(request))
                if statement_name(policy, statement) in decided and (keys or statement.not_principals is not None):
                    what = f"conditions on {', '.join(keys)}" if keys else "NotPrincipal"
                    yield f"the {what} of {statement_name(policy, statement)} let it"
        if any(name.startswith(_EVERYTHING.name) for name in most.statements):
            yield "its IAM policies allow it, which the key policy leaves to them"

    def _decide(self, request: Request, identity_policies: Sequence[NamedPolicy] | None) -> tuple[Decision, Decision]:
        """Return the decisions if the unknown is as bad, and as good, as it can be."""
        of_key = self._bounds(request)
        of_identity = [
            [
                NamedPolicy(name=each.name, document=policy_bounds(each.document, _known_keys(request))[bound])
                for each in identity_policies or ()
            ]
            for bound in (0, 1)
        ]
        if identity_policies is None:
            of_identity[1] = [_EVERYTHING]
        least, most = (
            decide(request, identity_policies=identity, resource_policy=policy)
            for identity, policy in zip(of_identity, of_key, strict=True)
        )
        return least, most

    def _bounds(self, request: Request) -> tuple[NamedPolicy, NamedPolicy]:
        least, most = policy_bounds(self.policy, _known_keys(request))
        return NamedPolicy(name=_NAME, document=least), NamedPolicy(name=_NAME, document=most)

    def _too_wide(self, operator_arns: Sequence[str]) -> Iterator[KeyPolicyFinding]:
        only_here = f"the condition StringEquals {CONTEXT_KEY} = {self.application_arn}"
        through = f"the condition StringEquals kms:ViaService = kinesisanalytics.{self._place.region}.amazonaws.com"
        others = self._service_requests(f"{self.application_arn}-other")
        yield from self._allowed("MSF", others, "use the key for every application", f"add {only_here}")
        for arn in dict.fromkeys([*operator_arns, *self._named()]):
            caller = Caller.role(arn)
            direct = self._path(through_service=False).requests(caller, self.key_arn)
            fix = f"add {through}, or leave only actions that manage the key"
            # Within the account, a policy that names a caller suffices; another account's IAM policies are not known.
            theirs = () if caller.account == self._place.account else (_EVERYTHING,)
            yield from self._allowed(arn, direct, "use the key without MSF", fix, identity_policies=theirs)
        anybody = Caller.role(f"arn:{self._place.partition}:iam::{self._place.account}:role/penstock/anybody")
        requests = self._path(through_service=False).requests(anybody, self.key_arn)
        yield from self._allowed(
            "anybody in the account whose IAM policies allow it",
            requests,
            "use the key without MSF",
            "name roles instead of the whole account, or leave only actions that manage the key",
            identity_policies=(_EVERYTHING,),
        )

    def _named(self) -> Iterator[str]:
        """Yield the roles and users that the policy names."""
        for statement in self.policy.statements:
            for name in (statement.principals or {}).get("AWS", ()):
                if name.startswith("arn:") and not name.endswith(":root"):
                    yield name

    def _allowed(
        self,
        who: str,
        requests: Sequence[Request],
        what: str,
        fix: str,
        *,
        identity_policies: Sequence[NamedPolicy] = (),
    ) -> Iterator[KeyPolicyFinding]:
        decisions = [
            decide(each, identity_policies=identity_policies, resource_policy=self._bounds(each)[0])
            for each in requests
            if each.action in POWERFUL_ACTIONS
        ]
        names = [name for each in decisions if each.allowed for name in each.statements if name.startswith(_NAME)]
        if names:
            text = f"can {what} by {_statements(names)}"
            yield KeyPolicyFinding(problem=KeyPolicyProblem.TOO_WIDE, who=who, text=text, fix=fix)

    def _documented(self, operator_arns: Sequence[str]) -> NamedPolicy:
        """Return AWS's statements for this application."""
        place = self._place
        statements = documented_statements(
            application_arn=self.application_arn,
            account=place.account,
            region=place.region,
            operators=[KeyPrincipal.role(arn) for arn in operator_arns],
        )
        return NamedPolicy(name=_NAME, document=PolicyDocument(statements=statements))


def _known_keys(request: Request) -> frozenset[str]:
    return _KNOWN_KEYS | request.full_context().keys


def _actions(requests: Iterable[Request]) -> str:
    return ", ".join(dict.fromkeys(request.action for request in requests))


def _statements(names: Iterable[str]) -> str:
    """Return the statements of a key's policy without its name, each once."""
    return ", ".join(dict.fromkeys(name.removeprefix(f"{_NAME}: ") for name in names))
