"""NodeFeatures: raw feature vectors, LLM views of the active nodes, and who may see which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.vectors import unit_vectors

__all__ = ["NodeFeatures"]


@dataclass(frozen=True)
class NodeFeatures:
    """The features of a training graph. Prediction has no use for this class: it reads raw ones only.

    Parameters
    ----------
    raw : ndarray of float32 or float16 of shape (n_nodes, n_features)
        Encoded texts, or given features.
    active : ndarray of int64 of shape (n_active,)
        Nodes that the LLM was asked about.
    views : ndarray of float32 of shape (n_active, n_prompts, n_features)
        Encoded answers.
    answered : ndarray of bool of shape (n_active, n_prompts)
        Which views there are; the vectors of the others are zero and never shown.
    view_probability : float, default=1.0
        Probability that a queried node with an answer shows one of its views, drawn uniformly over its prompts,
        instead of its raw features in a training pass.
    """

    raw: NDArray[np.float32]
    active: NDArray[np.int64]
    views: NDArray[np.float32]
    answered: NDArray[np.bool_]
    view_probability: float = 1.0

    def shown(self, view_probability: float) -> NodeFeatures:
        """Return the same with another probability of showing a view."""
        return replace(self, view_probability=view_probability)

    @classmethod
    def without_views(cls, raw: NDArray[np.float32]) -> NodeFeatures:
        """Return features of a fit without LLM."""
        return cls(
            raw,
            np.empty(0, dtype=np.int64),
            np.empty((0, 0, raw.shape[1]), dtype=np.float32),
            np.empty((0, 0), dtype=bool),
        )

    @classmethod
    def from_answers(
        cls,
        raw: NDArray[np.float32],
        active: NDArray[np.int64],
        answers: Sequence[str | None],
        index: NDArray[np.int64],
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
    ) -> NodeFeatures:
        """Encode answers into views.

        Parameters
        ----------
        raw : ndarray of float32 of shape (n_nodes, n_features)
        active : ndarray of int64 of shape (n_active,)
        answers : sequence of str or None of length n_questions
            None where there is nothing to show. An answer of which the encoder makes a zero vector, as TF-IDF does
            where it knows none of its words, is nothing to show either.
        index : ndarray of int of shape (n_active, n_prompts)
            Which answer belongs to which node and prompt.
        encode : callable(texts) -> ndarray of shape (n_texts, n_features)

        Returns
        -------
        features : NodeFeatures
        """
        usable = np.array([answer is not None for answer in answers], dtype=bool)
        vectors = np.zeros((len(answers), raw.shape[1]), dtype=np.float32)
        if usable.any():
            vectors[usable] = encode([answer for answer in answers if answer is not None])
            usable &= vectors.any(axis=1)
        return cls(raw, active, vectors[index], usable[index])

    def queries(self, trust: float = 1.0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the nodes with an LLM-enhanced query, and those queries.

        Parameters
        ----------
        trust : float, default=1.0
            How far the answers are trusted, in [0, 1].

        Returns
        -------
        nodes : ndarray of int64 of shape (n_answered,)
            Active nodes that have a view.
        queries : ndarray of float32 of shape (n_answered, n_features)
            ``trust`` times the mean of the unit-length views, and ``1 - trust`` times the unit-length raw vector.
        """
        usable = self.answered.any(axis=1)
        views, answered = self.views[usable], self.answered[usable]
        unit = unit_vectors(views.reshape(answered.size, self.raw.shape[1])).reshape(views.shape)
        mean = unit.sum(axis=1) / np.maximum(answered.sum(axis=1, keepdims=True), 1)
        nodes = self.active[usable]
        # trust * mean_p z_p / |z_p| + (1 - trust) * x / |x|
        queries = trust * mean + (1 - trust) * unit_vectors(self.raw[nodes])
        return nodes, queries.astype(np.float32)

    def draw_views(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Draw the nodes that show an LLM view in one training pass, and the views that they show.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        index : ndarray of int64 of shape (n_drawn,)
            Positions of these nodes in ``active``.
        views : ndarray of float32 of shape (n_drawn, n_features)
        """
        if len(self.active) == 0 or self.view_probability == 0:
            return self.active[:0], self.views.reshape(-1, self.raw.shape[1])[:0]
        # fixed number of draws, so that the random stream does not depend on which answers arrived
        show = rng.random(len(self.active)) < self.view_probability
        pick = rng.random(len(self.active))
        show &= self.answered.any(axis=1)
        counts = self.answered.sum(axis=1)
        nth = np.minimum((pick * counts).astype(np.int64), np.maximum(counts - 1, 0))
        # the n-th answered prompt: where the running count first exceeds n
        prompt = (np.cumsum(self.answered, axis=1) > nth[:, None]).argmax(axis=1)
        shown = np.flatnonzero(show)
        return shown, self.views[shown, prompt[shown]]
