"""Acts that deploy: the first time, new code and parallelism, a version that fails, another key, and the deletion."""

from __future__ import annotations

import copy
import zipfile
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.simulated_flink.job_behaviour import LOOPS
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.rehearsal.acts.act import ActFailedError, ActNotPlayedError
from cdk_penstock.rehearsal.acts.cast import played_applications
from cdk_penstock.rehearsal.acts.template_edits import change_keys, code_keys, raise_parallelism, use_code

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.acts.cast import PlayedApplication
    from cdk_penstock.rehearsal.stage import Stage

_LATER_CODE: Final = "second version"
_LOOPING_CODE: Final = "version that loops"


def play_first_deployment(stage: Stage) -> str:
    """Deploy all stacks."""
    return f"{stage.deploy_all()}; {_statuses(stage)}"


def play_update(stage: Stage) -> str:
    """Deploy other code and another parallelism, and see that each application has another version."""
    before = {each.arn: _version(stage, each) for each in _some_applications(stage)}
    stage.change(raise_parallelism)
    _use_new_code(stage, _LATER_CODE)
    ended = stage.deploy_all()
    for application in played_applications(stage):
        if _version(stage, application) == before[application.arn]:
            raise ActFailedError(f"{ended}, but {application.name} is still at version {before[application.arn]}")
    return f"{ended}; {_statuses(stage)}"


def play_loop(stage: Stage) -> str:
    """Deploy code whose job fails in a loop, and see that the version before runs again and the deployment says so."""
    running = [each for each in _some_applications(stage) if _status(stage, each) is ApplicationStatus.RUNNING]
    if not running:
        raise ActNotPlayedError("no application runs: nothing in the templates starts one")
    bodies = copy.deepcopy(stage.bodies)
    code = {each.arn: (_code(stage, each), _version(stage, each)) for each in running}
    new = _use_new_code(stage, _LOOPING_CODE)
    if not new:
        raise ActNotPlayedError("no template names the code of an application as a text")
    for key in new:
        stage.world.behaviours.with_code(key, LOOPS)
    ends = stage.deploy()
    stage.restore(bodies)
    if ends[-1].succeeded:
        raise ActFailedError("the deployment succeeded although the new job fails in a loop: nothing has verified it")
    if all(_version(stage, each) == code[each.arn][1] for each in running):
        raise ActFailedError(f"no application has had the new version: {ends[-1].reason}")
    for application in running:
        if _code(stage, application) != code[application.arn][0]:
            raise ActFailedError(f"{application.name} still has the code that fails: {ends[-1].reason}")
        if _status(stage, application) is not ApplicationStatus.RUNNING:
            raise ActFailedError(f"{application.name} is {_status(stage, application)} after the rollback")
    return f"{ends[-1].name} ended as {ends[-1].status}, and the version before runs: {ends[-1].reason}"


def play_key_change(stage: Stage) -> str:
    """Deploy another key for each application, and see that each is under it."""
    before = {each.arn: each.key_arns for each in played_applications(stage)}
    added = [key for body in stage.bodies.values() for key in change_keys(body)]
    if not added:
        raise ActNotPlayedError("no application is under a key of the customer-managed-key sequence")
    ended = stage.deploy_all()
    changed = [each for each in played_applications(stage) if each.key_arns != before[each.arn]]
    if len(changed) != len(added):
        raise ActFailedError(f"{ended}, but {len(changed)} of {len(added)} applications have another key")
    return f"{ended}; under another key: {', '.join(each.name for each in changed)}"


def play_deletion(stage: Stage) -> str:
    """Delete all stacks, the last one first."""
    ended: list[str] = []
    for stack in reversed(stage.stacks):
        if stack.name in stage.engine.stacks:
            end = stage.engine.delete(stack.name)
            if not end.succeeded:
                raise ActFailedError(f"stack {end.name} ended as {end.status}: {end.reason}")
            ended.append(f"{end.name} {end.status}")
    return ", ".join(ended)


def _some_applications(stage: Stage) -> list[PlayedApplication]:
    found = played_applications(stage)
    if not found:
        raise ActNotPlayedError("no stack has an application")
    return found


def _use_new_code(stage: Stage, comment: str) -> list[str]:
    """Publish other code for each application, give it to the templates, and return the keys of its objects."""
    names: dict[str, str] = {}
    for body in stage.bodies.values():
        for key in code_keys(body):
            stem, dot, suffix = key.rpartition(".")
            names[key] = f"{stem}-{comment.replace(' ', '-')}{dot}{suffix}"
    for old, new in names.items():
        stage.publish_variant(old, new, lambda path: _comment(path, comment))
    stage.change(lambda body: use_code(body, names))
    return list(names.values())


def _comment(path: str, comment: str) -> None:
    """Change the bytes of a package, and nothing else of it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path, "a") as package:
            package.comment = comment.encode()


def _statuses(stage: Stage) -> str:
    return ", ".join(f"{each.name} is {_status(stage, each)}" for each in played_applications(stage))


def _status(stage: Stage, application: PlayedApplication) -> ApplicationStatus:
    return stage.world.msf.store.application(application.arn).status


def _version(stage: Stage, application: PlayedApplication) -> int:
    return stage.world.msf.store.application(application.arn).version_id


def _code(stage: Stage, application: PlayedApplication) -> object:
    settings = stage.world.msf.store.application(application.arn).settings
    return settings.configuration["ApplicationCodeConfigurationDescription"]
