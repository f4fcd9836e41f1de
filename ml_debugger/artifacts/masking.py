"""Secrets in what is printed or stored, masked: one place for all of it."""

from __future__ import annotations

from ml_debugger.artifacts.secret_forms import secrets_in

SHOWN = 4
_LONG = 16
"""A shorter secret shows nothing of itself."""


def masked(secret: str) -> str:
    """A secret by its first four characters and its length."""
    if secret.startswith("-----BEGIN"):
        return f"private key ({len(secret):,} characters)"
    start = secret[:SHOWN] if len(secret) >= _LONG else ""
    return f"{start}*** ({len(secret):,} characters)"


def mask(text: str) -> str:
    """The text with every secret in it masked."""
    parts: list[str] = []
    at = 0
    for secret in secrets_in(text):
        parts += (text[at : secret.start], masked(text[secret.start : secret.end]))
        at = secret.end
    return "".join((*parts, text[at:])) if parts else text
