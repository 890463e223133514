"""An application's state under a customer managed key, in one deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Names, RemovalPolicy, Stack
from constructs import Construct

from cdk_penstock.application.application_deployment import ApplicationKeyUpdate
from cdk_penstock.encryption.application_key import ApplicationKey, KeyPolicyMode
from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.encryption.key_checks import refuse_contradictions, refuse_foreign_role, refuse_unfit_key
from cdk_penstock.encryption.operator_role import OperatorRole
from cdk_penstock.foundation.control_provider import ControlProvider, scope_of
from cdk_penstock.foundation.digests import name_digest
from cdk_penstock.foundation.given_keys import key_of
from cdk_penstock.model.custom_resources.application_key_resource import ApplicationKeyResource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CustomResource
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from cdk_penstock.application import FlinkApplicationBase


KEY_POLICY_INFO: Final = "penstock:keyPolicyNotChecked"


class CustomerManagedEncryption(Construct):
    """The customer-managed-key sequence: operator, application, log, key, permission, update, and last a start.

    Each arrow is a reference or a dependency in the template, so that one deployment does it in this order:

    1. the operator role, with its base policy;
    2. the application, on the AWS-owned key and not started;
    3. its logging option;
    4. the key, whose policy refers to the application;
    5. the operator's policy for the key;
    6. UpdateApplication as the operator, by a custom resource that reads back what MSF says;
    7. the start, if an ``VerifiedStart`` asks for it.

    Over an application that is imported, 2 and 3 are there already, and 6 restarts it through a snapshot under its old
    key if it runs. Whenever the application's template changes, 6 asserts the key again. Deleting this construct
    switches back to the AWS-owned key while the operator still holds its permission.

    **Another key**: raise ``key_generation`` by one. The next deployment makes a new key, lets the operator use both,
    and updates to the new one; snapshots under the old key, and so rollbacks, keep working. Once the new key has proved
    itself, ``close_previous_key=True`` takes the old key away from operator and MSF alike. That is refused in
    the deployment that raises the number, and as long as the newest snapshot is under the old key. A key that goes from
    the template is left as it was: close it before raising the number again.

    An application with another name gets other keys. The one that it replaces is stopped with a snapshot and goes
    back to the AWS-owned key; what it has saved stays under its own key, whose policy still names it.

    Parameters
    ----------
    application
        The application; one that this app creates must be in the same stack, one that it does not is imported with
        ``FlinkApplication.from_application_name``.
    operators
        Who may assume the operator role, besides the automation of this construct.
    key_administrators
        Who manages the key.
    key_generation
        The number of the key, from 1 on; each number is another key.
    close_previous_key
        Whether the key before this one, made here too, is closed to everybody but its administrators. Default: no.
    key
        A key that exists already, or an alias of one, instead of those that this construct makes. Its policy is not
        managed here, and has to allow what AWS documents: MsfChecks judges the policy of a key in the app, and
        ``penstock key status`` that of any key. Of an alias, the key's ARN is used, because MSF resolves an alias only
        once: to move the alias does not move the application.
    previous_key
        The key, not made here, that the application is under so far: the one before ``key``, or before the first one
        that is made here. The same holds for its policy.
    execution_role_arn
        The role of an imported application's job, unless the import names it; that of a created one is known.
    cloudformation_role_arn
        The role that CloudFormation deploys the stack with. Default: as the stack's synthesizer says.
    key_policy_mode
        How much the key's policy allows. Default: least privilege.
    sensitive_data
        Whether data that must not be seen passes through the application. Default: yes.
    key_removal_policy
        What becomes of a key that goes from the template. Default: it stays, and with it what its snapshots hold.

    Raises EncryptionError for what would not work or not protect: a runtime below 1.20, an application that sets
    its key itself, a key with automatic rotation, an asymmetric or multi-Region one, one of another account or
    Region, an alias that cannot be looked up, no administrator, no operator, the development policy with sensitive
    data, a closed policy for the key in use, or a previous key to be closed that is not made here;
    ApplicationPropsError for an application that is started already; KeyPrincipalError for operators or
    administrators with a wildcard.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplicationBase,
        operators: Sequence[iam.IPrincipal],
        key_administrators: Sequence[iam.IPrincipal],
        key_generation: int = 1,
        close_previous_key: bool = False,
        key: kms.IKey | None = None,
        previous_key: kms.IKey | None = None,
        execution_role_arn: str | None = None,
        cloudformation_role_arn: str | None = None,
        key_policy_mode: KeyPolicyMode = KeyPolicyMode.LEAST_PRIVILEGE,
        sensitive_data: bool = True,
        key_removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = application
        # All of it is named after the application: a construct that is moved would bring another operator otherwise,
        # whom the key does not know.
        self._home = scope_of(self, application)
        self._administrators = key_administrators
        self._cloudformation_role_arn = cloudformation_role_arn
        self._mode = key_policy_mode
        self._sensitive_data = sensitive_data
        self._key_removal_policy = key_removal_policy
        self._generation = key_generation
        key, previous_key = (None if each is None else key_of(each, EncryptionError) for each in (key, previous_key))
        refuse_contradictions(
            key, previous_key, generation=key_generation, close_previous_key=close_previous_key, mode=key_policy_mode
        )
        self._refuse_impossible()
        self.operator = self._build_operator(operators, execution_role_arn)
        self.key, self.previous_key = self._choose_keys(key, previous_key, closed=close_previous_key)
        self.update = self._build_update(close_previous_key=close_previous_key)
        closed = self.previous_key if close_previous_key else None
        application.deployment.use_key(
            ApplicationKeyUpdate(key_arn=self.key.key_arn, update=self.update, closed_key=closed)
        )

    @property
    def key_arn(self) -> str:
        """The ARN of the key that the application is under, as MSF says after the update."""
        return self.update.get_att_string("KeyArn")

    def _refuse_impossible(self) -> None:
        application = self.application
        application.deployment.refuse_another_key()
        problem = application.runtime.problem_with_customer_managed_key
        if problem is not None:
            raise EncryptionError(f"application {application.node.path}: {problem}")
        if application.sets_key_in_template:
            raise EncryptionError(
                f"application {application.node.path} sets its key in its own template, which goes first: remove"
                " encryption from its properties"
            )
        if any(Stack.of(each) is not Stack.of(self) for each in application.template_dependencies):
            raise EncryptionError(
                f"the encryption {self.node.path} is in another stack than the application {application.node.path}, but"
                " CloudFormation keeps the order only within one: put both in one stack"
            )

    def _build_operator(self, operators: Sequence[iam.IPrincipal], execution_role_arn: str | None) -> OperatorRole:
        operator = OperatorRole(
            self._home,
            "Operator",
            application=self.application,
            execution_role_arn=self._execution_role_arn(execution_role_arn),
            operators=operators,
        )
        self.application.create_after(operator)
        return operator

    def _execution_role_arn(self, given: str | None) -> str:
        known = self.application.execution_role
        if known is not None:
            return known.role_arn
        if given is None:
            raise EncryptionError(
                f"the execution role of the imported application {self.application.application_name} is not known, and"
                " the operator has to hand it to MSF: pass execution_role_arn, or import the application with"
                " FlinkApplication.from_application_attributes(execution_role=...)"
            )
        refuse_foreign_role(given, Stack.of(self))
        return given

    def _choose_keys(
        self, key: kms.IKey | None, previous_key: kms.IKey | None, *, closed: bool
    ) -> tuple[kms.IKey, kms.IKey | None]:
        generation = self._generation
        for given in (key, previous_key):
            if given is not None:
                refuse_unfit_key(given, Stack.of(self))
        if key is not None:
            self._note_unread_policy(key)
            return key, previous_key
        if generation > 1:
            previous_key = self._build_key(generation - 1, KeyPolicyMode.CLOSED if closed else self._mode)
        return self._build_key(generation, self._mode), previous_key

    def _note_unread_policy(self, key: kms.IKey) -> None:
        """Say of an imported key how its policy is judged; that of a key in the app is checked at synthesis."""
        if key.node.default_child is None:
            Annotations.of(self).add_info_v2(
                KEY_POLICY_INFO,
                f"the policy of key {key.node.path} is in no template, so that the synthesis cannot check it: after the"
                f" deployment, run penstock key status --check --application {self.application.application_name}"
                " --operator-role ROLE, which names what is missing",
            )

    def _build_key(self, generation: int, mode: KeyPolicyMode) -> ApplicationKey:
        """Make a key whose name does not change as long as it is in use, and which comes after the application."""
        key = ApplicationKey(
            self._home,
            # Another application does not take over a key.
            f"Key{generation}{name_digest(self.application.application_name)}",
            application_arn=self.application.arn_by_reference,
            operators=[self.operator],
            administrators=self._administrators,
            cloudformation_role_arn=self._cloudformation_role_arn,
            mode=mode,
            sensitive_data=self._sensitive_data,
            removal_policy=self._key_removal_policy,
        )
        key.node.add_dependency(self.operator, *self.application.template_dependencies)
        return key

    def _build_update(self, *, close_previous_key: bool) -> CustomResource:
        usable = [self.key]
        if self.previous_key is not None and not close_previous_key:
            usable.append(self.previous_key)
        permissions = [self.operator.use_key(self._home, f"OperatorPolicy{_name_of(key)}", key) for key in usable]
        provider = ControlProvider.of(self, "application")
        provider.act_as(self.operator)
        update = provider.build_resource(
            self._home,
            "KeyUpdate",
            ApplicationKeyResource(
                application_name=self.application.application_name,
                operator_role_arn=self.operator.role_arn,
                key_arn=self.key.key_arn,
                previous_key_arns=tuple(key.key_arn for key in usable[1:]),
                key_generation=self._generation,
                closes_previous_key=close_previous_key,
                application_revision=self.application.revision,
            ),
        )
        update.node.add_dependency(self.operator, self.key, *permissions, *self.application.template_dependencies)
        if close_previous_key and self.previous_key is not None:
            # The application may still be under it, where both settings change in one deployment.
            self.previous_key.node.add_dependency(update)
        return update


def _name_of(key: kms.IKey) -> str:
    """Return a name of the key that no other key has: policies must not change from one key to another in place."""
    return key.node.id if isinstance(key, ApplicationKey) else Names.node_unique_id(key.node)
