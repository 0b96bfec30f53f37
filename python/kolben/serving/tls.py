"""The files of TLS: they are looked at before a worker starts, and a key with a password is opened.

Granian ends its process at a file that it cannot use, and cannot read keys with a password.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import ssl
import typing as t

from .settings import Mistake

if t.TYPE_CHECKING:
    from .settings import Settings

__all__ = ["check", "readable_key"]

_PACKAGE = "cryptography"


def check(settings: Settings) -> None:
    """Refuse files that cannot be used.

    :param settings: The settings.
    """
    if not settings.tls_cert:
        return
    key, password = settings.tls_key, settings.tls_key_password
    if _is_encrypted(key):
        if not password:
            raise Mistake(f"The key {key} has a password: give it as tls-key-password.")
        if importlib.util.find_spec(_PACKAGE) is None:
            raise Mistake(
                f"A key with a password needs the package {_PACKAGE}."
                f" Install it with: pip install {_PACKAGE}"
            )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A function, so that nobody is asked at the terminal.
        context.load_cert_chain(settings.tls_cert, key, lambda: password)
    except OSError as error:
        both = f"{settings.tls_cert} and {key}"
        raise Mistake(f"TLS cannot use {both}: {_reason(error)}.") from None
    for path in (settings.tls_ca, *settings.tls_crl):
        if path:
            try:
                context.load_verify_locations(path)
            except OSError as error:
                raise Mistake(f"TLS cannot use {path}: {_reason(error)}.") from None


def _is_encrypted(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"ENCRYPTED" in file.read()
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}.") from None


def _reason(error: OSError) -> str:
    text = getattr(error, "reason", None) or error.strerror or str(error)
    return str(text).replace("_", " ").lower()


def readable_key(settings: t.Any) -> str:
    """Return the path of a key without a password: its own, or that of a pipe which has it.

    :param settings: The settings.
    """
    path: str = settings.tls_key
    if not path or not _is_encrypted(path):
        return path
    serialization: t.Any = importlib.import_module(f"{_PACKAGE}.hazmat.primitives.serialization")
    with open(path, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), settings.tls_key_password.encode())
    form = serialization.PrivateFormat.PKCS8
    plain = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    # It is on no disk, and a pipe has room for the largest.
    read, write = os.pipe()
    os.write(write, plain)
    os.close(write)
    return f"/dev/fd/{read}"
