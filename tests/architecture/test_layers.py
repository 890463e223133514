"""The arrows of the design: who may import whom."""

from __future__ import annotations

import ast
import re
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


def allowed_imports() -> dict[str, set[str]]:
    """Return the table of CONTRIBUTING: for each package of the library those that it may import."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| package | may import |\n|---|---|\n")
    rows = [line.strip("|").split("|") for line in table.partition("\n\n")[0].splitlines()]
    everything = {"cli", "stacks"}
    return {
        package: {package, *re.findall(r"`(\w+)`", imported)}
        for packages, imported in rows
        for package in re.findall(r"`(\w+)`", packages)
        if package not in everything
    }


ALLOWED = allowed_imports()


def test_the_table_of_the_layers_names_every_package() -> None:
    packages = {init.parent.name for init in LIBRARY.glob("*/__init__.py")}
    assert set(ALLOWED) | {"cli"} == packages
    assert set().union(*ALLOWED.values()) <= packages


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_the_layers_below_it(package: str) -> None:
    for path in modules(package):
        layers = {name.split(".")[1] for name in imported(path) if name.startswith("cdk_penstock.")}
        assert layers <= ALLOWED[package], path


@pytest.mark.parametrize("package", ["model", "control", "handlers", "packaging", "local", "review"])
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


@pytest.mark.parametrize("package", ["application", "control", "encryption", "handlers", "model/keys"])
def test_a_module_has_a_name_that_no_other_module_of_the_library_has(package: str) -> None:
    everywhere = [path.name for path in LIBRARY.rglob("*.py")]
    names = {path.name for path in modules(package)} - {"__init__.py", "errors.py"}
    assert [name for name in sorted(names) if everywhere.count(name) > 1] == []


def test_nobody_imports_the_library_through_its_source_root() -> None:
    for path in [*ROOT.glob("*.py"), *(ROOT / "stacks").rglob("*.py"), *LIBRARY.rglob("*.py")]:
        assert not any(name.startswith("constructs.cdk_penstock") for name in imported(path)), path


def test_only_the_command_line_prints() -> None:
    for path in [*LIBRARY.rglob("*.py"), *(ROOT / "stacks").rglob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        printed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert not printed or path.is_relative_to(LIBRARY / "cli"), path
