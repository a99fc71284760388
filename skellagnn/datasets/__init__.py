"""Graphs to try things on: embedded (``load_*``), generated (``make_*``), and in a folder."""

from __future__ import annotations

from skellagnn.datasets._api_reference import load_api_reference
from skellagnn.datasets._folder import load_folder
from skellagnn.datasets._homophily import edge_homophily
from skellagnn.datasets._save_folder import save_folder
from skellagnn.datasets._synthetic import make_text_graph

__all__ = [
    "load_api_reference",
    "load_folder",
    "save_folder",
    "make_text_graph",
    "edge_homophily",
]
