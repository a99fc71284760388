"""The address of a server and the key to it: what they may be, and that no key shows."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from skellagnn.exceptions import EnhancerError, InvalidParameterError

OPENAI_URL = "https://api.openai.com/v1"
_CONNECT = 10.0  # seconds that a host may take to say that it is there


class Secret:
    """A key that no repr shows, not even that of a local variable in a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def resolve_url(base_url: Any) -> str:
    """Return the address that requests go to, checked and without a trailing slash.

    Raises
    ------
    InvalidParameterError
        If it is no plain address: another scheme, a password or a query in it, or the path of one endpoint.
    """
    shown = "`base_url`" if base_url is not None else "OPENAI_BASE_URL"
    if base_url is None:
        base_url = os.environ.get("OPENAI_BASE_URL") or OPENAI_URL  # the official client reads it too
    expected = f"{shown} must be the address of an OpenAI-compatible server such as 'http://localhost:8000/v1'"
    base_url = base_url.strip() if isinstance(base_url, str) else base_url
    try:
        parts = urlsplit(base_url if isinstance(base_url, str) else "")
        _ = parts.port
    except ValueError as error:
        if "ort" in str(error):  # "Port out of range", "Port could not be cast"
            raise InvalidParameterError(
                f"{expected}, got {base_url!r}. Behind the host's colon stands a port from 0 to 65535."
            ) from None
        parts = urlsplit("")
    if parts.hostname and re.search(r"[\s\x00-\x1f\x7f]", base_url):  # urlsplit would drop some of them in silence
        raise InvalidParameterError(f"{expected}, got {base_url!r}, with blanks in it. Take them out.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidParameterError(f"{expected}, got {base_url!r}. Begin it with http:// or https://.")
    check_bare(base_url, shown)
    _check_host(str(parts.hostname), expected)
    url: str = base_url.rstrip("/")
    if url.endswith(("/chat/completions", "/completions")):
        raise InvalidParameterError(f"{expected}, got {base_url!r}. Leave the endpoint off its end.")
    return url


def check_bare(address: Any, shown: str = "`base_url`") -> None:
    """Refuse a user, password, query or fragment in an address, which may be secret; without showing it."""
    if isinstance(address, str) and re.search(r"[?#]|//[^/]*@", address):
        raise InvalidParameterError(
            f"{shown} must be the address of an OpenAI-compatible server such as 'http://localhost:8000/v1', got one "
            "with a user, password, query or fragment in it (not shown here). Addresses are stored with the answers: "
            "put the key into the environment variable named by `api_key_env`."
        )


def check_no_secret(
    parameter: str, value: Any, variable: str = "the environment variable named by `api_key_env`"
) -> None:
    """Refuse fields that hold a key, by their name and at any depth; without showing it."""
    if isinstance(value, Mapping):
        for name, field in value.items():
            if isinstance(name, str) and _SECRET_FIELD.search(name) and isinstance(field, str):
                raise InvalidParameterError(
                    f"`{parameter}` must hold no secret, got one in its field {name!r} (not shown here): settings are "
                    f"stored with the answers. Put the key into {variable}."
                )
            check_no_secret(parameter, field, variable)
    elif isinstance(value, (list, tuple)):
        for field in value:
            check_no_secret(parameter, field, variable)


def _check_host(host: str, expected: str) -> None:
    try:
        host.encode("idna")
    except UnicodeError:  # an empty part between two dots, or one of more than 63 characters
        raise InvalidParameterError(f"{expected}, got the host {host!r:.200}, which no host can be called.") from None


def check_reachable(url: str) -> None:
    """Open a connection to a server and close it again; behind a proxy, which alone may know the name, do nothing.

    Raises
    ------
    EnhancerError
        If there is no such host, or nobody listens there.
    """
    if proxy_for(url) is not None:
        return
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), _CONNECT).close()
    except OSError as error:
        raise EnhancerError(
            f"`base_url` must be the address of a server that can be reached, got {url} ({type(error).__name__}: "
            f"{error}). Is the server running, and are you online?"
        ) from error


def proxy_for(url: str) -> str | None:
    """Return host and port of the proxy of the environment that requests to an address go through, if any."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(str(parts.hostname)):
        return None
    return re.sub(r".*(?:@|//)", "", proxy.rstrip("/"))  # its user and password are secret


# Fields of a request's body that hold a key.
_SECRET_FIELD = re.compile(
    r"(?i)api[-_ ]?key|secret|passw|authorization|bearer|access[-_]?token|auth[-_]?token|^(?:hf[-_]?)?token$"
)
# Keys of providers that have the form of a name, too: by their beginning, or long, of small letters and digits.
_LIKE_A_KEY = re.compile(
    r"(?:sk|gsk|pk|rk|hf|r8|xai|key|fw|pplx|nvapi|glpat|csk|tgp)_|AIza|(?=.*\d)(?=.*[a-z])\w{24,}$"
)


def check_key_variable(name: Any) -> None:
    """Check that ``api_key_env`` is the name of a variable; the message never shows the value, which may be a key."""
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    if name is not None and (not is_name or _LIKE_A_KEY.match(name)):
        raise InvalidParameterError(
            "`api_key_env` must be the name of an environment variable or None, got something else (not shown, in "
            "case it is the key itself). Put the key into a variable and give the variable's name."
        )


def read_key(variable: str | None, url: str) -> Secret | None:
    """Read the key from the environment.

    Raises
    ------
    EnhancerError
        If the variable is not set, or holds what no HTTP header can carry.
    """
    check_key_variable(variable)
    if variable is None:
        if url == OPENAI_URL:
            raise InvalidParameterError(
                f"`api_key_env` must name the environment variable with the key for {url}, got None. None is for "
                "servers that need no key; name those by `base_url`."
            )
        return None
    key = Secret(os.environ.get(variable, "").strip())
    if not key.reveal():
        raise EnhancerError(
            f"`api_key_env` must name an environment variable that holds the key for {url}, got {variable!r}, which "
            f"is not set. Set {variable}, name another variable, or set api_key_env=None for a server that needs no "
            "key."
        )
    if not re.fullmatch(r"[!-~]+", key.reveal()):
        raise EnhancerError(
            f"`api_key_env` must name an environment variable that holds a key, got {variable!r}, whose value has "
            "blanks, control or non-ASCII characters in it. Copy the key again."
        )
    return key
