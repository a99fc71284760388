"""A text-attributed graph that is already on the machine: the API reference of numpy, scipy and scikit-learn."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skellagnn.base.numbers import check_bool, check_int
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph

PACKAGES = ("numpy", "scipy", "sklearn")

# Not part of what a user reads about: test helpers, build tools, vendored code.
_SKIPPED_PARTS = frozenset(
    ("tests", "testing", "testutils", "estimator_checks", "conftest", "setup", "f2py", "distutils", "externals")
).union(("experimental", "core", "typing", "matlib"))
# Public only once something in the process has imported sklearn.experimental; the graph must not depend on that.
_EXPERIMENTAL = frozenset({"HalvingGridSearchCV", "HalvingRandomSearchCV", "IterativeImputer"})

# A numpydoc section is a title line underlined with dashes.
_SECTION = re.compile(r"^[ ]*([A-Z][A-Za-z ]+?)[ ]*\n[ ]*(?:-{3,}|={3,})[ ]*$", re.MULTILINE)
# What separates the names of a See Also entry from their description: "name : text" as well as "name: text".
_DESCRIPTION = re.compile(r"\s*:(?:\s|$)")
# One such name, plain or in a role such as :func:`name`; :ref: points at a section of the documentation.
_SEE_ALSO_NAME = re.compile(r"(?::(?!ref:)[\w:]+:)?`?~?([A-Za-z_][\w.]*)`?(?:\(\))?")
# scipy prints a set into some docstrings, in another order in every process: a new text, and a new question to pay.
_ARGUMENT_SET = re.compile(r"(?<=Use of argument\(s\) ``\{)[^}]*(?=\}``)")


def load_api_reference(
    *, drop_sections: tuple[str, ...] = ("See Also", "Examples"), min_class_size: int = 20, return_X_y: bool = False
) -> Any:
    """Build the API-reference graph from the installed numpy, scipy and scikit-learn.

    A node is a public function or class, its text the docstring, an undirected edge a reference in a See Also
    section, its label the subpackage that it belongs to (the first two names: ``"scipy.signal"``, or ``"numpy"``
    for the top level). Nothing is downloaded. Node and edge counts follow the installed versions. Recorded LLM
    answers come with it.

    Parameters
    ----------
    drop_sections : tuple of str, default=("See Also", "Examples")
        Sections left out of the texts. *See Also* holds the edges. *Examples* hold import lines such as
        ``from scipy import signal``, which spell out the label.
    min_class_size : int, default=20
        Subpackages with fewer members become unlabeled nodes (-1): they pass messages, no more.
    return_X_y : bool, default=False
        Return ``(graph[labeled], y[labeled])``, ready for ``fit`` and for scikit-learn's splitters.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        ``graph`` (:class:`~skellagnn.TextGraph` over all nodes), ``target`` (ndarray of shape (n_nodes,), -1 for
        unlabeled), ``target_names`` (list of str), ``answers_path`` (Path of the recorded LLM answers, which
        :class:`~skellagnn.ReplayEnhancer` reads), ``versions`` (dict) and ``DESCR``. With ``return_X_y``, a pair.

    Raises
    ------
    InvalidParameterError
        If a parameter is not as described.

    Notes
    -----
    With numpy 2.4, scipy 1.17 and scikit-learn 1.9: 3,144 nodes, of which 2,890 carry one of 30 labels, and 3,565
    edges with edge homophily 0.89. A third of the nodes have no edge. Takes about 2 seconds the first time, for
    importing every public submodule, and 0.4 seconds after that.

    An object with several public names is one node, under the shortest name, by preference the one that it calls
    itself (``numpy.concatenate``, not ``numpy.concat``); references to any of its names lead to it. References to
    methods, modules and names that are not public make no edge. What scikit-learn calls experimental is left out.

    The answers are 1,248 to the prompts ``"keywords"``, ``"background"`` and ``"topic"`` for 416 nodes: all of the 10 %
    of highest PageRank (of the versions above), and others spread over the classes. They were written by a language
    model (Claude) that was shown the docstring, cut to 1,400 characters, without name, *See Also* and *Examples*, and
    for the topic the 30 class names; for 24 of the nodes it had seen a list of the names, not which is which. Of the
    397 nodes with a label it names the right class first for 0.987. **The model surely knows these packages by
    heart**, so this is a recording to try the software on, and no evidence of what an LLM adds to texts that it has
    never seen.

    Examples
    --------
    >>> from skellagnn.datasets import load_api_reference
    >>> data = load_api_reference()
    >>> len(data.graph) == len(data.target)
    True
    >>> "scipy.signal" in data.target_names
    True
    >>> from skellagnn import ReplayEnhancer
    >>> len(ReplayEnhancer(data.answers_path).recorded_nodes)
    416
    """
    return_X_y = check_bool("return_X_y", return_X_y)
    min_class_size = check_int("min_class_size", min_class_size, at_least=1)
    if not isinstance(drop_sections, (tuple, list)) or not all(isinstance(title, str) for title in drop_sections):
        raise InvalidParameterError(
            f"`drop_sections` must be a tuple of titles, got {drop_sections!r:.80}. Pass () to keep all sections."
        )
    docstrings, node_of = _public_members()
    names = sorted(docstrings)
    sections = {name: list(_split_sections(docstrings[name])) for name in names}
    texts = [_join_sections(sections[name], drop_sections) for name in names]

    subpackages = [_subpackage(name) for name in names]
    counts = Counter(subpackages)
    target_names = sorted(label for label, count in counts.items() if count >= min_class_size)
    index_of = {label: index for index, label in enumerate(target_names)}
    target = np.array([index_of.get(label, -1) for label in subpackages], dtype=np.int64)

    graph = TextGraph.from_edges(
        sorted(_see_also_edges(sections, node_of)),
        texts=texts,
        node_names=names,
        titles=[name.rsplit(".", 1)[-1] for name in names],
    )
    if return_X_y:
        labeled = np.flatnonzero(target >= 0)
        return graph[labeled], target[labeled]
    versions = {package: str(importlib.import_module(package).__version__) for package in PACKAGES}
    return Bunch(
        graph=graph,
        target=target,
        target_names=target_names,
        answers_path=_answers_path(),
        versions=versions,
        DESCR=(
            "Public functions and classes of "
            + ", ".join(f"{package} {version}" for package, version in versions.items())
            + "; texts are docstrings, edges See Also references, labels subpackages."
        ),
    )


def _answers_path() -> Path:
    return Path(str(resources.files("skellagnn.datasets") / "data" / "api_reference_answers.jsonl.gz"))


def _public_members() -> tuple[dict[str, str], dict[str, str]]:
    """Find every documented public callable once.

    Returns
    -------
    docstrings : dict of str to str
        By node name.
    node_of : dict of str to str
        Every public name, aliases included, to the name of its node.
    """
    aliases: dict[int, list[str]] = defaultdict(list)
    objects: dict[int, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated modules and members warn when they are looked at
        for module in _public_modules():
            for name in getattr(module, "__all__", ()):
                try:
                    member = getattr(module, name, None)
                except ImportError:
                    continue
                if name not in _EXPERIMENTAL and callable(member) and (inspect.getdoc(member) or "").strip():
                    aliases[id(member)].append(f"{module.__name__}.{name}")
                    objects[id(member)] = member  # keeps the object alive, so that its id stays its own
    docstrings: dict[str, str] = {}
    node_of: dict[str, str] = {}
    for key, qualified in aliases.items():
        name = _node_name(qualified, str(getattr(objects[key], "__name__", "")))
        docstrings[name] = _ARGUMENT_SET.sub(_in_order, inspect.getdoc(objects[key]) or "")
        node_of.update(dict.fromkeys(qualified, name))
    return docstrings, node_of


def _in_order(names: re.Match[str]) -> str:
    return ", ".join(sorted(names[0].split(", ")))


def _node_name(qualified: list[str], own_name: str) -> str:
    # numpy.linalg.norm rather than numpy.linalg.linalg.norm; numpy.concatenate, as it calls itself, rather than its
    # younger alias numpy.concat (so that names outlive a release of numpy); what is left goes to the alphabet
    return min(qualified, key=lambda name: (name.count("."), name.rsplit(".", 1)[-1] != own_name, name))


def _public_modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for module in _public_children(root):
            yield module
            yield from _public_children(module)


def _public_children(package: ModuleType) -> Iterator[ModuleType]:
    # not pkgutil.walk_packages: it imports private packages on its way, and with scipy's all of torch
    for info in pkgutil.iter_modules(getattr(package, "__path__", [])):
        if info.name.startswith("_") or info.name in _SKIPPED_PARTS:
            continue
        try:
            module = importlib.import_module(f"{package.__name__}.{info.name}")
        except ImportError:
            continue
        if not _is_deprecated(module):
            yield module


def _is_deprecated(module: ModuleType) -> bool:
    # scipy keeps old module names (scipy.signal.bsplines) as shims whose members come from elsewhere
    source = getattr(module, "__file__", None) or ""
    if not source.endswith(".py") or module.__name__.count(".") < 2:
        return False
    try:
        return "_sub_module_deprecation" in inspect.getsource(module)
    except OSError:
        return False


def _subpackage(name: str) -> str:
    parts = name.split(".")
    return parts[0] if len(parts) == 2 else ".".join(parts[:2])


def _split_sections(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield (title, body) of a numpydoc docstring; the opening part has an empty title."""
    title, start = "", 0
    for match in _SECTION.finditer(docstring):
        yield title, docstring[start : match.start()].strip()
        title, start = match.group(1).strip(), match.end()
    yield title, docstring[start:].strip()


def _join_sections(sections: list[tuple[str, str]], drop: Sequence[str]) -> str:
    dropped = {title.casefold() for title in drop}
    kept = [(title, body) for title, body in sections if title.casefold() not in dropped]
    return "\n\n".join(f"{title}\n{body}" if title else body for title, body in kept).strip()


def _see_also_edges(sections: dict[str, list[tuple[str, str]]], node_of: dict[str, str]) -> set[tuple[str, str]]:
    """Resolve the See Also entries of every node to pairs of node names."""
    edges: set[tuple[str, str]] = set()
    for name, parts in sections.items():
        body = next((body for title, body in parts if title.casefold() == "see also"), "")
        for reference in _see_also_names(body):
            found = _resolve_reference(reference, name, node_of)
            if found is not None and found != name:
                edges.add((name, found))
    return edges


def _see_also_names(body: str) -> Iterator[str]:
    for line in body.splitlines():
        if not line.strip() or line[0].isspace():  # an indented line continues a description
            continue
        for part in _DESCRIPTION.split(line, maxsplit=1)[0].split(","):
            match = _SEE_ALSO_NAME.fullmatch(part.strip())
            if match:
                yield match.group(1)


def _resolve_reference(reference: str, source: str, node_of: dict[str, str]) -> str | None:
    """Find the node that ``reference`` means when it stands in the docstring of ``source``."""
    scope = source.split(".")[:-1]
    while scope:  # the innermost module that has the name wins, as in Python itself
        candidate = ".".join([*scope, reference])
        if candidate in node_of:
            return node_of[candidate]
        scope.pop()
    # What is left are methods, modules and names that are not public: no edge rather than a wrong one.
    return node_of.get(reference)
