"""TextGraph: adjacency, texts, features, and the target nodes in view; share_graph for graphs that workers open."""

from __future__ import annotations

from skellagnn.graph._sharing import share_graph
from skellagnn.graph._text_column import TextColumn
from skellagnn.graph._text_graph import TextGraph

__all__ = ["TextGraph", "TextColumn", "share_graph"]
