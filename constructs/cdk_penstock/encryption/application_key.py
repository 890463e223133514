"""The customer managed key of one application's state."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Acknowledgment, Annotations, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from cdk_penstock.encryption.cloudformation_role import cloudformation_role_arn as find_cloudformation_role
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.encryption.named_principals import key_principals, require_named
from cdk_penstock.model.policies.closed_key_policy import closed_key_policy
from cdk_penstock.model.policies.key_policy import application_key_policy, development_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from cdk_penstock.model.policies.documents import PolicyDocument

DEVELOPMENT_POLICY_WARNING: Final = "penstock:developmentKeyPolicy"
_DEVELOPMENT_POLICY: Final = (
    "this key has AWS's permissive policy for development: whoever it names can decrypt, and MSF can use it for any"
    " application; never let sensitive data near it"
)
_NO_ROTATION: Final = (
    "MSF does not support automatic rotation: a running application goes on with the old material until somebody"
    " restarts it; rotate with penstock key rotate"
)


class KeyPolicyMode(StrEnum):
    """The extent of a key's policy."""

    LEAST_PRIVILEGE = "least-privilege"
    """AWS's eight statements, for one application and its operators."""
    DEVELOPMENT = "development"
    """AWS's permissive policy for development, where no data is sensitive."""
    CLOSED = "closed"
    """Administrators and CloudFormation manage the key; nobody uses it, MSF included."""


class ApplicationKey(kms.Key):
    """A symmetric key for the durable and running state of one application, and for nothing else.

    Its policy names administrators, operators, CloudFormation and MSF, each with what it needs, and does not hand the
    key to the account's IAM policies: no administrator of the account can decrypt with it. It has neither alias (MSF
    stores the ARN behind one, so that moving it has no effect) nor automatic rotation.

    Parameters
    ----------
    application_arn
        The application, by reference where it is created in the same stack, so that the key comes after it.
    operators
        Who operates the application: as a rule, its OperatorRole alone.
    administrators
        Who manages the key.
    cloudformation_role_arn
        The role that CloudFormation deploys the stack with, which is an operator, since it calls UpdateApplication,
        and manages the key; it may disable or delete only one that is not retained. Default: as the stack's
        synthesizer says.
    mode
        How much the policy allows. Default: least privilege.
    sensitive_data
        Whether data that must not be seen passes through the application. Default: yes.
    removal_policy
        Applied when it is removed from the template. Default: it stays, because snapshots under a deleted key are
        lost; also when its creation is rolled back, because the return to the previous key takes a snapshot.

    Raises EncryptionError for nobody who could administer or operate, where CloudFormation's role is unknown, and for
    the development policy with sensitive data; KeyPrincipalError for a wildcard or a whole account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application_arn: str,
        operators: Sequence[iam.IPrincipal],
        administrators: Sequence[iam.IPrincipal],
        cloudformation_role_arn: str | None = None,
        mode: KeyPolicyMode = KeyPolicyMode.LEAST_PRIVILEGE,
        sensitive_data: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        require_named("operator", operators)
        require_named("key administrator", administrators)
        if mode is KeyPolicyMode.DEVELOPMENT and sensitive_data:
            raise EncryptionError(
                "the development key policy lets too many decrypt for sensitive data: use"
                " KeyPolicyMode.LEAST_PRIVILEGE, or say sensitive_data=False where it is so"
            )
        cloudformation = KeyPrincipal.role(cloudformation_role_arn or find_cloudformation_role(scope))
        document = _policy(
            mode,
            application_arn=application_arn,
            stack=Stack.of(scope),
            operators=[*key_principals("operator", operators), cloudformation],
            administrators=key_principals("key administrator", administrators),
            cloudformation=cloudformation,
            is_retained=removal_policy is RemovalPolicy.RETAIN,
        )
        super().__init__(
            scope,
            construct_id,
            description="State of an application on Managed Service for Apache Flink",
            policy=iam.PolicyDocument.from_json(document.to_json()),
            enable_key_rotation=False,
            removal_policy=removal_policy,
        )
        self._resource.add_property_override("KeyPolicy.Id", document.id)
        Validations.of(self).acknowledge(Acknowledgment(id="AwsSolutions-KMS5", reason=_NO_ROTATION))
        if mode is KeyPolicyMode.DEVELOPMENT:
            self._warn_of_development_policy()

    def _warn_of_development_policy(self) -> None:
        Annotations.of(self).add_warning_v2(DEVELOPMENT_POLICY_WARNING, _DEVELOPMENT_POLICY)
        self._resource.add_metadata(DEVELOPMENT_POLICY_WARNING, _DEVELOPMENT_POLICY)

    @property
    def _resource(self) -> kms.CfnKey:
        return cast("kms.CfnKey", self.node.default_child)


def _policy(
    mode: KeyPolicyMode,
    *,
    application_arn: str,
    stack: Stack,
    operators: Sequence[KeyPrincipal],
    administrators: Sequence[KeyPrincipal],
    cloudformation: KeyPrincipal,
    is_retained: bool,
) -> PolicyDocument:
    if mode is KeyPolicyMode.CLOSED:
        return closed_key_policy(
            administrators=administrators, cloudformation_role=cloudformation, is_retained=is_retained
        )
    if mode is KeyPolicyMode.DEVELOPMENT:
        return development_key_policy(administrators=[*administrators, *operators])
    return application_key_policy(
        application_arn=application_arn,
        account=stack.account,
        region=stack.region,
        operators=operators,
        administrators=administrators,
        cloudformation_role=cloudformation,
        is_retained=is_retained,
    )
