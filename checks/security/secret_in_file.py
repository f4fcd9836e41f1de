"""SEC002 secret-in-file."""

from __future__ import annotations

from ml_debugger.artifacts import SearchedText, SecretSpot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

SHOWN = 5


@check(
    code="SEC002",
    name="secret-in-file",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "known_secrets",
            "secrets",
            "above",
            "keys, tokens and passwords in the form that their issuer gave them",
            "one is enough: whoever reads the file can trade, spend or read with it; forms are "
            "those of the issuers' documentation, checksums included where a form has one",
            fail=0,
        ),
        Limit(
            "likely_secrets",
            "secrets",
            "above",
            "random values under a name such as api_key, token or password",
            "a name and a random value are no proof; measured: none in 127 text files of public "
            "trading and training repositories, 15 in 25,765 files (405 MB) of installed "
            "packages, in tests and examples",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    deadline=120.0,
)
def secret_in_file(text: SearchedText) -> Outcome:
    """A key, token or password stands in a log, configuration, source or notebook.

    What it measures:
        The text of every file that is no table and no model, up to 64 MiB, outputs of notebooks
        included. Tokens are known by the forms of their issuers (AWS, GitHub, GitLab, Hugging
        Face, OpenAI, Anthropic, Slack, Discord, Telegram, Google, Stripe, private keys, passwords
        in addresses, authorization headers), with the checksum where the form has one, and by
        the issuer's name beside them (Weights & Biases, Alpaca, Binance, Polygon, Kaggle). Other
        values count when their name says that they are secret and they are random. Placeholders,
        references to the environment, keys of documentation, hashes, commits and pictures are no
        secrets. Files that are there to hold secrets, such as `.env`, are judged by
        `exposed-permissions`. What is found is shown by four characters and its length only.

    Why it matters:
        Logs and notebooks are copied to colleagues, trackers and repositories. A broker's key in
        one of them trades with the account it belongs to, and a history of git keeps it for ever.

    What to do:
        Revoke the key at its issuer first, and make a new one. Keep it in the environment, in a
        `.env` that git ignores, or in a vault, and read it by `os.environ`. Clear the outputs of
        the notebook. If the file was committed, removing it is not enough: rewrite the history
        with `git filter-repo`.

    Sources:
        GitHub, Behind GitHub's new authentication token formats, 2021 (checksum). AWS IAM
        identifiers. RFC 7519, RFC 7617, RFC 6750. Meli et al., How Bad Can It Git?, NDSS 2019.
        Documentation of the issuers named above.
    """
    if text.meant:
        return Measurement(
            "Is there to hold secrets: who may read it is what counts",
            {"known_secrets": 0.0, "likely_secrets": 0.0},
        )
    known = [spot for spot in text.spots if spot.proven]
    likely = [spot for spot in text.spots if not spot.proven]
    if not text.spots and not text.complete:
        mib = text.bytes_read / 2**20
        return NotMeasured(f"only its first {mib:,.0f} MiB were searched, without a secret in them")
    values = {"known_secrets": float(len(known)), "likely_secrets": float(len(likely))}
    if not text.spots:
        return Measurement(f"No secret in {text.bytes_read:,} bytes of text", values)
    shown = (known or likely)[:SHOWN]
    more = len(text.spots) + text.more - 1
    title = f"{_a(shown[0].kind)} at line {shown[0].line:,}"
    return Measurement(
        title + (f", and {more:,} more" if more else ""),
        values,
        tuple(
            Evidence(spot.kind, spot.masked, None, f"line {spot.line:,}{_times(spot)}")
            for spot in shown
        ),
        line=shown[0].line,
    )


def _a(kind: str) -> str:
    article = "An" if kind[0] in "AaOo" else "A"
    return f"{article} {kind}"


def _times(spot: SecretSpot) -> str:
    return f", {spot.count:,} times" if spot.count > 1 else ""
