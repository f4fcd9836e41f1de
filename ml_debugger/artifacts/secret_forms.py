"""Keys, tokens and passwords in text: by the forms that their issuers gave them, and by names.

A form is checked as far as it can be: GitHub's tokens carry a CRC-32 in base 62 (GitHub blog,
"Behind GitHub's new authentication token formats", 2021), JSON Web Tokens a JSON header
(RFC 7519), keys of AWS are base 32. Prefixes and lengths are those of the issuers' documentation.
Placeholders, references to the environment and keys of documentation are no secrets.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ml_debugger.artifacts.placeholders import is_placeholder


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in a text: what it is and where. `proven` by form; otherwise by its name alone."""

    kind: str
    start: int
    end: int
    proven: bool


@dataclass(frozen=True, slots=True)
class Form:
    """One issuer's form: texts without which it cannot occur, the expression whose group
    `secret` (or the whole) is the secret, and a check of what was matched."""

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = lambda _text: True
    proven: bool = True


_BEFORE, _AFTER = r"(?<![A-Za-z0-9+_\-])(?<![A-Za-z0-9+]/)", r"(?![A-Za-z0-9+/_\-])"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def entropy(text: str) -> float:
    """Shannon entropy of the characters of a text, in bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _github(text: str) -> bool:
    number, digits = zlib.crc32(text[4:-6].encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits.rjust(6, "0") == text[-6:]


def _web_token(text: str) -> bool:
    header, payload, _ = text.split(".")
    try:
        parts = [
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in (header, payload)
        ]
    except (ValueError, RecursionError):
        return False
    # the token of RFC 7519's tutorials
    return isinstance(parts[0], dict) and "alg" in parts[0] and "John Doe" not in str(parts[1])


def _random(bits: float) -> Callable[[str], bool]:
    return lambda text: entropy(text) >= bits


def _form(
    kind: str,
    anchors: str,
    body: str,
    holds: Callable[[str], bool] | None = None,
    *,
    proven: bool = True,
) -> Form:
    pattern = re.compile(f"{_BEFORE}(?:{body}){_AFTER}")
    return Form(kind, tuple(anchors.split()), pattern, holds or _random(3.0), proven)


FORMS: tuple[Form, ...] = (
    _form("AWS access key", "AKIA ASIA", r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    _form("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36}", _github),
    _form("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _form("GitLab token", "glpat-", r"glpat-[A-Za-z0-9_\-]{20,64}(?:\.[A-Za-z0-9_.]{9,20})?"),
    _form("Hugging Face token", "hf_", r"hf_[A-Za-z]{34}"),
    _form("OpenAI key", "T3BlbkFJ", r"sk-[A-Za-z0-9_\-]{20,100}T3BlbkFJ[A-Za-z0-9_\-]{20,100}"),
    _form("Anthropic key", "sk-ant-", r"sk-ant-[a-z]{3,6}\d\d-[A-Za-z0-9_\-]{80,120}"),
    _form("Slack token", "xox", r"xox[abeoprs]-(?:\d+-)+[A-Za-z0-9\-]{16,}"),
    _form(
        "Slack webhook", "hooks.slack.com", r"https://hooks\.slack\.com/services/T\w+/B\w+/\w{20,}"
    ),
    _form(
        "Discord webhook",
        "/api/webhooks/",
        r"https://discord(?:app)?\.com/api/webhooks/\d{15,20}/[\w\-]{60,}",
    ),
    Form(
        "Telegram bot token",
        (":AA",),
        re.compile(r"(?<![A-Za-z0-9])(?:bot)?(?P<secret>\d{8,10}:AA[A-Za-z0-9_\-]{33})(?![\w\-])"),
        _random(3.0),
    ),
    _form("Google API key", "AIza", r"AIza[A-Za-z0-9_\-]{35}"),
    _form("Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_\-]{28}"),
    _form("Stripe key", "k_live_", r"[sr]k_live_[A-Za-z0-9]{24,}"),
    _form("SendGrid key", "SG.", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}"),
    _form("npm token", "npm_", r"npm_[A-Za-z0-9]{36}", _github),
    _form("PyPI token", "pypi-AgE", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,}"),
    _form("DigitalOcean token", "dop_v1_", r"dop_v1_[a-f0-9]{64}"),
    _form("Weights & Biases key", "wandb_v1_", r"wandb_v1_[A-Za-z0-9_]{60,}"),
    _form(
        "JSON Web Token",
        "eyJ",
        r"eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{20,}",
        _web_token,
        proven=False,
    ),
    Form(
        "private key",
        ("PRIVATE KEY",),
        re.compile(
            r"-----BEGIN (?:[A-Z]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
            r"(?P<secret>(?:\s|\\r|\\n|[\"',]|[A-Za-z0-9+/=]|[A-Z][\w-]+: [^\n]{1,80}){64,20000})"
        ),
        _random(3.5),
    ),
    Form(
        "password in an address",
        ("://",),
        re.compile(r"://(?P<user>[^\s:/@'\"<>]{0,80}):(?!(?P=user)@)(?P<secret>[^\s/@'\"<>]{3,200})@[\w.\-]+"),
    ),
    Form(
        "authorization header",
        ("uthorization", "UTHORIZATION"),
        re.compile(
            r"(?i)authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+"
            r"(?P<secret>[A-Za-z0-9._~+/=\-]{16,2000})"
        ),
        _random(3.0),
    ),
    Form(
        "Binance key",
        ("binance", "Binance", "BINANCE"),
        re.compile(r"[\"'](?P<secret>[A-Za-z0-9]{64})[\"']"),
        _random(4.5),
    ),
)  # fmt: skip
"""Forms of their issuers, each with what is checked beyond it."""

_NAMED = re.compile(
    r"(?:key|secret|token|pass(?:word|wd|phrase)?|pwd)(?P<more>(?:[_\-]?(?:id|key|token|value))?)"
    r"[\"']?(?P<between>[ \t]*(?:[:=]|=>)[ \t]*|\s*,\s*(?=[\"'])|[ \t]+)"
    r"(?:(?P<quote>[\"'])(?P<quoted>[^\s\"'`]{8,512})|(?P<bare>[^\s\"'`,;<>{}()\[\]&]{8,512}))"
    r"(?P<end>.?)",
    re.IGNORECASE,
)
_WORDS = ("key", "secret", "token", "pass", "pwd")
_SECRET_NAME = re.compile(
    r"(?:api|app|secret|access|private|auth|bot|client|refresh|signing|encryption|session)[_\-.]?"
    r"(?:access[_\-]?)?(?:key|secret|token)|secret|token|pass(?:word|wd|phrase)?|pwd"
    r"|[_\-]key(?:[_\-]?id)?$",
    re.IGNORECASE,
)
_ISSUERS = (
    ("Weights & Biases key", "wandb", re.compile(r"[a-f0-9]{40}")),
    ("Alpaca key", "alpaca", re.compile(r"(?:PK|AK)[A-Z0-9]{18,24}|[A-Za-z0-9]{40,44}")),
    ("Alpaca key", "apca", re.compile(r"(?:PK|AK)[A-Z0-9]{18,24}|[A-Za-z0-9]{40,44}")),
    ("Binance key", "binance", re.compile(r"[A-Za-z0-9]{64}")),
    ("Polygon key", "polygon", re.compile(r"[A-Za-z0-9_]{32}")),
    ("AWS secret key", "aws", re.compile(r"[A-Za-z0-9+/]{40}")),
    ("Kaggle key", '"username"', re.compile(r"[a-f0-9]{32}")),
    ("Kaggle key", "kaggle", re.compile(r"[a-f0-9]{32}")),
    ("Tiingo key", "tiingo", re.compile(r"[a-f0-9]{40}")),
    ("Finnhub key", "finnhub", re.compile(r"[a-z0-9]{20,40}")),
    ("FRED key", "fred", re.compile(r"[a-f0-9]{32}")),
    ("Alpha Vantage key", "alpha", re.compile(r"[A-Z0-9]{16}")),
)
"""Keys without a form of their own, known by their issuer's name before them on the line."""

_PASSWORDS = ("passphrase", "password", "passwd", "pwd", "_pass")
_HARMLESS = re.compile(
    r"(?:public(?:[_\-]?key)?|websocket|primary|foreign|sort|cache|partition|dict|config|column|feature|group|join|ticker"
    r"|pad|eos|bos|unk|cls|sep|mask|special|start|end|next|page|image|stop|state|metric|monitor"
    r"|split|hash|idempotency)[_\-]?(?:key|token)s?$",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"[\w.\-]{0,60}$")
MIN_KEY, MIN_PASSWORD = 16, 8
_KEY_BITS, _PASSWORD_BITS = 3.0, 2.5
_DIGEST = re.compile(r"(?:sha\d+|md5)[:\-]", re.IGNORECASE)


def secrets_in(text: str) -> list[Secret]:
    """The secrets of a text, in order, none inside another; those of known form first choice."""
    found = [*_of_forms(text), *_of_names(text)]
    found.sort(key=lambda secret: (not secret.proven, secret.start))
    starts: list[int] = []
    taken: dict[int, Secret] = {}
    for secret in found:
        place = bisect_right(starts, secret.end - 1)
        # those that are taken do not overlap, so the last one before its end tells
        if place and taken[starts[place - 1]].end > secret.start:
            continue
        insort(starts, secret.start)
        taken[secret.start] = secret
    return [taken[start] for start in starts]


def _of_forms(text: str) -> Iterator[Secret]:
    for form in FORMS:
        if not any(anchor in text for anchor in form.anchors):
            continue
        for match in form.pattern.finditer(text):
            group = "secret" if "secret" in form.pattern.groupindex else 0
            value = match[group]
            whole = form.kind == "private key"
            if (whole or not is_placeholder(value)) and form.holds(value):
                begin = match.start() if whole else match.start(group)
                yield Secret(form.kind, begin, match.end(group), form.proven)


def _of_names(text: str) -> Iterator[Secret]:
    """Values that are assigned to a name which says that they are secret."""
    lower = text.lower()
    if not any(word in lower for word in _WORDS):
        return
    for match in _NAMED.finditer(text):
        kind = _kind_of(text, match)
        if kind is not None:
            group = "quoted" if match["quote"] else "bare"
            yield Secret(kind[0], match.start(group), match.end(group), kind[1])


def _kind_of(text: str, match: re.Match[str]) -> tuple[str, bool] | None:
    """What a named value is, and whether its issuer's form proves it; None for no secret."""
    value = (match["quoted"] or match["bare"]).rstrip(".\\")
    if is_placeholder(value) or match["end"] in ("(", "[") or _DIGEST.match(value):
        return None
    start = match.start()
    before = _NAME_BEFORE.search(text, max(0, start - 60), start)
    name = (before[0] if before else "") + text[start : match.start("between")].rstrip("\"'")
    if _HARMLESS.search(name):
        return None
    line = text[max(0, text.rfind("\n", 0, start), start - 200) : match.start("between")].lower()
    for kind, issuer, form in _ISSUERS:
        if issuer in line and form.fullmatch(value) and entropy(value) >= _KEY_BITS:
            return kind, True
    if not match["between"].strip(" \t\r\n,") or _SECRET_NAME.search(name) is None:
        return None
    if any(word in name.lower() for word in _PASSWORDS):
        looks = len(value) >= MIN_PASSWORD and _is_password(value, quoted=bool(match["quote"]))
        return ("password", False) if looks else None
    if len(value) < MIN_KEY or entropy(value) < _KEY_BITS or not _is_key(value):
        return None
    return "key or token", False


def _is_key(value: str) -> bool:
    """Whether a value is drawn at random: letters and digits mixed, no words, no path."""
    letters = sum(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    # `advapi32.OpenToken1` is code
    if re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", value):
        return False
    if not letters or digits < 2 or re.search(r"[/\\]\w+[/\\]|\.\w{2,4}$|::|://", value):
        return False
    # words joined by marks, such as names of settings and of models
    words = [part for part in re.split(r"[\W_]+", value) if part]
    return max(map(len, words)) >= MIN_KEY - 4


def _is_password(value: str, *, quoted: bool) -> bool:
    if entropy(value) < _PASSWORD_BITS or re.fullmatch(r"[A-Za-z_][\w.]*", value):
        # a name of code or a plain word
        return quoted and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return any(c.isdigit() for c in value) or any(not c.isalnum() for c in value)
