"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build/html`` needs no network."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "benchmarks"))

# torch_geometric compiles a class with it when it is imported
warnings.filterwarnings("ignore", message=".torch.jit.script. is", category=DeprecationWarning)

project = "skellagnn"
author = "The skellagnn developers"
copyright = "The skellagnn developers, BSD 3-Clause"
version = release = installed_version("skellagnn")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3  # links such as graphs.md#indexing; tests/test_docs.py makes the same anchors

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"  # numpydoc sections say the types, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the class template lists them
numpydoc_xref_param_type = False

# a reference to a name of ours that is not in api.md is an error; other projects' are not looked up (no network)
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sklearn|joblib|pandas|torch|torch_geometric|transformers)\..*")]

html_theme = "pydata_sphinx_theme"
html_title = f"skellagnn {release}"
html_static_path = ["_static"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"*": [], "api/generated/*": ["sidebar-nav-bs"]}  # only the reference has pages below pages
html_show_sourcelink = False
