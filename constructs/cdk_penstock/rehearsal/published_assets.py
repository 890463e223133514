"""The assets of an assembly, as ``cdk deploy`` publishes them before it deploys the stacks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.review.assembly import SynthesizedStack

_MANIFESTS: Final = "*.assets.json"


@dataclass(frozen=True, kw_only=True)
class PublishedAsset:
    """A file or a folder, and the object that it becomes.

    Parameters
    ----------
    bucket, key
        The object.
    source
        Its file; a folder that is published as a zip.
    """

    bucket: str
    key: str
    source: Path


def published_assets(stacks: tuple[SynthesizedStack, ...]) -> Iterator[PublishedAsset]:
    """Yield the assets of the stacks, each once; raise RehearsalError for a manifest that cannot be read.

    Assets that the CDK would have to build first, such as container images, are left out.
    """
    seen: set[tuple[str, str]] = set()
    for stack in stacks:
        for manifest in sorted(Path(stack.template.path).parent.glob(_MANIFESTS)):
            for asset in _assets(manifest, stack):
                if (asset.bucket, asset.key) not in seen:
                    seen.add((asset.bucket, asset.key))
                    yield asset


def _assets(manifest: Path, stack: SynthesizedStack) -> Iterator[PublishedAsset]:
    for file in as_mapping(as_mapping(_read(manifest)).get("files")).values():
        path = as_mapping(as_mapping(file).get("source")).get("path")
        if not isinstance(path, str):
            continue
        for destination in as_mapping(as_mapping(file).get("destinations")).values():
            bucket, key = (_placed(as_mapping(destination).get(name), stack) for name in ("bucketName", "objectKey"))
            yield PublishedAsset(bucket=bucket, key=key, source=(manifest.parent / path).resolve())


def placed(text: str, *, account: str, region: str, partition: str = "aws") -> str:
    """Return a text of a manifest with account, Region and partition in their places."""
    values = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": partition}
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _placed(text: object, stack: SynthesizedStack) -> str:
    return placed(str(text), account=stack.account, region=stack.region)


def _read(manifest: Path) -> Any:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RehearsalError(f"{manifest} cannot be read ({error}): run `npx cdk synth` again") from error
