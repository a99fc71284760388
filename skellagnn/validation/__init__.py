"""Graphs, labels and parameters checked. The only package that knows scikit-learn's validation tools."""

from __future__ import annotations

from skellagnn.validation._callbacks import CallbackSupportMixin, FitCallbacks, with_callbacks
from skellagnn.validation._class_names import ClassNames, check_class_names
from skellagnn.validation._graph import as_graph, remember_columns, stand_in
from skellagnn.validation._held_out import hold_out, split_validation
from skellagnn.validation._labels import (
    UNLABELED,
    Labels,
    check_labels,
    check_sample_weight,
    check_true_labels,
    given_labels,
    named_classes,
)

__all__ = [
    "CallbackSupportMixin",
    "ClassNames",
    "FitCallbacks",
    "Labels",
    "UNLABELED",
    "as_graph",
    "check_labels",
    "check_class_names",
    "check_sample_weight",
    "check_true_labels",
    "given_labels",
    "hold_out",
    "named_classes",
    "remember_columns",
    "split_validation",
    "stand_in",
    "with_callbacks",
]
