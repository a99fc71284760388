"""What of an encoder goes into a file: what it learned from texts, not the weights of a language model."""

from __future__ import annotations

import copy
from typing import Any

from skellagnn.encoders._resolve import is_network
from skellagnn.encoders._union import EncoderUnion


def without_weights(encoder: Any) -> Any:
    """Return the encoder as it is saved: None in place of a network, also within a union."""
    if isinstance(encoder, EncoderUnion):
        saved = copy.copy(encoder)
        saved.encoders = [without_weights(part) for part in encoder.encoders]
        if hasattr(encoder, "encoders_"):
            saved.encoders_ = [without_weights(part) for part in encoder.encoders_]
        return saved
    return None if is_network(encoder) else encoder


def with_weights(saved: Any, given: Any) -> Any:
    """Return what was saved, with the networks of ``given``, which is of the same form, in the places that are None."""
    if saved is None:
        return given if is_network(given) else None
    if not isinstance(saved, EncoderUnion):
        return saved
    parts = given.encoders if isinstance(given, EncoderUnion) else []
    if len(parts) != len(saved.encoders_):
        return saved
    whole = copy.copy(saved)
    whole.encoders_ = [with_weights(part, other) for part, other in zip(saved.encoders_, parts, strict=True)]
    return whole
