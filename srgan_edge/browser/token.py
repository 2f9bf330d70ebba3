"""The secret that lets a browser in."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from srgan_edge.errors import InputError
from srgan_edge.files import make_folder

STATE_VARIABLE = "SRGAN_EDGE_STATE"
_BYTES = 32


def state_folder() -> Path:
    """`SRGAN_EDGE_STATE`, else where programs keep what must survive a restart (XDG, systemd)."""
    if folder := os.environ.get(STATE_VARIABLE) or os.environ.get("STATE_DIRECTORY"):
        return Path(folder.split(":")[0]).expanduser()
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "srgan-edge"


def read_token() -> str:
    """The token of this user on this machine, made when there is none yet.

    Raises:
        InputError: its file cannot be read or made, or others may read it.
    """
    path = state_folder() / "token"
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise InputError(f"others may read {path}: chmod 600 {path}, or delete it")
        token = path.read_text().strip()
    except OSError as error:
        raise InputError(f"cannot read the token {path}: {error.strerror}") from None
    if len(token) < _BYTES:
        raise InputError(f"{path} holds no token: delete it, and a new one is made")
    return token


def _make(path: Path) -> None:
    make_folder(path.parent)
    part = path.with_name(f".token.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(_BYTES) + "\n")
    part.replace(path)


def matches(token: str, given: str) -> bool:
    """Whether `given` is the token, in a time that does not tell how much of it is right."""
    # Header values may hold bytes that are no text; Python marks them with surrogates.
    return hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogatepass"))


def cookie_of(token: str) -> str:
    """What a browser keeps instead of the token: made from it, and of no use to find it."""
    return hmac.new(token.encode(), b"srgan-edge browser", hashlib.sha256).hexdigest()
