"""The AWS SDK that Lambda's Python runtime brings."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, ClassVar, Final

from botocore.exceptions import ClientError

from tools.account_questions.account import TAG, ExperimentError, code_of
from tools.account_questions.experiment import Answer, Experiment

if TYPE_CHECKING:
    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("RUNTIME", "LambdaSdk")

RUNTIME: Final = "python3.14"
"""That of penstock's own functions, see foundation/control_provider.py."""

_SECONDS: Final = 90.0
_CODE: Final = """
import boto3
import botocore


def handler(event, context):
    model = boto3.client("kinesisanalyticsv2").meta.service_model
    members = model.shape_for("ApplicationConfigurationUpdate").members
    return {"botocore": botocore.__version__, "keys": "ApplicationEncryptionConfigurationUpdate" in members}
"""


class LambdaSdk(Experiment):
    """A function that looks at its own SDK."""

    name = "lambda-sdk"
    question = "Does the SDK in Lambda's runtime support customer managed keys of MSF?"
    makes = f"a Lambda function ({RUNTIME}) and its role"
    answers: ClassVar = {
        "supported": "handlers may use the SDK of the runtime in this Region",
        "not supported": "handlers must include their own SDK (foundation/control_code.py) before a key is used here",
    }

    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Make the function, call it once."""
        iam, functions, name = account.client("iam"), account.client("lambda"), account.prefix
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = cleanup.make(
            f"role {name}",
            lambda: iam.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
                Tags=[{"Key": TAG, "Value": self.name}],
            ),
            undo=lambda _: iam.delete_role(RoleName=name),
        )
        account.wait_for(
            lambda: self._create(account, cleanup, role["Role"]["Arn"]),
            until="Lambda may assume the new role",
            seconds=_SECONDS,
        )
        account.wait_for(
            lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active",
            until="the function is active",
            seconds=_SECONDS,
        )
        called = functions.invoke(FunctionName=name)
        payload = called["Payload"].read().decode()
        if "FunctionError" in called:
            raise ExperimentError(f"the function failed: {payload}")
        found = json.loads(payload)
        return Answer("supported" if found["keys"] else "not supported", f"{RUNTIME} has botocore {found['botocore']}")

    def _create(self, account: Account, cleanup: Cleanup, role_arn: str) -> Any:
        """Create the function; return None while IAM's change is not seen."""
        functions, name = account.client("lambda"), account.prefix
        try:
            return cleanup.make(
                f"function {name}",
                lambda: functions.create_function(
                    FunctionName=name,
                    Runtime=RUNTIME,
                    Role=role_arn,
                    Handler="index.handler",
                    Timeout=30,
                    Code={"ZipFile": _zipped(_CODE)},
                    Tags={TAG: self.name},
                ),
                undo=lambda _: functions.delete_function(FunctionName=name),
            )
        except ClientError as error:
            if code_of(error) == "InvalidParameterValueException" and "cannot be assumed" in str(error):
                return None
            raise


def _zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()
