"""Every example in Python is run, page by page, and what it makes is synthesized."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack

from cdk_penstock.application import ApplicationCode
from cdk_penstock.pipeline import StreamingPipeline
from tests.docs.fences import IN_A_PYTEST, NEEDS_LOCAL_MSF, NEEDS_PROCESSES, ROOT, Fence, all_fences, name_of
from tests.docs.fences import PAGES as ALL_PAGES
from tests.docs.prelude import Prelude, names_taken_for_given

if TYPE_CHECKING:
    from pathlib import Path

FENCES = [fence for fence in all_fences("python") if not fence.is_doctest]
NOT_HERE = (NEEDS_PROCESSES, NEEDS_LOCAL_MSF, IN_A_PYTEST)
PAGES = sorted({fence.page for fence in FENCES if not fence.text.startswith(NOT_HERE)})


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_of_a_page_run_one_after_the_other(
    page: Path, job_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "vehicles.ndjson").write_text('{"type":"dashboard","id":"vehicles"}\n')
    monkeypatch.chdir(tmp_path)
    # Maven and the packages of the bundled job are for other tests.
    monkeypatch.setattr(
        ApplicationCode, "from_pyflink_folder", staticmethod(lambda *_, **__: ApplicationCode.from_asset(job_zip))
    )
    prelude = Prelude(job_zip)
    for fence in FENCES:
        if fence.page == page and not fence.text.startswith(NOT_HERE):
            given = [name for name in names_taken_for_given(fence.text) if name not in prelude.names]
            assert not [name for name in given if name[0].isupper()], f"{fence.place} does not import {given}"
            prelude.give(fence.text)
            lines = "\n" * fence.line  # so that a traceback names the line of the page
            exec(compile(lines + fence.text, str(page), "exec"), prelude.names)  # noqa: S102 (that is the test)
    for name, pipeline in pipelines(prelude.names):
        prelude.names[name] = stack = Stack(App(), "Pipeline")
        pipeline(stack, name)
    for app in prelude.apps():
        app.synth(force=True)


def pipelines(names: dict[str, Any]) -> list[tuple[str, type[StreamingPipeline]]]:
    """Return the pipelines that a page has declared, which nobody has made yet."""
    classes = [(name, each) for name, each in names.items() if inspect.isclass(each)]
    return [
        (name, each) for name, each in classes if issubclass(each, StreamingPipeline) and each.__module__ == "guide"
    ]


@pytest.mark.parametrize(
    "fence", [each for each in FENCES if each.text.startswith(NEEDS_PROCESSES)], ids=lambda fence: fence.place
)
def test_an_example_with_real_processes_calls_what_there_is_with_the_arguments_that_it_takes(fence: Fence) -> None:
    tree = ast.parse(fence.text)
    names: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            names |= {alias.name: getattr(module, alias.name) for alias in node.names}
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert called
    for call in called:
        keywords = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(names[call.func.id]).bind(*call.args, **keywords)  # type: ignore[attr-defined]


def test_every_construct_of_the_readme_is_in_the_package_beside_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(cdk_penstock(?:\.\w+)+)` \| (.+?) \|", readme, re.MULTILINE)
    assert len(rows) >= 8
    for package, text in rows:
        names = re.findall(r"`([A-Z]\w+)`", text)
        assert names, text
        for name in names:
            assert name in importlib.import_module(package).__all__, f"{package} has no {name}"


def test_a_name_that_a_page_neither_imports_nor_makes_is_found(job_zip: Path) -> None:
    code = "from a import b\nc = b(d, lambda e: e)\nclass F:\n    pass\nfor g in F():\n    c(g, H)\n"
    assert names_taken_for_given(code) == ["d", "H"]
    with pytest.raises(AssertionError, match="H is neither imported nor made"):
        Prelude(job_zip).give("H()")


@pytest.mark.parametrize("page", ALL_PAGES, ids=name_of)
def test_the_dotted_names_of_a_page_are_there(page: Path) -> None:
    for dotted in re.findall(r"`(cdk_penstock(?:\.\w+)+)", page.read_text(encoding="utf-8")):
        assert resolves(dotted), f"there is no {dotted}"


def resolves(dotted: str) -> bool:
    """Return whether a module, or something in one, has this name."""
    parts = dotted.split(".")
    found: Any = importlib.import_module(parts[0])
    for number, part in enumerate(parts[1:], start=2):
        name = ".".join(parts[:number])
        if not hasattr(found, part) and (inspect.isclass(found) or importlib.util.find_spec(name) is None):
            return False
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(name)
    return True


@pytest.mark.parametrize(
    ("dotted", "there"),
    [
        ("cdk_penstock.streams", True),
        ("cdk_penstock.sinks.firehose.DeliveryToS3", True),
        ("cdk_penstock.network.ApplicationVpc.from_lookup", True),
        ("cdk_penstock.stream", False),
        ("cdk_penstock.sinks.firehose.DeliverToS3", False),
        ("cdk_penstock.network.ApplicationVpc.from_look", False),
    ],
)
def test_a_name_is_looked_up_to_its_end(dotted: str, there: bool) -> None:
    assert resolves(dotted) == there
