"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build/html`` needs no network.

Where the site and its sources are kept is not a matter of this file. Two variables of the environment say it; without
them, what depends on it is left out:

``DOCS_REPOSITORY``
    Address of the repository, such as ``https://example.org/owner/skellagnn``: each page links to where it is edited.
``DOCS_URL``
    Address of the built site, without the version: canonical links, cards for link previews, and the switch between
    versions, which reads ``switcher.json`` there. Names of Python, numpy and others are then links, too, for which the
    build reads their inventories from the network.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "benchmarks"), str(HERE / "_ext")]
REPOSITORY, URL = (os.environ.get(name, "").rstrip("/") for name in ("DOCS_REPOSITORY", "DOCS_URL"))

# torch_geometric compiles a class with it when it is imported
warnings.filterwarnings("ignore", message=".torch.jit.script. is", category=DeprecationWarning)

project = "skellagnn"
author = "The skellagnn developers"
copyright = "The skellagnn developers, BSD 3-Clause"
version = release = installed_version("skellagnn")

extensions = [
    "mathml",  # in _ext: formulas without a script
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxext.opengraph",
]
exclude_patterns = ["_build", "_templates", "_ext", "examples", "gallery/*.py", "gallery/*.ipynb"]
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3  # links such as graphs.md#indexing; tests/test_docs.py makes the same anchors
html_math_renderer = "mathml"

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"  # numpydoc sections say the types, with shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the class template lists them
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_\w+\.py$",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # its page loads scripts from elsewhere
    "min_reported_time": 1,
    "backreferences_dir": "gallery/of",
    "doc_module": ("skellagnn",),
    "reference_url": {"skellagnn": None},
}
suppress_warnings = ["config.cache"]  # sphinx_gallery_conf holds what cannot be pickled
copybutton_exclude = ".linenos, .gp, .go"  # of a doctest: the code, without prompts and output

# a reference to a name of ours that is not in api.md is an error; those of other projects need not be known
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sklearn|joblib|pandas|torch|torch_geometric|transformers)\..*")]
intersphinx_mapping = {
    "python": ("https://docs.python.org/3/", None),
    "numpy": ("https://numpy.org/doc/stable/", None),
    "scipy": ("https://docs.scipy.org/doc/scipy/", None),
    "sklearn": ("https://scikit-learn.org/stable/", None),
    "pandas": ("https://pandas.pydata.org/docs/", None),
    "torch": ("https://docs.pytorch.org/docs/stable/", None),
    "torch_geometric": ("https://pytorch-geometric.readthedocs.io/en/latest/", None),
}
if not URL:
    intersphinx_mapping = {}

html_theme = "pydata_sphinx_theme"
html_title = f"skellagnn {release}"
html_baseurl = f"{URL}/{release}/" if URL else ""
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_logo = "_static/favicon.svg"
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skellagnn"},
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "faq": [], "glossary": []}
if REPOSITORY:
    html_theme_options |= {
        "use_edit_page_button": True,
        "icon_links": [{"name": "Source", "url": REPOSITORY, "icon": "fa-solid fa-code-branch"}],
    }
    html_context |= {"edit_page_url_template": f"{REPOSITORY}/edit/main/docs/{{{{ file_name }}}}"}
if URL:
    html_theme_options |= {
        "switcher": {"json_url": f"{URL}/switcher.json", "version_match": release},
        "check_switcher": False,
        "navbar_end": ["version-switcher", "theme-switcher"],
    }

ogp_site_url = html_baseurl
ogp_enable_meta_description = True
ogp_social_cards = {"enable": bool(URL)}  # a picture of a page has an address only where the site has one
