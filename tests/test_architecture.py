"""Who may import whom: every module is parsed and held to one table."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import skellagnn

ROOT = Path(skellagnn.__file__).parent

# A module imports from its own package and from lower rows. Whoever adds a module places it here.
ROWS = [
    ["graph", "resolve", "exceptions", "progress", "resources"],
    ["prompts", "enhancers", "answers", "store", "encoders", "selection", "datasets", "validation", "hops"],
    ["features", "neighborhood", "enhancement", "channel", "sharing"],
    ["attention", "edges", "hop_network", "backbones", "distributed"],
    ["inference"],
    ["batches"],
    ["steps"],
    ["training"],
    ["teacher", "parameters"],
    ["preparation"],
    ["classifier", "plan", "plotting", "__main__"],
]

WITHIN_A_ROW = {
    ("graph", "exceptions"): "errors are at the bottom of everything",
    ("graph", "resolve"): "closest match for a column that is not there",
    ("resolve", "exceptions"): "errors are at the bottom of everything",
    ("enhancers", "prompts"): "what an enhancer is asked is a Question",
    ("answers", "prompts"): "an answer is judged by its Question",
    ("store", "prompts"): "answers are kept by the key of a Question",
    ("store", "enhancers"): "what is kept is an Answer",
    ("features", "neighborhood"): "queries are means of unit-length rows, as the ranking makes them",
    ("hop_network", "edges"): "a hop is made along edges",
    ("backbones", "hop_network"): "what the networks are made of",
    ("backbones", "edges"): "layers multiply with edges",
    ("backbones", "attention"): "a layer that weighs edges by itself",
    ("edges", "attention"): "one of the forms that edges take",
    ("classifier", "plan"): "ELLaGNNClassifier.plan returns a Plan",
    ("__main__", "classifier"): "the command runs the estimator",
}

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
    ("attention.py", "torch"): "attention is torch",
    ("edges.py", "torch"): "sparse products are torch",
    ("hop_network.py", "torch"): "networks are torch",
    ("backbones.py", "torch"): "networks are torch",
    ("distributed.py", "torch"): "gradients are torch",
    ("batches.py", "torch"): "what a network reads is torch",
    ("steps.py", "torch"): "what a network reads is torch",
    ("training.py", "torch"): "the loop is torch",
    ("inference.py", "torch"): "prediction is torch",
    ("teacher.py", "torch"): "a network, and its training",
    ("preparation.py", "torch"): "builds the network",
    ("classifier.py", "torch"): "puts the three together; `import skellagnn` does not load it",
    ("store/_engines.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
    ("store/_schema.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
    ("store/_queries.py", "sqlalchemy"): "loaded by the first use of a store, not by importing it",
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


def module_of(file: str) -> str:
    """skellagnn/graph/_io.py belongs to the module graph."""
    return file.split("/")[0].removesuffix(".py")


def imported_module(found: Import) -> str | None:
    parts = found.module.split(".")
    if parts[0] != "skellagnn":
        return None
    if len(parts) > 1:
        return parts[1]
    # from skellagnn import TextGraph: the module that the name is loaded from
    return skellagnn._MODULE_OF.get(found.name, f"skellagnn.{found.name}").split(".")[1]


def edges() -> dict[tuple[str, str], Import]:
    """Return (importer, imported) -> one place where it happens; the package's own lazy __init__ left out."""
    pairs = {}
    for found in imports():
        importer, imported = module_of(found.file), imported_module(found)
        if imported is not None and importer not in (imported, "__init__"):
            pairs.setdefault((importer, imported), found)
    return pairs


def row_of(module: str) -> int:
    return next(number for number, row in enumerate(ROWS) if module in row)


# -- the table ---------------------------------------------------------------------------------------------------


def test_every_module_has_its_row():
    modules = {module_of(path.relative_to(ROOT).as_posix()) for path in files()} - {"__init__"}
    placed = [module for row in ROWS for module in row]

    assert len(placed) == len(set(placed))
    assert modules <= set(placed)


def test_modules_import_from_lower_rows_only():
    wrong = [
        f"{place.file}:{place.line}: {importer} (row {row_of(importer)}) imports {imported} (row {row_of(imported)})"
        for (importer, imported), place in edges().items()
        if row_of(imported) >= row_of(importer) and (importer, imported) not in WITHIN_A_ROW
    ]

    assert wrong == []


def test_exceptions_to_the_table_are_within_a_row_and_still_needed():
    assert {pair for pair in WITHIN_A_ROW if row_of(pair[0]) != row_of(pair[1])} == set()
    assert set(WITHIN_A_ROW) - set(edges()) == set()


def test_no_module_imports_itself_through_others():
    graph: dict[str, set[str]] = {}
    for importer, imported in edges():
        graph.setdefault(importer, set()).add(imported)

    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle

    assert order.index("exceptions") < order.index("classifier")


def test_the_parser_sees_what_it_should():
    assert len(imports()) > 200
    assert ("classifier", "training") in edges()
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
    reachable, waiting = set(), ["inference"]
    while waiting:
        module = waiting.pop()
        if module not in reachable:
            reachable.add(module)
            waiting += [imported for importer, imported in edges() if importer == module]

    assert reachable <= {"inference", "hop_network", "attention", "edges", "hops", "resources", "exceptions", "resolve"}


def test_one_caller_asks_the_llm():
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("complete", "complete_iter")
    }

    # preparation.py calls the stand-in of a loaded model with no question, to have it say why it cannot be fitted
    assert {file for file in callers if not file.startswith("enhancers/")} <= {
        "enhancement/_asking.py",
        "preparation.py",
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
        module
        for row in ROWS[:3]
        for module in row
        if (ROOT / module).with_suffix(".py").exists() or (ROOT / module).is_dir()
    ]
    assert len(modules) > 12

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
