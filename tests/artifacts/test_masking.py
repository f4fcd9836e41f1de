"""Secrets in text are known by form and name, and masked; what only looks like one is left."""

from __future__ import annotations

import random
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts.masking import mask
from ml_debugger.artifacts.secret_files import holds_secrets
from ml_debugger.artifacts.secret_forms import secrets_in

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
_RANDOM = random.Random(5)


def drawn(length: int, alphabet: str = LETTERS) -> str:
    return "".join(_RANDOM.choice(alphabet) for _ in range(length))


def github(random_part: str) -> str:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number, check = zlib.crc32(random_part.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        check = digits[digit] + check
    return f"ghp_{random_part}{check.rjust(6, '0')}"


AWS = drawn(16, string.ascii_uppercase + "234567")
KNOWN = {
    "AWS access key": ("AWS_ACCESS_KEY_ID={}", f"AKIA{AWS}"),
    "AWS secret key": ("aws_secret_access_key = {}", drawn(40)),
    "GitHub token": ("git clone https://{}@github.com/a/b", github(drawn(30))),
    "GitLab token": ("token: {}", f"glpat-{drawn(20)}"),
    "Hugging Face token": ("login(token='{}')", f"hf_{drawn(34, string.ascii_letters)}"),
    "OpenAI key": ("OPENAI_API_KEY={}", f"sk-{drawn(20)}T3BlbkFJ{drawn(20)}"),
    "Anthropic key": ('"{}"', f"sk-ant-api03-{drawn(93)}AA"),
    "Slack token": ("{}", f"xoxb-{drawn(12, string.digits)}-{drawn(24)}"),
    "Slack webhook": ("{}", f"https://hooks.slack.com/services/T0AB1/B0CD2/{drawn(24)}"),
    "Discord webhook": (
        "{}", f"https://discord.com/api/webhooks/{drawn(18, '123456789')}/{drawn(68)}"
    ),
    "Telegram bot token": (
        "POST https://api.telegram.org/bot{}/sendMessage",
        f"{drawn(9, '123456789')}:AA{drawn(33)}",
    ),
    "Google API key": ("key={}", f"AIza{drawn(35)}"),
    "Stripe key": ("{}", f"sk_live_{drawn(24)}"),
    "Weights & Biases key": ("wandb: WANDB_API_KEY={}", drawn(40, HEX)),
    "Alpaca key": ("APCA_API_SECRET_KEY: {}", drawn(40)),
    "Binance key": ("BINANCE_SECRET = '{}'", drawn(64)),
    "Polygon key": ("POLYGON_API_KEY={}", drawn(32)),
    "Kaggle key": ('{{"username":"me","key":"{}"}}', drawn(32, HEX)),
    "password in an address": ("postgresql://trader:{}@db.internal:5432/bars", drawn(14)),
    "authorization header": ('headers={{"Authorization": "Bearer {}"}}', drawn(40)),
}  # fmt: skip
LIKELY = {
    "key or token": ("api_key: {}", drawn(32, HEX)),
    "password": ("db_password = '{}'", "Tr4der!" + drawn(6)),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_known_forms_are_proven(kind: str) -> None:
    line, secret = KNOWN[kind]
    found = secrets_in(f"before\n{line.format(secret)}\nafter")
    assert [(one.kind, one.proven) for one in found] == [(kind, True)]


@pytest.mark.parametrize("kind", LIKELY)
def test_named_values_are_likely(kind: str) -> None:
    line, secret = LIKELY[kind]
    assert [(one.kind, one.proven) for one in secrets_in(line.format(secret))] == [(kind, False)]


@pytest.mark.parametrize("kind", KNOWN | LIKELY)
def test_nothing_of_a_secret_but_its_beginning_is_left(kind: str) -> None:
    line, secret = (KNOWN | LIKELY)[kind]
    text = mask(line.format(secret))
    assert secret not in text
    assert secret[6:] not in text
    assert f"({len(secret)} characters)" in text
    assert mask(text) == text


def test_a_private_key_is_masked_whole() -> None:
    body = "\n".join(drawn(64) for _ in range(12))
    text = f"x\n-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n"
    assert [one.kind for one in secrets_in(text)] == ["private key"]
    assert not any(line in mask(text) for line in body.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "api_key = 'your_api_key_here'",
        "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxx",
        "api_key: <insert your key>",
        "key = os.environ['API_KEY']",
        "password: ${DB_PASSWORD}",
        "password={{ vault_password }}",
        "password = getpass.getpass()",
        "password = 'password'",
        "auth_token: null",
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "run_id: 123e4567-e89b-12d3-a456-426614174000",
        "postgresql://postgres:postgres@localhost/db",
        "postgresql://scott:tiger@localhost/test",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "num_tokens: 1234567890123456",
        "pad_token: <pad>",
        "token: 50256",
        "tokens per second: 12345.678",
        "sort_key = 'close_ratio_20d_zscore_01'",
        "model_key: sha256:9fceb02d0ae598e95dc970b74767f19372d61af89fceb02d0ae598e95dc97",
        "Missing key(s) in state_dict: transformer.h.0.attn.bias",
        "KeyError: 'model.layers.0.self_attn.q_proj.weight_1234'",
        "session_key: 20250102_093000_AAPL_XNAS",
        "secret_name: prod/trading/api-key-2024",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l"
        "IiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "wandb: Run data is saved locally in /wandb/run-20250101_120000-abc123xy",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert secrets_in(text) == []
    assert mask(text) == text


def test_a_picture_in_a_notebook_holds_no_key() -> None:
    picture = drawn(20_000, LETTERS + "+/") + f"AKIA{AWS}" + drawn(20_000, LETTERS + "+/")
    assert secrets_in(f'"image/png": "{picture}"') == []


@given(st.text(max_size=300))
def test_masking_ends_and_never_lengthens_without_reason(text: str) -> None:
    assert mask(text) == text or "*** (" in mask(text) or "private key (" in mask(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (".env", True), (".env.production", True), ("kaggle.json", True), ("id_rsa", True),
        ("server.PEM", True), ("secrets.yaml", True), (".netrc", True), ("credentials", True),
        (".env.example", False), ("id_rsa.pub", False), ("config.yaml", False),
        ("environment.yml", False), ("tokens.txt", False), ("secrets.py", False),
    ],
)  # fmt: skip
def test_files_that_are_there_for_secrets(name: str, expected: bool) -> None:
    assert holds_secrets(name) is expected
