"""Who may import whom: every module is parsed and held to one table."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import skellagnn

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(skellagnn.__file__).parent
PROJECT = ROOT.parent

# Seconds and hundreds of megabytes: imported inside the functions that need them ...
HEAVY = {
    "torch",
    "torch_geometric",
    "transformers",
    "sentence_transformers",
    "openai",
    "matplotlib",
    "networkx",
    "pandas",
    "sqlalchemy",
}
# ... except here.
AT_MODULE_LEVEL = {
    ("gnn/_attention.py", "torch"): "attention is torch",
    ("gnn/_sparse.py", "torch"): "sparse products are torch",
    ("gnn/_layered.py", "torch"): "networks are torch",
    ("gnn/backbones.py", "torch"): "networks are torch",
    ("gnn/_batch_size.py", "torch"): "looks at a network",
    ("gnn/_distributed.py", "torch"): "gradients are torch",
    ("gnn/_early_stopping.py", "torch"): "scores of a network are torch",
    ("gnn/_loader.py", "torch"): "what a network reads is torch",
    ("gnn/_losses.py", "torch"): "losses are torch",
    ("gnn/_network_state.py", "torch"): "parameters of a network are torch",
    ("gnn/_steps.py", "torch"): "what a network reads is torch",
    ("gnn/_torch_state.py", "torch"): "generators are torch",
    ("gnn/_trainer.py", "torch"): "builds the network",
    ("gnn/_training.py", "torch"): "the loop is torch",
    ("gnn/_inference.py", "torch"): "prediction is torch",
    ("llm/store/_engines.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
    ("llm/store/_schema.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
    ("llm/store/_queries.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
}


class Import(NamedTuple):
    file: str  # relative to the package
    line: int
    module: str  # full name
    name: str  # what is taken from it, "" for all
    in_function: bool
    for_types: bool


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def walk(node: ast.AST, in_function: bool = False, for_types: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = in_function or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        typed = for_types or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        yield child, inside, typed
        yield from walk(child, inside, typed)


@cache
def imports() -> tuple[Import, ...]:
    found = []
    for path in files():
        file = path.relative_to(ROOT).as_posix()
        for node, in_function, for_types in walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                pairs = [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}:{node.lineno} imports relatively"
                pairs = [(node.module, alias.name) for alias in node.names]
            else:
                continue
            found += [Import(file, node.lineno, *pair, in_function, for_types) for pair in pairs]
    return tuple(found)


def floors() -> list[list[str]]:
    """Return the floors of pyproject.toml, top first, each with the rooms on it."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [layer.split(" | ") for layer in layers]


# -- floors ------------------------------------------------------------------------------------------------------


def test_modules_import_from_floors_below(monkeypatch, capsys):
    from importlinter.cli import lint_imports

    monkeypatch.setattr("logging.config.dictConfig", lambda settings: None)  # it would silence all loggers there are
    monkeypatch.chdir(PROJECT)

    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def test_there_are_at_most_ten_floors():
    assert len(floors()) <= 10


def test_contributing_tells_the_floors():
    told = "; ".join(", ".join(f"`{room}`" for room in floor) for floor in floors())

    page = " ".join((PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())

    assert f"{told}." in page


def test_the_parser_sees_what_it_should():
    assert len(imports()) > 200
    assert any(found.in_function and found.module == "tqdm.auto" for found in imports())
    assert any(found.for_types and found.module == "skellagnn.graph._text_graph" for found in imports())


# -- weight ------------------------------------------------------------------------------------------------------


def heavy_at_module_level() -> set[tuple[str, str]]:
    return {
        (found.file, found.module.split(".")[0])
        for found in imports()
        if found.module.split(".")[0] in HEAVY and not found.in_function and not found.for_types
    }


def test_heavy_packages_are_imported_where_they_are_needed():
    assert heavy_at_module_level() == set(AT_MODULE_LEVEL)


def test_private_parts_of_scikit_learn_have_one_importer():
    private = {
        found.file
        for found in imports()
        if found.module.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in [*found.module.split("."), found.name])
    }

    assert private <= {"validation/_labels.py"}


def test_prediction_cannot_reach_an_enhancer():
    import grimp

    graph = grimp.build_graph("skellagnn", cache_dir=None)
    llm = {"skellagnn.llm", *graph.find_descendants("skellagnn.llm")}
    rooms = ["gnn", "encoders", "neighborhood", "graph", "validation"]

    for room in (f"skellagnn.{room}" for room in rooms):
        for module in {room, *graph.find_descendants(room)}:
            assert not llm & graph.find_upstream_modules(module), module


def test_one_caller_asks_the_llm():
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("complete", "complete_iter")
    }

    # augmentation.py calls the stand-in of a loaded model with no question, to have it say why it cannot be fitted
    assert {file for file in callers if not file.startswith("llm/enhancers/")} <= {
        "llm/asking/_asking.py",
        "augmentation.py",
    }


# -- in a fresh process ------------------------------------------------------------------------------------------


def run(code: str) -> object:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def loaded_by(statement: str, *, after: str = "pass") -> object:
    """Return the heavy packages that a statement loads, beyond those that ``after`` loads."""
    return run(
        f"{after}\nbefore = set(sys.modules)\n{statement}\n"
        f"print(json.dumps(sorted(set({sorted(HEAVY)}) & (sys.modules.keys() - before))))"
    )


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import skellagnn; dir(skellagnn); skellagnn.__version__") == []


def test_importing_what_comes_before_training_loads_nothing_heavy():
    modules = [
        "datasets",
        "encoders",
        "enhancers",
        "graph",
        "inspection",
        "llm.plan",
        "neighborhood",
        "prompts",
        "selection",
        "validation",
    ]

    # scikit-learn loads pandas where there is one
    assert (
        loaded_by("import " + ", ".join(f"skellagnn.{module}" for module in modules), after="import sklearn.base") == []
    )


def test_importing_the_classifier_loads_torch_alone():
    assert loaded_by("from skellagnn import ELLaGNNClassifier", after="import sklearn.base") == ["torch"]


def test_every_public_name_resolves():
    code = "import skellagnn\nprint(json.dumps({name: repr(getattr(skellagnn, name)) for name in skellagnn.__all__}))"

    found = run(code)

    assert sorted(found) == sorted(skellagnn.__all__) == dir(skellagnn)
    assert len(set(found.values())) == len(found)
    for name, shown in found.items():
        if name in skellagnn._MODULE_OF and not name.isupper():  # a constant shows what it holds
            assert name in shown


def test_star_brings_the_public_names():
    namespace: dict[str, object] = {}
    exec("from skellagnn import *", namespace)

    assert set(namespace) - {"__builtins__"} == set(skellagnn.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skellagnn' has no attribute 'ELLaGNNRegressor'"):
        _ = skellagnn.ELLaGNNRegressor
