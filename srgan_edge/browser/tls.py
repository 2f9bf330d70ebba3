"""Encrypted connections, by a certificate and its key in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srgan_edge.errors import InputError

if TYPE_CHECKING:
    from ssl import SSLContext, SSLError


def server_context(certificate: Path | None, key: Path | None) -> SSLContext | None:
    """What serves with them; None where neither is given.

    Raises:
        InputError: one is missing or cannot be read, they are no PEM, or do not belong together.
    """
    if certificate is None and key is None:
        return None
    import ssl  # some MB, which few need

    if certificate is None or key is None:
        raise InputError("--tls-cert and --tls-key belong together: give both")
    _check("certificate", certificate, "-----BEGIN CERTIFICATE-----")
    _check("key", key, "PRIVATE KEY-----")
    if key.stat().st_mode & 0o007:
        raise InputError(f"everybody may read the key {key}: chmod o= {key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # costs a server more than who asks for it
    try:
        # A password would be asked for at a terminal that a service has not.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        raise InputError(_what_is_wrong(error, certificate, key)) from None
    return context


def _check(what: str, path: Path, mark: str) -> None:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from None
    if mark not in text:
        raise InputError(f"{path} is no {what} in PEM: its text has no line {mark!r}")
    if "ENCRYPTED" in text:
        raise InputError(f"the {what} {path} has a password: give one without")


def _what_is_wrong(error: SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{key} is not the key of the certificate {certificate}"
    reason = (error.reason or "one of them is damaged").lower().replace("_", " ")
    return f"cannot use the certificate {certificate} with the key {key}: {reason}"
