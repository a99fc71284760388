"""Graphs to try things on: embedded (``load_*``), downloaded (``fetch_*``), generated (``make_*``), in a folder."""

from __future__ import annotations

from skellagnn.datasets._api_reference import load_api_reference
from skellagnn.datasets._fetch import (
    fetch_citeseer,
    fetch_cora,
    fetch_llmnodebed,
    fetch_ogbn_arxiv,
    fetch_ogbn_products,
    fetch_pubmed,
    fetch_wikics,
)
from skellagnn.datasets._folder import load_folder
from skellagnn.datasets._homophily import edge_homophily
from skellagnn.datasets._save_folder import save_folder
from skellagnn.datasets._synthetic import make_text_graph

__all__ = [
    "load_api_reference",
    "load_folder",
    "fetch_cora",
    "fetch_citeseer",
    "fetch_pubmed",
    "fetch_wikics",
    "fetch_ogbn_arxiv",
    "fetch_ogbn_products",
    "fetch_llmnodebed",
    "save_folder",
    "make_text_graph",
    "edge_homophily",
]
