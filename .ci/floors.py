"""Write the floors of pyproject.toml into CONTRIBUTING.md; tests/test_architecture.py holds the two together."""

import re
import sys
import textwrap
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


def main() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = "; ".join(", ".join(f"`{room}`" for room in layer.split(" | ")) for layer in layers)
    told = textwrap.fill(
        f"A module imports from floors below its own, top first: {floors}. (`lint-imports` checks it, from "
        "`pyproject.toml`; `python .ci/floors.py` writes this paragraph.)",
        width=120,
        break_on_hyphens=False,
    )
    path = ROOT / "CONTRIBUTING.md"
    page = path.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- floors -->\n).*?(<!-- end -->)", re.DOTALL)
    filled = marked.sub(lambda match: f"{match[1]}{told}\n{match[2]}", page)
    if filled != page:
        path.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
