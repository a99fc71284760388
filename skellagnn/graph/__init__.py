"""TextGraph: adjacency, texts, features, and the target nodes in view."""

from __future__ import annotations

from skellagnn.graph._text_column import TextColumn
from skellagnn.graph._text_graph import TextGraph

__all__ = ["TextGraph", "TextColumn"]
