"""The selection as an estimator's parameters set it, with what labels and answers say."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.graph import TextGraph
from skellagnn.selection._choose import select_active_nodes
from skellagnn.selection._selections import READS, built_in_name

if TYPE_CHECKING:
    from skellagnn.supervision import Answers, Evidence


@dataclass(frozen=True)
class Selector:
    """Chooses the nodes that the LLM is asked about.

    Parameters
    ----------
    selection, augmentation_ratio, candidates
        As of the estimator.
    seed : int, default=0
        For selections that draw.
    """

    selection: Any
    augmentation_ratio: float | int
    candidates: Any = None
    seed: int = 0

    @property
    def reads(self) -> str:
        """What the selection looks at, as ``skellagnn.selection.READS`` says it."""
        selection = built_in_name(self.selection)
        return READS.get(selection, "features") if isinstance(selection, str) else "features"

    @property
    def reads_labels(self) -> bool:
        """Whether it looks at labels, so that each fold of a search asks about nodes of its own."""
        return "label" in self.reads

    def count(self, graph: TextGraph) -> int:
        """Say how many nodes will be asked about, whichever the selection prefers."""
        features = np.empty((graph.n_nodes, 0), dtype=np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the selection itself warns
            any_nodes = select_active_nodes(
                graph,
                features,
                lambda *_: np.zeros(graph.n_nodes),
                self.augmentation_ratio,
                candidates=self.candidates,
            )
        return len(any_nodes)

    def choose(
        self,
        graph: TextGraph,
        embeddings: NDArray[Any],
        evidence: Evidence,
        answers: Answers | None = None,
        n_nodes: int | None = None,
    ) -> NDArray[np.int64]:
        """Choose nodes, best first, by graph, features and, where the selection reads them, labels.

        Parameters
        ----------
        graph : TextGraph
        embeddings : ndarray of shape (n_nodes, n_features)
        evidence : Evidence
        answers : Answers, default=None
            What was said so far; its nodes are not chosen again.
        n_nodes : int, default=None
            How many; None: as the ratio says.
        """

        def probabilities() -> NDArray[np.floating[Any]]:
            return (evidence.from_labels if answers is None else evidence.with_answers(answers)).probabilities

        return select_active_nodes(
            graph,
            evidence.features if "propagated" in self.reads else embeddings,
            self.selection,
            self.augmentation_ratio if n_nodes is None else n_nodes,
            candidates=self.candidates,
            seed=self.seed,
            probabilities=probabilities,
            labeled=np.unique(evidence.labeled.nodes),
            asked=() if answers is None else np.unique(answers.nodes),
        )
