"""Names of classes for prompts that list them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.arrays import as_array
from skellagnn.exceptions import InvalidParameterError


@dataclass(frozen=True)
class ClassNames:
    """Names that prompts list, and the class that each stands for.

    Parameters
    ----------
    names : tuple of str
    class_index : ndarray of int of shape (n_names,)
        Index into the fitted classes, -1 for a name whose class has no labeled node in this fit.
    """

    names: tuple[str, ...]
    class_index: NDArray[np.int64]


def check_class_names(class_names: Any, classes: NDArray[Any] | None) -> ClassNames | None:
    """Match names with classes.

    Parameters
    ----------
    class_names : None, mapping of label to name, or sequence of str
        A sequence names the classes 0, 1, ...; for labels that are names it lists them all, also those without
        labeled nodes. None: labels that are strings, none of them blank, name themselves.
    classes : ndarray of shape (n_classes,) or None
        Sorted classes; None if they are not known yet.

    Returns
    -------
    names : ClassNames or None
        None if there are no names.

    Raises
    ------
    InvalidParameterError
        If names are no strings, not unique, or a class has none.
    """
    if class_names is None:
        if classes is None or classes.dtype.kind not in "USO" or not all(isinstance(label, str) for label in classes):
            return None
        class_names = [str(label) for label in classes]
        if not all(name.strip() for name in class_names):
            return None
    given = class_names
    if isinstance(class_names, np.ndarray) or hasattr(class_names, "iloc"):
        class_names = as_array("class_names", class_names, error=InvalidParameterError).tolist()  # a 0-d one: no list
    if isinstance(class_names, Mapping):
        labels, names = list(class_names.keys()), list(class_names.values())
    elif not isinstance(class_names, (str, bytes, Set)) and isinstance(class_names, Collection):
        names = list(class_names)
        labels = names if classes is not None and classes.dtype.kind in "USO" else list(range(len(names)))
    else:
        raise InvalidParameterError(
            f"`class_names` must be a list of names or a dict of label to name, got {type(given).__name__}. "
            "Pass one name per class."
        )
    if not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) != len(names):
        raise InvalidParameterError(
            f"`class_names` must be different, non-empty strings, got {names!r:.300}. Rename or name what is not."
        )
    index = np.full(len(names), -1, dtype=np.int64)
    if classes is not None:
        position = {label: i for i, label in enumerate(classes.tolist())}
        index = np.array([position.get(label, -1) for label in labels], dtype=np.int64)
        nameless = [label for label, i in position.items() if i not in index]
        if nameless:
            raise InvalidParameterError(
                f"`class_names` must name every class, got no name for {nameless[0]!r} and {len(nameless) - 1} more. "
                f"Named are {labels!r:.300}; a dict {{label: name}} names any labels."
            )
    return ClassNames(tuple(str(name) for name in names), index)
