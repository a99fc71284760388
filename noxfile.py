"""What is run before a change goes in, each in an environment of its own: ``nox -l`` lists it.

On a machine without a GPU, say where builds of torch for the CPU alone are found, or gigabytes of CUDA are installed:
``PIP_FIND_LINKS`` or ``PIP_EXTRA_INDEX_URL``.
"""

import re
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "tests", "lowest", "docs"]

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the newest dependencies; arguments go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run a short selection of tests, or those named, with the lowest dependencies that pyproject.toml allows."""
    session.run("bash", ".ci/lowest.sh", *session.posargs, external=True)


@nox.session(python="3.11")
def constraints(session: nox.Session) -> None:
    """Make constraints-lowest.txt anew from the lower bounds of pyproject.toml."""
    session.install("uv")
    path = Path("constraints-lowest.txt")
    about = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
    torch = re.search(r"^torch==.*$", Path("constraints.txt").read_text(), re.MULTILINE).group()
    pinned = Path(session.create_tmp()) / "torch.txt"
    pinned.write_text(f"{torch}\n")
    command = "uv pip compile pyproject.toml --resolution lowest-direct --python-version 3.11"
    options = f"--extra test --extra transformers --constraint {pinned} --no-header --no-annotate --quiet"
    found = session.run(*command.split(), *options.split(), silent=True)
    kept = [line for line in found.splitlines() if not line.startswith(("nvidia-", "cuda-", "triton"))]
    path.write_text(about + "\n".join(kept) + "\n")


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Check style, types and floors."""
    session.install("-e", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error. ``nox -s docs -- -D plot_gallery=0`` runs no gallery."""
    session.install("-e", ".[docs,offline]")
    session.run("sphinx-build", "-W", "-b", "html", *session.posargs, "docs", "docs/_build/html")


@nox.session(python="3.11")
def browser(session: nox.Session) -> None:
    """Look at the built documentation in Chromium, where it is installed; ``nox -s docs`` builds it."""
    session.install("-e", ".[test,browser]")
    session.run("python", "-m", "pytest", "-m", "browser", *session.posargs, "tests/browser")


@nox.session(python="3.11")
def coverage(session: nox.Session) -> None:
    """Run the tests and say which lines and branches none of them reaches."""
    session.install("-e", ".[test]")
    arguments = session.posargs or ["tests"]
    session.run("python", "-m", "pytest", "--cov=skellagnn", "--cov-branch", "--cov-report=term-missing", *arguments)


@nox.session(python="3.11")
def mutation(session: nox.Session) -> None:
    """Say how many made-up mistakes the tests notice: ``nox -s mutation -- 600 "skellagnn.supervision*"``.

    Of the modules that pyproject.toml names, or of those that a pattern finds, for so many seconds on one core. What
    was tried is kept in ``mutants/``, and the next run goes on with the others.
    """
    session.install("-e", ".[test]", "mutmut>=3.8")
    seconds, *patterns = session.posargs or ["600"]
    one_core = {"OMP_NUM_THREADS": "1"}
    # 124: time is up
    session.run(
        "timeout", seconds, "mutmut", "run", "--max-children", "1", *patterns,
        env=one_core, external=True, success_codes=[0, 1, 124],
    )  # fmt: skip
    session.run("mutmut", "export-cicd-stats")
    session.run("cat", "mutants/mutmut-cicd-stats.json", external=True)


@nox.session(python=False)
def floors(session: nox.Session) -> None:
    """Write the floors of pyproject.toml into CONTRIBUTING.md."""
    session.run("python", ".ci/floors.py", external=True)
