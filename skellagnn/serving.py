"""A fitted model behind HTTP: classes of nodes that are there, and of new ones.

``python -m skellagnn.serving MODEL GRAPH`` serves a model that ``clf.save`` wrote on a graph that ``graph.save`` wrote.
"""

# No `from __future__ import annotations` here: FastAPI reads annotations when an endpoint is made, and the models below
# are made inside a function, where their names cannot be looked up later.

import argparse
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.files import check_path
from skellagnn.classifier import ELLaGNNClassifier
from skellagnn.encoders import encode_graph
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._features import check_n_features
from skellagnn.encoders._resolve import with_weights
from skellagnn.exceptions import GraphError, InvalidParameterError, MissingDependencyError, SkellagnnError
from skellagnn.gnn._layered import LayeredNetwork
from skellagnn.graph import TextGraph

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["create_app"]

logger = logging.getLogger("skellagnn")

# What one request may ask for, and how many may be under way. Behind these, work is bounded by the neighborhood.
MOST_NODES = 256
MOST_LINKS = 4096
LONGEST_TEXT = 20_000
LONGEST_NAME = 1000
LARGEST_BODY = 1 << 23
MOST_REQUESTS = 64


class _UnknownNodeError(SkellagnnError):
    """A request names a node that is not there."""


class _Service:
    """A model and a graph whose texts are encoded once."""

    def __init__(self, model: ELLaGNNClassifier, graph: TextGraph) -> None:
        if not isinstance(model, ELLaGNNClassifier) or not isinstance(graph, TextGraph):
            raise InvalidParameterError(
                "`model` and `graph` must be an ELLaGNNClassifier and a TextGraph, or folders with such, got "
                f"{type(model).__name__} and {type(graph).__name__}. Load them first."
            )
        check_is_fitted(model)
        self.model = model
        self.encoder = with_weights(model.encoder_, model.encoder)
        if graph.features is None:
            if self.encoder is None:
                raise GraphError(
                    "`graph` must have features for a model without an encoder, got one without. Give it those that "
                    "the model was fitted with: graph.with_features(...)."
                )
            graph = encode_graph(graph, self.encoder)
        assert graph.features is not None
        check_n_features(graph.features, model.n_features_in_, "graph")
        whole = graph[:0].subgraph(np.arange(graph.n_nodes))  # whatever was in view
        self.graph = whole.without_texts()
        self.number = None if graph.node_names is None else {name: i for i, name in enumerate(graph.node_names)}
        self.known = model.predict_proba(self.graph)
        self.classes = [_plain(label) for label in model.classes_]
        # a network that predicts is in evaluation mode, which is not to be switched while another request is run
        self.lock = threading.Lock()

    def find(self, name: str) -> int:
        """Return the number of a node, -1 if there is none of that name."""
        if self.number is not None:
            return self.number.get(name, -1)
        is_number = name.isascii() and name.isdigit() and len(name) < 19 and (name == "0" or name[0] != "0")
        return int(name) if is_number and int(name) < self.graph.n_nodes else -1

    def predict(self, names: list[str]) -> NDArray[Any]:
        """Return the class probabilities of nodes that are there."""
        nodes = [self.find(name) for name in names]
        if -1 in nodes:
            raise _UnknownNodeError(_unknown([name for name, node in zip(names, nodes, strict=True) if node < 0]))
        return self.known[nodes]

    def predict_new(
        self, names: list[str], texts: list[str] | None, features: Any, links: list[tuple[str, str]]
    ) -> NDArray[Any]:
        """Return the class probabilities of new nodes: what the model predicts on the graph that has grown by them."""
        new = set(names)
        if len(new) < len(names) or any(self.find(name) >= 0 for name in names):
            twice = next(name for name in names if self.find(name) >= 0 or names.count(name) > 1)
            raise InvalidParameterError(
                f"`nodes` must have names that are new and unique, got {twice!r:.80}. Rename that node."
            )
        ends = {end for link in links for end in link}
        linked = {end: self.find(end) for end in ends - new}
        unknown = [end for end, node in linked.items() if node < 0]
        if unknown:
            raise _UnknownNodeError(_unknown(unknown))
        idle = next((link for link in links if not new.intersection(link)), None)
        if idle is not None:
            raise InvalidParameterError(
                f"`links` must each have a new node at one end, got {idle[0]!r:.80} and {idle[1]!r:.80}, which both "
                "are there already. Leave it out."
            )
        width = self.model.n_features_in_
        if texts is not None:
            if self.encoder is None:
                raise InvalidParameterError(
                    "`nodes` must come with features, got texts: this model has no encoder. Send their features."
                )
            with self.lock:
                features = encode_texts(self.encoder, texts, n_features=width)
        rows = np.asarray(features)
        check_n_features(rows, width, "features")
        near = self._around(sorted(linked.values()))
        grown = near.add_nodes(
            np.array(links, dtype=object).reshape(-1, 2),
            features=rows,
            node_names=names,
        )
        with self.lock:
            return self.model.predict_proba(grown[-len(names) :])

    def _around(self, nodes: list[int]) -> TextGraph:
        """Return what new nodes look at through old ones: as far as the network reaches, and one more for degrees."""
        network = self.model.network_
        if isinstance(network, LayeredNetwork):
            near: TextGraph = self.graph[nodes].neighborhood(network.n_propagations)
        else:  # nobody knows how far one of one's own reaches
            near = self.graph
        if near.node_names is None:
            near = near.subgraph(np.arange(near.n_nodes))  # which names nodes by their numbers
        return near


def _unknown(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"`nodes` must name nodes of the graph, got {names[0]!r:.80}{more}. Send new ones to /predict/new."


def create_app(model: ELLaGNNClassifier | str | os.PathLike[str], graph: TextGraph | str | os.PathLike[str]) -> Any:
    """Make a FastAPI application that predicts on a graph.

    Parameters
    ----------
    model : ELLaGNNClassifier, or path-like
        A fitted one, or a folder that ``clf.save`` wrote.
    graph : TextGraph, or path-like
        What it predicts on, or a folder that ``graph.save`` wrote. Its texts are encoded once, here.

    Returns
    -------
    app : fastapi.FastAPI
        ``GET /health``; ``GET /model``: classes, sizes, limits, and the model card of a folder; ``POST /predict`` with
        ``{"nodes": [names]}``; ``POST /predict/new`` with ``{"nodes": [{"name": ..., "text": ... or "features":
        [...]}], "links": [[name, name]]}``.

    Raises
    ------
    MissingDependencyError
        If FastAPI is not installed.
    InvalidParameterError, GraphError
        If there is no such model or graph, or they do not fit together.

    Notes
    -----
    A request about new nodes predicts on the neighborhood that they link to, grown by them: the same as
    ``clf.predict_proba`` on the whole grown graph, without encoding an old text again. It changes nothing for the next
    one. Requests are answered one after the other, by torch's threads; beyond 64 under way the answer is 503.
    Errors are ``{"error": sentence}``. There is no authentication: put one in front of it.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.serving import create_app
    >>> data = make_text_graph(n_nodes=60, random_state=0)
    >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0).fit(data.graph, data.target)
    >>> app = create_app(clf, data.graph)  # uvicorn.run(app)
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise MissingDependencyError(
            "`create_app` needs FastAPI. Install it: pip install 'skellagnn[serve]'."
        ) from error
    service = _Service(*_load(model, graph))
    app = FastAPI(title="skellagnn", docs_url=None, redoc_url=None)
    _add_information(app, service, _read_card(model))
    _add_predictions(app, service)
    _add_error_handlers(app)
    app.add_middleware(_Limits)
    return app


def _load(model: Any, graph: Any) -> tuple[Any, Any]:
    """Load what is given as a folder."""
    if isinstance(model, (str, os.PathLike)):
        model = ELLaGNNClassifier.load(check_path("model", model))
    if isinstance(graph, (str, os.PathLike)):
        graph = TextGraph.load(check_path("graph", graph))
    return model, graph


def _read_card(model: Any) -> str | None:
    """Return the model card that lies in a folder, if there is one."""
    if not isinstance(model, (str, os.PathLike)):
        return None
    path = check_path("model", model) / "README.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _add_information(app: "FastAPI", service: _Service, card: str | None) -> None:
    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/model")
    def about() -> dict[str, Any]:
        return {
            "classes": service.classes,
            "n_features": service.model.n_features_in_,
            "reads_texts": service.encoder is not None,
            "n_nodes": service.graph.n_nodes,
            "n_edges": service.graph.n_edges,
            "limits": {"nodes": MOST_NODES, "links": MOST_LINKS, "text": LONGEST_TEXT, "body": LARGEST_BODY},
            "card": card,
        }


def _add_predictions(app: "FastAPI", service: _Service) -> None:
    """Answer requests, whose form is checked before anything else looks at them."""
    from typing import Annotated

    from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

    Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]

    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

    class Known(Strict):
        nodes: Annotated[list[Name], Field(min_length=1, max_length=MOST_NODES)]

    class NewNode(Strict):
        name: Name
        text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = None
        features: Annotated[list[FiniteFloat], Field(max_length=service.model.n_features_in_)] | None = None

    class New(Strict):
        nodes: Annotated[list[NewNode], Field(min_length=1, max_length=MOST_NODES)]
        # JSON has no tuples
        links: Annotated[
            list[Annotated[list[Name], Field(min_length=2, max_length=2)]],
            Field(max_length=MOST_LINKS),
        ] = Field(default_factory=list)

        @model_validator(mode="after")
        def _one_kind(self) -> "New":
            for kind, other in (("text", "features"), ("features", "text")):
                if all(getattr(node, kind) is not None and getattr(node, other) is None for node in self.nodes):
                    return self
            raise ValueError("either `text` of every node, or `features` of every node")

    def told(probabilities: NDArray[Any], names: list[str]) -> dict[str, Any]:
        best = probabilities.argmax(axis=1)
        return {
            "classes": service.classes,
            "predictions": [
                {"node": node, "label": service.classes[label], "probabilities": row}
                for node, label, row in zip(names, best.tolist(), probabilities.tolist(), strict=True)
            ],
        }

    @app.post("/predict")
    def predict(request: Known) -> dict[str, Any]:
        return told(service.predict(request.nodes), request.nodes)

    @app.post("/predict/new")
    def predict_new(request: New) -> dict[str, Any]:
        names = [node.name for node in request.nodes]
        texts = [node.text for node in request.nodes if node.text is not None] or None
        features = None if texts else _rows([node.features for node in request.nodes])
        links = [(link[0], link[1]) for link in request.links]
        return told(service.predict_new(names, texts, features, links), names)


def _add_error_handlers(app: "FastAPI") -> None:
    """Answer whatever is wrong with ``{"error": sentence}``."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    @app.exception_handler(SkellagnnError)
    def ours(request: Request, error: SkellagnnError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 404 if isinstance(error, _UnknownNodeError) else 422)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        # of what is no JSON, the place is a number of characters
        where = "body" if first["type"] == "json_invalid" else ".".join(map(str, first["loc"][1:])) or "body"
        said = first["msg"].removeprefix("Value error, ")
        return JSONResponse({"error": f"`{where}` must be as GET /openapi.json says: {said}."}, 422)

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> JSONResponse:
        # the server logs it; whoever asked learns nothing of what is inside
        return JSONResponse({"error": "The request could not be answered because of a fault here."}, 500)


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _rows(features: list[Any]) -> Any:
    if len({len(row) for row in features}) > 1:
        raise InvalidParameterError(
            f"`features` of all nodes must be equally many, got {sorted({len(row) for row in features})}. Send "
            "vectors of one width."
        )
    return features


class _Limits:
    """Turns away bodies that are too large, however they are sent, and what comes while too much is under way."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.n_running = 0  # of the event loop's one thread

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.n_running >= MOST_REQUESTS and scope["path"] != "/health":
            await _refuse(send, 503, "Too many requests are under way. Try again in a second.")
            return
        self.n_running += 1
        try:
            # read here, so that what is too large is never parsed
            body = bytearray()
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LARGEST_BODY:
                    await _refuse(
                        send, 413, f"The body must have at most {LARGEST_BODY} bytes. Send fewer nodes at once."
                    )
                    return
            whole = [{"type": "http.request", "body": bytes(body), "more_body": False}]

            async def replay() -> Any:
                return whole.pop() if whole else await receive()

            await self.app(scope, replay, send)
        finally:
            self.n_running -= 1


async def _refuse(send: Any, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f'{{"error": "{sentence}"}}'.encode()})


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal comes; what is under way then is answered first."""
    parser = argparse.ArgumentParser(prog="python -m skellagnn.serving", description=__doc__)
    parser.add_argument("model", metavar="MODEL", type=Path, help="a folder that clf.save wrote")
    parser.add_argument("graph", metavar="GRAPH", type=Path, help="a folder that graph.save wrote")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine alone)")
    parser.add_argument("--port", default=8000, type=int, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args(argv)
    try:
        app = create_app(options.model, options.graph)
        try:
            import uvicorn
        except ImportError as error:
            raise MissingDependencyError(
                "`python -m skellagnn.serving` needs uvicorn. Install it: pip install 'skellagnn[serve]'."
            ) from error
    except SkellagnnError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    uvicorn.run(app, host=options.host, port=options.port, timeout_graceful_shutdown=30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
