"""The house rules that no linter knows: what the wheel holds, how long things are, what no file may say."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

import pytest

THIS_FILE = Path(__file__)
ROOT = THIS_FILE.parents[2]
PACKAGES = ("admin_api", "dashboard", "idp_adapters", "outerward", "proxy", "session_store")
SOURCES = (*PACKAGES, "bench", "examples")
LOCKS = ("requirements.lock", "requirements-dev.lock")
GENERATED = ("__pycache__", "node_modules")


def files(*tops: str) -> Iterator[Path]:
    for top in tops:
        for path in sorted((ROOT / top).rglob("*") if (ROOT / top).is_dir() else [ROOT / top]):
            if path.is_file() and not any(part in GENERATED for part in path.parts):
                yield path


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def all_sources() -> list[Path]:
    return [path for path in files(*SOURCES, "dev.py") if path.suffix == ".py"]


def all_tests() -> list[Path]:
    return [path for path in files("tests") if path.suffix == ".py"]


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(paths: list[Path]) -> dict[str, int]:
    """Each function with its lines, from ``def`` to the end."""
    return {
        f"{named(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in paths
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


# What is installed


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files of the wheel, built by the environment's own setuptools in a copy of the tree."""
    copy = tmp_path_factory.mktemp("tree")
    for path in files(*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        (copy / named(path)).parent.mkdir(parents=True, exist_ok=True)
        (copy / named(path)).write_bytes(path.read_bytes())
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(copy / "wheel")],
        cwd=copy,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (copy / "wheel").glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_installs_exactly_the_six_packages(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_file_of_the_packages(wheel_names: list[str]) -> None:
    installed = {name for name in wheel_names if ".dist-info/" not in name}

    assert installed == {named(path) for path in files(*PACKAGES)}


def test_the_wheel_carries_the_licence_and_the_notice(wheel_names: list[str]) -> None:
    licences = {name.rsplit("/", 1)[1] for name in wheel_names if ".dist-info/licenses/" in name}

    assert licences == {"LICENSE", "NOTICE"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


# How it reads


def test_no_file_is_longer_than_400_lines_and_half_are_within_150() -> None:
    sizes = {named(path): lines_of(path) for path in all_sources()}

    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert median(sizes.values()) <= 150


def test_no_function_is_longer_than_60_lines_and_nearly_all_are_short() -> None:
    sizes = functions(all_sources())

    assert {name: size for name, size in sizes.items() if size > 60} == {}
    assert quantiles(sizes.values(), n=20)[-1] <= 35
    assert median(sizes.values()) <= 9


def test_no_test_file_is_longer_than_400_lines() -> None:
    assert {named(path): lines_of(path) for path in all_tests() if lines_of(path) > 400} == {}


def test_there_are_as_many_lines_of_tests_as_of_source() -> None:
    assert sum(map(lines_of, all_tests())) >= sum(map(lines_of, all_sources()))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_a_package_is_imported_by_its_face_alone() -> None:
    inside = [
        f"{named(path)} imports {module}"
        for path in files(*PACKAGES)
        if path.suffix == ".py"
        for module in imports(path)
        if "." in module
        and (top := module.split(".")[0]) in PACKAGES
        and not named(path).startswith(f"{top}/")
    ]

    assert inside == []


# What no file may say

TEXTS = (
    *SOURCES,
    "dev.py",
    "docs",
    "tests",
    "README.md",
    "CONTRIBUTING.md",
    "NOTICE",
    "Makefile",
    "Dockerfile",
    ".dockerignore",
    "docker-compose.yml",
    ".ci/run",
    "pyproject.toml",
)
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError|breakpoint\(\))")
HOME = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w")


def text_lines() -> Iterator[tuple[str, str]]:
    for path in files(*TEXTS):
        if path.suffix not in (".png", ".jpg") and path.name != "package-lock.json" and path != THIS_FILE:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                yield f"{named(path)}:{number}", line


def test_nothing_is_left_for_later() -> None:
    assert [place for place, line in text_lines() if MARKS.search(line)] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert [place for place, line in text_lines() if HOME.search(line) or f"{ROOT}/" in line] == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    refused = {"skip", "skipif", "xfail", "importorskip", "skipTest", "SkipTest"}
    skips = [
        f"{named(path)}:{node.lineno}"
        for path in all_tests()
        if any(word in path.read_text() for word in refused)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in refused
    ]

    assert [place for place in skips if not place.startswith("tests/support/needs.py:")] == []


def test_every_part_that_a_test_needs_is_one_that_the_launcher_can_bring() -> None:
    from tests.support.needs import PARTS

    asked = re.compile(r"mark\.needs\(([^)]*)\)")
    texts = (path.read_text() for path in all_tests() if path.name != "test_needs.py")
    named_parts = chain.from_iterable(
        re.findall(r'"([^"]+)"', found) for text in texts for found in asked.findall(text)
    )

    assert set(named_parts) <= set(PARTS)


# What is locked


def pins(lock: str) -> dict[str, str]:
    """Each package with its version; the condition on platforms may be narrower in the smaller lock."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:[0-9a-f]{64}\b)", text, re.MULTILINE)


def test_the_lock_of_the_providers_names_no_registry() -> None:
    packages = json.loads((ROOT / "tests/providers/package-lock.json").read_text())["packages"]

    assert [name for name, entry in packages.items() if "://" in str(entry.get("resolved", ""))] == []
    assert [name for name, entry in packages.items() if name and not entry.get("integrity")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = re.split(r"^(?=\w)", (ROOT / lock).read_text(), flags=re.MULTILINE)

    assert [entry for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


def test_the_development_lock_contains_the_other_pin_for_pin() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(("lock", "groups"), [(LOCKS[0], ("build",)), (LOCKS[1], ("build", "dev"))])
def test_everything_that_the_project_asks_for_is_locked(lock: str, groups: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(text for name in groups for text in project["dependency-groups"][name]),
    ]
    names = {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower() for text in asked}

    assert names <= pins(lock).keys()
