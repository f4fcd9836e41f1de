"""Texts that stand where a secret belongs, and are none."""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"example|your|change_?me|placeholder|dummy|fake|sample|insert|replace|redact|secret_?here"
    r"|key_?here|token_?here|todo|fixme|hidden|masked|removed|censored|xxxx|\*\*\*|\.\.\.|…"
    r"|123456|abcdef|qwerty|foobar|lorem|deadbeef|mysecret|my_?api|my-?token|[<>{}]|%s|\bnull\b",
    re.IGNORECASE,
)
_REFERENCES = re.compile(
    r"^\$|\$\{|\{\{|%\(|^%\w+%$|environ|getenv|\bos\.|config|settings|secrets?\.|vault|ssm:|^arn:"
    r"|keyring|getpass|args\.|self\.|\bparams?\.|\w\(|\w\[|^@|^file:|^env:",
    re.IGNORECASE,
)
_PLAIN_WORDS = """password passwd pass postgres admin root secret test user guest none null true
false string token undefined default required optional minioadmin rabbitmq tiger mysql redis"""
_PLAIN = frozenset(_PLAIN_WORDS.split())


def is_placeholder(value: str) -> bool:
    """Whether a text is a placeholder, a reference to the environment or a word of no secret."""
    plain = value.strip("\"' ")
    if plain.lower() in _PLAIN or len(set(plain.lower())) < 5:
        return True
    return _WORDS.search(plain) is not None or _REFERENCES.search(plain) is not None
