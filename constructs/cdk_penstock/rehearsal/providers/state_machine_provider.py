"""State machines of Step Functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.state_machines import StateMachine
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted


class StateMachineProvider(NamedOnly):
    """Creates state machines; Step Functions must be able to assume their role."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Create the state machine."""
        self._check_role(wanted)
        definition = self._definition(wanted)
        return self._keep_machine(super().create(wanted), wanted, definition)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change its definition, or its role."""
        if existing.wanted.properties.get("RoleArn") != wanted.properties.get("RoleArn"):
            self._check_role(wanted)
        definition = self._definition(wanted)
        return self._keep_machine(super().update(existing, wanted), wanted, definition)

    def delete(self, existing: Existing) -> None:
        """Delete the state machine."""
        self.world.state_machines.pop(existing.made.physical_id, None)
        super().delete(existing)

    def _keep_machine(self, made: Made, wanted: Wanted, definition: Mapping[str, Any]) -> Made:
        self.world.state_machines[made.physical_id] = StateMachine(
            arn=made.physical_id, role_arn=str(wanted.properties.get("RoleArn")), definition=definition
        )
        return made

    def _check_role(self, wanted: Wanted) -> None:
        role_arn = str(wanted.properties.get("RoleArn"))
        regional = f"states.{wanted.place.region}.amazonaws.com"
        role = self.world.iam.find(role_arn)
        # Older templates name the principal of the Region, which Step Functions has as well.
        names_regional = role is not None and regional in json.dumps(role.trust.document.to_json())
        service = regional if names_regional else "states.amazonaws.com"
        actor = Actor(made_by=MadeBy.SERVICE, service=service)
        if not self.world.authority.ask(actor, "sts:AssumeRole", role_arn).allowed:
            raise ResourceFailedError(
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to"
                f" assume the provided role. (Service: Sfn, Status Code: 400): {role_arn}"
            )

    def _definition(self, wanted: Wanted) -> Mapping[str, Any]:
        properties = wanted.properties
        given = properties.get("Definition", properties.get("DefinitionString"))
        if given is None and "DefinitionS3Location" in properties:
            given = self._from_bucket(as_mapping(properties["DefinitionS3Location"]))
        text = given if isinstance(given, str) else json.dumps(given)
        for name, value in as_mapping(properties.get("DefinitionSubstitutions")).items():
            text = text.replace(f"${{{name}}}", str(value))
        try:
            definition = json.loads(text)
        except ValueError as error:
            raise ResourceFailedError(f"Invalid State Machine Definition: {error}") from error
        if not isinstance(definition, dict) or "States" not in definition:
            raise ResourceFailedError("Invalid State Machine Definition: it has no States")
        return definition

    def _from_bucket(self, location: Mapping[str, Any]) -> str:
        bucket, key = str(location.get("Bucket")), str(location.get("Key"))
        asset = self.world.assets.get((bucket, key))
        try:
            return (asset or self.world.objects.read(bucket, key)).read_text(encoding="utf-8")
        except (ObjectStoreError, OSError, ValueError) as error:
            raise ResourceFailedError(f"the definition s3://{bucket}/{key} cannot be read: {error}") from error


PROVIDERS = {"AWS::StepFunctions::StateMachine": StateMachineProvider}
