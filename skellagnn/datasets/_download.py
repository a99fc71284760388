"""Files of data sets: downloaded once, going on where an earlier try stopped, and compared with a checksum."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from skellagnn.base.files import reading, write_aside, writing
from skellagnn.base.progress import progress_bar
from skellagnn.exceptions import DownloadError, GraphError, SkellagnnError

__all__ = ["RECORD", "File", "provide"]

RECORD = "first_download.json"


@dataclass(frozen=True)
class File:
    """A file of a data set.

    Parameters
    ----------
    url : str
        Of the web, or ``hub:REPOSITORY@REVISION``, with ``/NAME OF THE SET`` if the file lies in such a folder there.
    name : str
        In the folder of the set.
    sha256 : str, default=""
        Of the bytes, as public code pins it. Empty where nobody is known to: then that of the first download is kept,
        and later ones are compared with it.
    """

    url: str
    name: str
    sha256: str = ""


def provide(file: File, folder: Path, download: bool, n_retries: int, delay: float) -> bool:
    """See to it that a file is there and is what it should be; return whether nobody but its first download says so."""
    path = folder / file.name
    if not path.is_file():
        if not download:
            raise DownloadError(
                f"`download_if_missing` must be True for what is not in `data_home` yet, got False, and "
                f"{str(path)!r} is missing. Fetch it once with download_if_missing=True, or put the file there: "
                f"{file.url}"
            )
        with writing("data_home", folder):
            folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(n_retries + 1):
            try:
                _download_from_hub(file, folder) if file.url.startswith("hub:") else _download(file, path)
                break
            except SkellagnnError:
                raise
            except Exception as error:  # of urllib, of huggingface_hub and what it is built on
                if attempt == n_retries:
                    raise DownloadError(
                        f"{file.name} must come from {file.url}, got {type(error).__name__}: {error!s:.300}. Try again "
                        f"when there is a connection, or put the file into {str(folder)!r}. What came so far is kept."
                    ) from error
                time.sleep(delay)
    with reading("data_home", path), path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha(opened)
    record = folder / RECORD
    known: dict[str, str] = json.loads(record.read_text()) if record.is_file() else {}
    wanted = file.sha256 or known.get(file.name, digest)
    if digest != wanted:
        raise GraphError(
            f"{file.name} must have the SHA-256 {wanted}, got {digest}: it is damaged, or was changed where it comes "
            f"from. Delete {str(path)!r} to download it again."
        )
    if not file.sha256 and file.name not in known:
        content = json.dumps({**known, file.name: digest}, indent=1).encode()
        write_aside(record, lambda opened: opened.write(content))
    return not file.sha256


def _sha(opened: io.BufferedReader) -> str:  # of Python 3.10
    digest = hashlib.sha256()
    while block := opened.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _download_from_hub(file: File, folder: Path) -> None:
    from huggingface_hub import hf_hub_download

    repository, _, rest = file.url.removeprefix("hub:").partition("@")
    revision, _, inside = rest.partition("/")
    hf_hub_download(
        repository,
        f"{inside}/{file.name}" if inside else file.name,
        repo_type="dataset",
        revision=revision,
        local_dir=folder.parent if inside else folder,
    )


def _download(file: File, path: Path) -> None:
    """Download a file, going on where an earlier try was stopped."""
    partial = path.with_name(f"{path.name}.partial")
    done = partial.stat().st_size if partial.exists() else 0
    headers = {"User-Agent": "skellagnn", **({"Range": f"bytes={done}-"} if done else {})}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=60)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is left: an earlier try got it all, or the file has changed
            raise
        partial.unlink()
        return _download(file, path)
    with answer, partial.open("ab" if answer.status == 206 else "wb") as opened:
        left = int(answer.headers.get("Content-Length") or 0)
        with progress_bar(1, left, file.name, "B") as advance:
            got = 0
            while block := answer.read(1 << 20):
                opened.write(block)
                got += len(block)
                advance(len(block), "")
    if left and got != left:
        raise ConnectionError(f"the connection ended after {got} of {left} bytes")
    os.replace(partial, path)
    return None
