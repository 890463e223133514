"""The two calls of STS that a local service needs: AssumeRole and GetCallerIdentity, in its query protocol.

Source: AWS STS API reference, "Common errors" and the pages of the two.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from starlette.responses import Response

from cdk_penstock.local.service.api import authenticate_body
from cdk_penstock.local.service.credentials import Principal, unique_id
from cdk_penstock.local.service.endpoint import internal_failure
from cdk_penstock.local.service.shapes import ServiceShapes
from cdk_penstock.local.service.xml_elements import document, element, text_element
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.policies.evaluator import Caller, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.identity import Authenticated, Identity
    from cdk_penstock.local.service.policy_source import PolicySource
    from cdk_penstock.local.service.request_head import RequestHead


_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE: Final = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_XML: Final = "text/xml"
_MOST_PARAMETERS: Final = 100
_DEFAULT_SECONDS: Final = 3600
_CHAINED_SECONDS: Final = 3600
# A session that has more rights than its caller asked for would be wrong in silence.
_WITHOUT: Final = ("Policy", "SourceIdentity", "SerialNumber", "TokenCode")

QUERY_ERRORS: Final = {
    RefusalCode.ACCESS_DENIED: ("AccessDenied", HTTPStatus.FORBIDDEN),
    RefusalCode.EXPIRED_TOKEN: ("ExpiredToken", HTTPStatus.FORBIDDEN),
    RefusalCode.INVALID_ARGUMENT: ("ValidationError", HTTPStatus.BAD_REQUEST),
    RefusalCode.INVALID_REQUEST: ("InvalidParameterValue", HTTPStatus.BAD_REQUEST),
    RefusalCode.INVALID_SIGNATURE: ("SignatureDoesNotMatch", HTTPStatus.FORBIDDEN),
    RefusalCode.MISSING_AUTHENTICATION: ("MissingAuthenticationToken", HTTPStatus.FORBIDDEN),
    RefusalCode.UNKNOWN_OPERATION: ("InvalidAction", HTTPStatus.BAD_REQUEST),
    RefusalCode.UNRECOGNIZED_CLIENT: ("InvalidClientTokenId", HTTPStatus.FORBIDDEN),
}
"""The codes of the query protocol and their statuses, by those of MSF."""


class Sts:
    """Answers calls of STS.

    Parameters
    ----------
    identity
        Has the credentials, to which it adds those of sessions, and the clock.
    policies
        Decides who may assume a role.
    """

    most_bytes = 1 << 20

    def __init__(self, identity: Identity, policies: PolicySource) -> None:
        self._identity: Final = identity
        self._policies: Final = policies
        self._shapes: Final = ServiceShapes("sts")
        self._actions: Final = {"AssumeRole": self._assume_role, "GetCallerIdentity": self._get_caller_identity}

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:
        """Return what answers a call, whose parameters are a form: the body, or the query of a presigned URL."""
        return lambda body: self._answer(head, body.read(), request_id)

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:  # noqa: ARG002
        """Return the answer of a call that failed."""
        fault, message = "Receiver", internal_failure(request_id)
        code, status = "InternalFailure", HTTPStatus.INTERNAL_SERVER_ERROR
        if isinstance(error, RefusedCallError):
            fault, message = "Sender", str(error)
            code, status = QUERY_ERRORS.get(error.code, (error.code, HTTPStatus.BAD_REQUEST))
        fields = {"Type": fault, "Code": code, "Message": message}
        details = element("Error", *(text_element(*each) for each in fields.items()))
        root = element("ErrorResponse", details, text_element("RequestId", request_id), namespace=_NAMESPACE)
        return Response(document(root), status_code=status, media_type=_XML)

    def _answer(self, head: RequestHead, body: bytes, request_id: str) -> Response:
        caller = authenticate_body(self._identity, head, body, service="sts")
        given = _form(body.decode("utf-8", "surrogateescape") or head.query)
        action = given.pop("Action", "")
        if action not in self._actions:
            raise RefusedCallError(
                RefusalCode.UNKNOWN_OPERATION,
                f"Could not find operation {action!a} for version 2011-06-15: only {', '.join(self._actions)}",
            )
        result = self._actions[action](self._shapes.read(action, given), caller)
        metadata = element("ResponseMetadata", text_element("RequestId", request_id))
        root = element(f"{action}Response", element(f"{action}Result", result), metadata, namespace=_NAMESPACE)
        return Response(document(root), media_type=_XML)

    def _get_caller_identity(self, _parameters: Mapping[str, Any], caller: Authenticated) -> str:
        principal = caller.credential.principal
        children = {"Arn": principal.arn, "UserId": principal.user_id, "Account": principal.account}
        return "".join(text_element(name, value) for name, value in children.items())

    def _assume_role(self, parameters: Mapping[str, Any], caller: Authenticated) -> str:
        role_arn, session = parameters["RoleArn"], parameters["RoleSessionName"]
        for name in _WITHOUT:
            if name in parameters:
                raise RefusedCallError(
                    RefusalCode.INVALID_ARGUMENT,
                    f"{name} is not supported by this local STS: a session has all the rights of its role",
                )
        role = _ROLE.fullmatch(role_arn)
        if role is None:
            raise RefusedCallError(RefusalCode.INVALID_ARGUMENT, f"{role_arn} is invalid: expected the ARN of a role")
        seconds = parameters.get("DurationSeconds", _DEFAULT_SECONDS)
        if caller.credential.is_session and seconds > _CHAINED_SECONDS:
            raise RefusedCallError(
                RefusalCode.INVALID_ARGUMENT,
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            )
        self._require_permission(role_arn, parameters, caller.credential.principal)
        partition, account, name = role.groups()
        principal = Principal(
            arn=f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}",
            account=account,
            user_id=f"{unique_id('AROA', role_arn)}:{session}",
        )
        end = self._identity.clock().astimezone(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        issued = self._identity.credentials.issue(principal, expires_at=end)
        credentials = {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        }
        user = {"AssumedRoleId": principal.user_id, "Arn": principal.arn}
        return element("Credentials", *(text_element(*each) for each in credentials.items())) + element(
            "AssumedRoleUser", *(text_element(*each) for each in user.items())
        )

    def _require_permission(self, role_arn: str, parameters: Mapping[str, Any], principal: Principal) -> None:
        context = {"sts:RoleSessionName": parameters["RoleSessionName"]}
        if "ExternalId" in parameters:
            context["sts:ExternalId"] = parameters["ExternalId"]
        request = Request(
            caller=Caller.role(principal.arn), action="sts:AssumeRole", resource=role_arn, context=context
        )
        if not self._policies.decide(request).allowed:
            raise RefusedCallError(
                RefusalCode.ACCESS_DENIED,
                f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            )


def _form(text: str) -> dict[str, Any]:
    """Return the parameters of a form, but for those of the protocol."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise RefusedCallError(RefusalCode.INVALID_REQUEST, f"the parameters cannot be read: {error}") from error
    given: dict[str, Any] = {
        name: value for name, value in pairs if name != "Version" and not name.startswith("X-Amz-")
    }
    if _NUMBER.fullmatch(given.get("DurationSeconds", "")):
        given["DurationSeconds"] = int(given["DurationSeconds"])
    return given
