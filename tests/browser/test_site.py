"""The built documentation in a real browser: ``sphinx-build ... docs docs/_build/html``, then ``pytest -m browser``.

Needs the extra ``browser`` and Chromium: Debian's (``apt-get install chromium``), the one that ``CHROMIUM`` names, or
Playwright's. The site that is looked at is ``DOCS_BUILT``, by default ``docs/_build/html``.
"""

import functools
import http.server
import json
import os
import re
import shutil
import threading
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

pytestmark = pytest.mark.browser
playwright_api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")

SITE = Path(os.environ.get("DOCS_BUILT", Path(__file__).parents[2] / "docs" / "_build" / "html"))
PAGES = sorted(
    page.relative_to(SITE).as_posix()
    for page in SITE.rglob("*.html")
    if page.relative_to(SITE).parts[0] not in ("_static", "_modules")
)
WIDTHS = {"desktop": 1280, "phone": 390}
MODES = ("light", "dark")
# What a reader types -> a page that is to be among the first five results.
QUERIES = {
    "install": "install.html",
    "quick start": "quickstart.html",
    "own tables": "tutorials/own_tables.html",
    "csv": "tutorials/own_tables.html",
    "ollama": "tutorials/local_llm.html",
    "budget": "tutorials/budgeted_search.html",
    "deploy": "tutorials/deploy.html",
    "pilot": "is_it_for_me.html",
    "few labels": "results/few_labels.html",
    "selection": "how_to/selection.html",
    "prompt": "how_to/prompts.html",
    "backbone": "how_to/backbones.html",
    "store": "how_to/store.html",
    "encoder": "how_to/encoders.html",
    "recorded answers": "how_to/recorded_answers.html",
    "save load": "how_to/save.html",
    "homophily": "gallery/plot_homophily_decides_the_backbone.html",
    "dask": "how_to/cluster.html",
    "ELLaGNNClassifier": "api/generated/skellagnn.ELLaGNNClassifier.html",
    "TextGraph": "api/generated/skellagnn.TextGraph.html",
    "cite": "develop/cite.html",
    "budget was spent": "faq.html",
}

# Elements with text of their own whose contrast with what is behind them is below that of WCAG 2.1 AA.
LOW_CONTRAST = """() => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const channels = color => {  // whatever notation a color has
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3]));
  const ground = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(channels(getComputedStyle(at).backgroundColor));
    return layers.reduce((back, front) => over(front, back), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join(' ').trim();
    if (!own || element.closest('svg') || !element.checkVisibility({visibilityProperty: true, opacityProperty: true}))
      continue;
    const style = getComputedStyle(element), back = ground(element), front = over(channels(style.color), back);
    const [low, high] = [luminance(front), luminance(back)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      found.push(`${element.tagName}.${element.className} ${own.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""

# Text and pictures that reach beyond the right edge of the window, but for code, tables and formulas, which scroll in
# boxes of their own. (The article of this theme scrolls, too, so that the page itself never does.)
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth, found = [];
  const inBox = element => {
    const box = element.closest('pre, div.highlight, div.math, .pst-scrollable-table-container');
    return box && box.getBoundingClientRect().right <= width + 1;
  };
  const note = (element, right, what) => {
    if (right > width + 1 && element.checkVisibility({visibilityProperty: true}) && !inBox(element))
      found.push(`${element.tagName}.${element.className} ${what} ${Math.round(right)} of ${width}`);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (!texts.currentNode.textContent.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    note(texts.currentNode.parentElement, range.getBoundingClientRect().right, texts.currentNode.textContent.trim());
  }
  for (const image of document.images) note(image, image.getBoundingClientRect().right, image.src);
  return found.slice(0, 5);
}"""

MISSING_PICTURES = """() => [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    assert (SITE / "index.html").exists(), f"{SITE} is not there: sphinx-build -W -b html docs {SITE}"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS)
def page(request, browser, address):
    """A page of one width, which notes whatever leaves the site or is an error."""
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.wrong = []

    def route(route):
        if urlsplit(route.request.url)._replace(path="", query="", fragment="").geturl() == address:
            route.continue_()
        else:
            page.wrong.append(f"leaves the site: {route.request.url}")
            route.abort()

    page.route("**/*", route)
    page.on("console", lambda message: message.type == "error" and page.wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: page.wrong.append(f"script: {error}"))
    page.on("response", lambda reply: reply.status >= 400 and page.wrong.append(f"{reply.status}: {reply.url}"))
    yield page
    context.close()


def look(page, url):
    """Return what is wrong with a page."""
    page.wrong.clear()
    page.emulate_media(color_scheme=MODES[0])
    page.goto(url, wait_until="load")
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    page.evaluate(
        "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => 0) }))"
    )
    found = [f"too wide: {text}" for text in page.evaluate(OVERFLOW)]
    found += [f"no picture: {text}" for text in page.evaluate(MISSING_PICTURES)]
    for mode in MODES:
        page.emulate_media(color_scheme=mode)
        page.wait_for_function("mode => [mode, undefined].includes(document.documentElement.dataset.theme)", arg=mode)
        found += [f"contrast, {mode}: {text}" for text in page.evaluate(LOW_CONTRAST)]
    return page.wrong + found


def test_every_page_fits_is_readable_and_stays_on_the_site(page, address):
    assert len(PAGES) > 60
    wrong = {name: found for name in PAGES if (found := look(page, f"{address}/{name}"))}

    assert wrong == {}, json.dumps(wrong, indent=1)


def test_dark_mode_is_dark(page, address):
    grounds = []
    for mode in MODES:
        page.emulate_media(color_scheme=mode)
        page.goto(f"{address}/index.html")
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(map(int, re.findall(r"\d+", color)[:3])) / 3)

    assert grounds[0] > 200 > 60 > grounds[1]


def test_what_is_wrong_is_found(page, address):
    bad = f"""<body style="background:#fff"><p style="color:#aaa">pale</p><img src="gone.png" alt="">
    <div style="white-space:nowrap">{"wide " * 900}</div><script src="https://elsewhere.example/x.js"></script></body>"""
    page.route("**/bad.html", lambda route: route.fulfill(body=bad, content_type="text/html"))

    found = " ".join(look(page, f"{address}/bad.html"))

    for fault in (
        "contrast, light: P. pale",
        "too wide: DIV.",
        "no picture:",
        "leaves the site: https://elsewhere",
        "404:",
    ):
        assert fault in found, fault


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds(query, browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/search.html?q={quote(query)}")
    page.wait_for_selector("#search-results .search-summary:not(:empty)", timeout=30_000)
    page.wait_for_function("document.querySelector('#search-results h2')?.innerText.trim() !== 'Searching'")
    links = page.eval_on_selector_all("#search-results li a", "all => all.map(a => a.href)")
    context.close()

    found = [urlsplit(link).path.removeprefix("/") for link in links]
    assert QUERIES[query] in list(dict.fromkeys(found))[:5]
