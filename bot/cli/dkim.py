"""DKIM: keys that sign the mails, and what DNS has to say of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.cli.output import show, show_json, talk
from bot.cli.rounds import AsJson
from bot.errors import KeyFileError
from bot.render.dkim import Signer
from bot.render.dkim_keys import record, strength
from bot.settings import dkim_selector, read_settings
from bot.wiring.signing import signers, signing_domain

app = typer.Typer(help="DKIM: keys that sign the mails, and what DNS has to say of them.", no_args_is_help=True)


def _selector(text: str) -> str:
    try:
        return dkim_selector(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def make(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file that the private key goes into.")],
    selector: Annotated[
        str, typer.Option(callback=_selector, help="The key's name in DNS, not used before: 2026a, say.")
    ],
    ed25519: Annotated[bool, typer.Option("--ed25519", help="Ed25519 instead of RSA with 2048 bits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key in a new file, and show the DNS record that belongs to it."""
    settings = read_settings()
    domain = signing_domain(settings)
    key = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, 2048)
    _write(file, key)
    _show([Signer(selector, domain, key)], as_json=as_json)
    number = "_2" if settings.dkim_key and not settings.dkim_key_2 else ""
    talk(
        f"next: put the record into DNS, and when it is seen, set BOT_DKIM_SELECTOR{number}={selector} and "
        f"BOT_DKIM_KEY_FILE{number}={file}"
    )


def _write(file: Path, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
    """Write `key` into a file that was not there, readable by its owner alone."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        opened_file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(str(file), "there already, and kept as it is; name a new file") from error
    except OSError as error:
        raise KeyFileError(str(file), f"cannot be written: {(error.strerror or '').lower()}") from error
    try:
        with os.fdopen(opened_file, "wb") as out:
            out.write(pem)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise KeyFileError(str(file), f"cannot be written: {(error.strerror or '').lower()}") from error


@app.command("show")
def show_records(as_json: AsJson = False) -> None:
    """Show the DNS records of the keys that sign, as a zone file has them."""
    _show(signers(read_settings()), as_json=as_json)


def _show(signing: list[Signer] | tuple[Signer, ...], *, as_json: bool) -> None:
    records = [(one, record(one)) for one in signing]
    if as_json:
        show_json(
            [
                {
                    "selector": one.selector,
                    "domain": one.domain,
                    "algorithm": one.algorithm,
                    "bits": one.key.key_size if isinstance(one.key, RSAPrivateKey) else None,
                    "name": told.name,
                    "value": told.value,
                }
                for one, told in records
            ]
        )
        return
    if not records:
        talk("no key is set, so mails are not signed here; `bot dkim make FILE` makes one")
    for one, told in records:
        show(f"; {strength(one)}")
        show(told.in_zone_file())
