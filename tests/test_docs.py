"""The documentation: its code runs and prints what it says, its links lead somewhere, its tables miss nothing.

All ``python`` blocks of a page run in order, in one namespace, except those below ``<!-- not run: reason -->``. A
``text`` block right below a block that ran is what that block prints; ``...`` stands for anything.
"""

import contextlib
import doctest
import importlib
import importlib.util
import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from skellagnn.encoders._resolve import ENCODERS
from skellagnn.gnn.backbones import BACKBONES
from skellagnn.llm.enhancers._shorthand import _PREFIXES
from skellagnn.prompts import BUILTIN_PROMPTS
from skellagnn.selection import SELECTIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BUILT = ("_build", "api", "gallery")  # made by Sphinx
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted(
    page for page in DOCS.rglob("*.md") if page.relative_to(DOCS).parts[0] not in BUILT
)
PAGE_NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

# Modules of which every public name is in the reference, but for those that only the package itself uses.
REFERENCED = {
    "skellagnn": {"datasets", "enhancers", "inspection", "prompts", "__version__"},
    "skellagnn.datasets": set(),
    "skellagnn.distillation": {"propagate"},
    "skellagnn.encoders": set(),
    "skellagnn.exceptions": set(),
    "skellagnn.inspection": set(),
}
MOST_NAMES = 74
MOST_WORDS = 18_000  # cut before you add


@dataclass
class Block:
    """A fenced block of a page."""

    language: str
    line: int  # of its first line of content, counted from 1
    content: str
    before: str  # the last line before it that is not blank


def blocks_of(text):
    """Return the fenced blocks of a page."""
    blocks, before, lines = [], "", iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        fence = re.match(r"(`{3,})(.*)$", line)
        if fence:
            content = []
            for _, inner in lines:
                if inner.rstrip() == fence.group(1):
                    break
                content.append(inner)
            else:
                raise AssertionError(f"the block at line {number} never ends")
            blocks.append(Block(fence.group(2).strip(), number + 1, "\n".join(content) + "\n", before))
            before = "```"
        elif line.strip():
            before = line.strip()
    return blocks


def run_page(page):
    """Run the code of a page; compare what it prints."""
    namespace = {"__name__": "docs"}
    printed = None
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "python":
            skipped = re.fullmatch(r"<!-- not run:(.*)-->", block.before)
            if skipped:
                assert skipped.group(1).strip(), f"{page.name}, line {block.line}: say why the block is not run"
                compile(block.content, page.name, "exec")
                printed = None
                continue
            output = io.StringIO()
            code = compile(
                "\n" * (block.line - 1) + block.content, str(page), "exec"
            )  # tracebacks show the page's lines
            with contextlib.redirect_stdout(output):
                exec(code, namespace)
            printed = output.getvalue()
        elif block.language == "text" and block.before == "```" and printed is not None:
            check_output(page, block, printed)
            printed = None
    return namespace


def check_output(page, block, printed):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not doctest.OutputChecker().check_output(block.content, printed, flags):
        raise AssertionError(f"{page.name}, line {block.line}: says\n{block.content}\nbut the code prints\n{printed}")


SLOW = {"docs/quickstart.md"}  # real data, four arms on three splits


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
        for name in PAGE_NAMES
        if "```python" in (ROOT / name).read_text(encoding="utf-8")
    ],
)
def test_code_runs_and_prints_what_the_page_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "svg")
    namespace = run_page(ROOT / name)

    if name == "docs/quickstart.md":  # what it says of its picture
        plain, no_answers, drawn, with_answers = (values.mean() for values in namespace["scores"].values())
        assert min(drawn, with_answers) > max(plain, no_answers)
        assert (tmp_path / "quickstart.svg").stat().st_size > 5000


@pytest.mark.parametrize(
    ("page", "error"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "line 6: says\n2"),
        ("```python\nprint(1)\n", "line 1 never ends"),
        ("<!-- not run: -->\n```python\n1\n```\n", "say why"),
    ],
)
def test_a_wrong_page_is_found(page, error, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")
    with pytest.raises(AssertionError, match=error):
        run_page(path)


def test_blocks_of_a_page_share_a_namespace_and_the_others_stay_out(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        "```python\na = 1\n```\n<!-- not run: fails -->\n```python\na = 1 / 0\n```\n```python\nb = a + 1\n```\n",
        encoding="utf-8",
    )
    assert run_page(path)["b"] == 2


# -- links ------------------------------------------------------------------------------------------------------


def prose_of(page):
    """Return a page without code."""
    text = re.sub(r"^(`{3,})(?!\{).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]+`", "", text)


def links_of(page):
    text = prose_of(page)
    markdown = re.findall(r"\]\(([^)\s]+)\)", text)
    return (
        markdown + re.findall(r'(?:src|href)="([^"]+)"', text) + re.findall(r"^```\{image\} (\S+)", text, re.MULTILINE)
    )


def anchors_of(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them, and its explicit ones."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).strip().replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_relative_links_lead_somewhere(name):
    page = ROOT / name
    for link in links_of(page):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name} links to {link}, which is not there"
        if anchor:
            assert anchor in anchors_of(target), f"{name} links to {link}; the headings of {target.name} are others"


def test_links_are_found():
    assert {"docs/_static/few_labels.svg", "docs/quickstart.md#four-arms", "LICENSE"} <= set(
        links_of(ROOT / "README.md")
    )
    assert "_static/few_labels.svg" in links_of(DOCS / "index.md")
    assert "transductive-view-inductive-subgraph" in anchors_of(DOCS / "how_to/views.md")


def listed_in(page):
    """Return the pages in the tables of contents of a page."""
    trees = [block for block in blocks_of(page.read_text(encoding="utf-8")) if "toctree" in block.language]
    lines = [line for tree in trees for line in tree.content.splitlines() if line and not line.startswith(":")]
    names = [re.sub(r".*<(.+)>", r"\1", line) for line in lines]
    return [Path(os.path.normpath(page.parent / f"{name}.md")) for name in names]


def test_every_page_is_in_one_table_of_contents():
    pages = [page for page in PAGES if DOCS in page.parents]
    listed = [target for page in pages for target in listed_in(page)]

    assert sorted(set(listed)) == sorted({*pages, DOCS / "gallery/index.md"} - {DOCS / "index.md"})
    assert len(listed) == len(set(listed))


def test_install_commands_name_extras_that_exist():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = text.split("[project.optional-dependencies]\n")[1].split("\n[")[0]
    extras = set(re.findall(r"^(\w+) = \[", table, re.MULTILINE))
    assert {"docs", "browser"} <= extras
    for page in PAGES:
        for named in re.findall(r"\.\[([\w,]+)\]", page.read_text(encoding="utf-8")):
            assert set(named.split(",")) <= extras, page.name


def test_cards_lead_to_pages():
    links = re.findall(r"^:link: (.+)$", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(links) >= 5
    assert all((DOCS / f"{link}.md") in PAGES or link == "gallery/index" for link in links)


# -- figures ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures():
    """The script that draws the charts."""
    spec = importlib.util.spec_from_file_location("docs_pictures", DOCS / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def numbers_in(text):
    return set(re.findall(r"[+-]?\d+\.\d+(?: ± \d+\.\d+)?", text))


@pytest.mark.parametrize(
    ("page", "start", "tables"),
    [
        ("README.md", "<!-- result -->", [("results/few_labels.md", "few labels")]),
        ("docs/index.md", "<!-- result -->", [("results/few_labels.md", "few labels")]),
        (
            "docs/results/index.md",
            "<!-- claims -->",
            [("results/few_labels.md", "few labels"), ("results/tables.md", "tables"), ("results/paper.md", "paper")],
        ),
    ],
)
def test_numbers_of_the_verdict_are_those_of_the_tables(page, start, tables, pictures):
    text = (ROOT / page).read_text(encoding="utf-8")
    verdict = re.search(rf"{start}\n(.*?)<!-- end -->", text, re.DOTALL).group(1)
    printed = set().union(*(numbers_in(pictures.marked(*table)) for table in tables))

    assert len(numbers_in(verdict)) >= 3
    assert numbers_in(verdict) - printed == set()


def test_charts_are_drawn_from_the_tables_that_the_pages_show(pictures):
    for name, (page, table, *_) in pictures.CHARTS.items():
        drawn = (pictures.PICTURES / name).read_text(encoding="utf-8")
        assert pictures.digest(pictures.marked(page, table)) in drawn, f"{name} is old: run python docs/pictures.py"


def test_a_chart_shows_the_numbers_of_its_table(pictures):
    plt = pytest.importorskip("matplotlib.pyplot")
    _, ax = plt.subplots()
    pictures.draw_ratios(pictures.marked("performance/training.md", "training"), ax)
    dots = sorted(float(line.get_xdata()[0]) for line in ax.lines if len(line.get_xdata()) == 1)
    plt.close("all")
    found = re.findall(r"\| +([\d.]+) \(", pictures.marked("performance/training.md", "training"))

    assert dots == sorted(map(float, found))
    assert len(dots) == 26


def test_the_first_screen_is_short():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(readme.splitlines()) <= 120
    assert readme.index("It does not pay") < 1500
    assert (DOCS / "index.md").read_text(encoding="utf-8").index("It does not pay") < 1500


def test_the_documentation_stays_short():
    """Words outside of code blocks and of what a command prints; other tables included."""
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    printed = r"<!-- table: .*?<!-- end -->|^(`{3,})(?!\{).*?^\1$"
    texts = (re.sub(printed, "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE) for page in pages)
    words = sum(len(text.split()) for text in texts)

    assert words < MOST_WORDS


# -- completeness -----------------------------------------------------------------------------------------------


def documented_names():
    """Return the full names in the reference."""
    module, names = None, set()
    for line in (DOCS / "api.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif entry := re.fullmatch(r"(?:   |\.\. py:data:: )([A-Za-z_][\w.]*)", line):
            names.add(f"{module}.{entry.group(1)}")
    return names


def look_up(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def test_the_reference_is_short_and_names_what_exists():
    documented = documented_names()

    assert all(look_up(name) is not None for name in documented)
    assert len(documented) <= MOST_NAMES


@pytest.mark.parametrize("module", REFERENCED)
def test_every_name_that_users_import_is_in_the_reference(module):
    names = set(importlib.import_module(module).__all__) - REFERENCED[module]
    documented = [look_up(name) for name in documented_names()]

    assert {name for name in names if not any(look_up(f"{module}.{name}") is known for known in documented)} == set()


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("how_to/prompts.md", [f"`{name}`" for name in BUILTIN_PROMPTS]),
        ("how_to/selection.md", [f'`"{name}"`' for name in SELECTIONS]),
        ("how_to/backbones.md", [f'`"{name}"`' for name in BACKBONES]),
        ("how_to/encoders.md", [f'`"{name}"`' for name in ENCODERS]),
        ("how_to/llm.md", [f'`"{prefix}:NAME"`' for prefix in _PREFIXES]),
        ("concepts.md", ["`view_probability`", "`answer_weight`", "`teacher`", "`n_neighbors`"]),
    ],
)
def test_every_part_that_ships_has_a_row(page, table):
    rows = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert [name for name in table if not any(name in row for row in rows)] == []
