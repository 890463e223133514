"""The arrows of the design: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import constructs
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "constructs" / "cdk_penstock"
STANDARD_LIBRARY = sys.stdlib_module_names


def modules(package: str) -> list[Path]:
    return sorted((LIBRARY / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


ALLOWED_OF_PENSTOCK = {
    "model": {"model"},
    "packaging": {"model", "packaging"},
    "foundation": {"model", "foundation"},
    "application": {"model", "packaging", "foundation", "application"},
    "lifecycle": {"model", "foundation", "application", "lifecycle"},
    "encryption": {"model", "foundation", "application", "lifecycle", "encryption"},
    "network": {"model", "foundation", "network"},
    "streams": {"model", "foundation", "application", "lifecycle", "streams"},
    "sinks": {"model", "foundation", "application", "lifecycle", "streams", "sinks"},
    "observability": {"model", "foundation", "application", "lifecycle", "observability"},
    "pipeline": {
        "model",
        "foundation",
        "application",
        "lifecycle",
        "encryption",
        "network",
        "streams",
        "sinks",
        "observability",
        "pipeline",
    },
    "review": {"model", "review"},
    "control": {"model", "control"},
    "handlers": {"model", "control", "handlers"},
    "local": {"model", "local"},
}


@pytest.mark.parametrize("package", sorted(ALLOWED_OF_PENSTOCK))
def test_a_package_imports_only_the_layers_below_it(package: str) -> None:
    for path in modules(package):
        layers = {name.split(".")[1] for name in imported(path) if name.startswith("cdk_penstock.")}
        assert layers <= ALLOWED_OF_PENSTOCK[package], path


@pytest.mark.parametrize("package", ["model", "control", "handlers", "packaging", "local"])
def test_a_package_without_the_cdk_stays_without_it(package: str) -> None:
    for path in modules(package):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"aws_cdk", "constructs", "jsii", "cdk_nag"}, path


def test_the_model_imports_nothing_but_the_standard_library_and_itself() -> None:
    for path in modules("model"):
        foreign = {name for name in imported(path) if name.split(".")[0] not in STANDARD_LIBRARY}
        assert all(name.startswith("cdk_penstock.model") for name in foreign), path


def test_importing_the_model_loads_neither_the_cdk_nor_boto3() -> None:
    names = [".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts) for path in modules("model")]
    loaded = "bool({'aws_cdk', 'boto3', 'jsii'} & set(sys.modules))"
    program = f"import sys; [__import__(name) for name in {names!r}]; sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_source_root_does_not_shadow_the_package_that_the_cdk_imports() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert constructs.__file__ is not None
    assert "site-packages" in constructs.__file__


def test_nobody_imports_the_library_through_its_source_root() -> None:
    for path in [*ROOT.glob("*.py"), *(ROOT / "stacks").rglob("*.py"), *LIBRARY.rglob("*.py")]:
        assert not any(name.startswith("constructs.cdk_penstock") for name in imported(path)), path


def test_only_the_command_line_prints() -> None:
    for path in [*LIBRARY.rglob("*.py"), *(ROOT / "stacks").rglob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        printed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert not printed or path.is_relative_to(LIBRARY / "cli"), path
