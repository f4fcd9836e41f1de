"""Files that are there to hold secrets, by the names that their programs gave them."""

from __future__ import annotations

import fnmatch

_NAMES = (
    ".env", ".env.*", "*.env", ".netrc", "_netrc", ".pgpass", ".pypirc", ".npmrc", ".htpasswd",
    ".git-credentials", "credentials", "credentials.json", "credentials.y*ml", "credentials.toml",
    "kaggle.json", "secrets.json", "secrets.y*ml", "secrets.toml", "secret.*", "secrets.env",
    "service-account*.json", "service_account*.json", "client_secret*.json", ".boto", ".s3cfg",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk",
    "*.keystore", "*.jks", "*.kdbx",
)  # fmt: skip
_TEMPLATES = ("*.example", "*.sample", "*.template", "*.dist", "*.defaults", "*.pub")


def holds_secrets(name: str) -> bool:
    """Whether a file of this name is there to hold secrets; templates and public keys are not."""
    lower = name.lower()
    if any(fnmatch.fnmatchcase(lower, pattern) for pattern in _TEMPLATES):
        return False
    return any(fnmatch.fnmatchcase(lower, pattern) for pattern in _NAMES)
