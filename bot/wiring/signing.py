"""From the settings to the keys that sign the mails."""

from __future__ import annotations

from bot.errors import SettingsError
from bot.render.dkim import RSA, Signer
from bot.render.dkim_keys import read_key
from bot.render.headers import mailbox
from bot.settings import Settings


def signers(settings: Settings) -> tuple[Signer, ...]:
    """The keys that sign, RSA first, because not everybody knows Ed25519; none where no key is set.

    Reading a key takes milliseconds: call it once for all mails.

    Raises:
        SettingsError: a key without a selector, or the reverse; a domain that is not the From address's.
        KeyFileError: a key is of no use.
    """
    first = ("", settings.dkim_selector, settings.dkim_key)
    second = ("_2", settings.dkim_selector_2, settings.dkim_key_2)
    pairs = [pair for pair in (first, second) if pair[1] or pair[2]]
    problems = []
    for number, selector, key in pairs:
        if not selector:
            problems.append(f"BOT_DKIM_SELECTOR{number}: not set; write the one that the key was made for")
        if not key:
            problems.append(f"BOT_DKIM_KEY_FILE{number}: not set; `bot dkim make` makes the file")
    selectors = [selector.lower() for _, selector, _ in pairs if selector]
    if len(selectors) > len(set(selectors)):
        problems.append("BOT_DKIM_SELECTOR_2: the same as BOT_DKIM_SELECTOR; each key has its own")
    if problems:
        raise SettingsError(problems)
    if not pairs:
        return ()
    domain = signing_domain(settings)
    found = [
        # Where a platform takes no line ends in a variable, they are written as \n.
        Signer(selector, domain, read_key(key.replace("\\n", "\n"), f"BOT_DKIM_KEY{number}"))
        for number, selector, key in pairs
        if selector and key
    ]
    return tuple(sorted(found, key=lambda one: one.algorithm != RSA))


def signing_domain(settings: Settings) -> str:
    """The domain that signs, in ASCII: the From address's own, since DMARC compares the two (RFC 9989).

    Raises:
        SettingsError: there is no From address, or another domain is set.
        AddressError: the domain of the From address is none for mail.
    """
    if settings.from_ is None:
        raise SettingsError(["BOT_FROM: not set; its domain is the one that signs"])
    domain = _domain(settings.from_.address)
    others = (("BOT_DKIM_DOMAIN", settings.dkim_domain), ("BOT_DKIM_DOMAIN_2", settings.dkim_domain_2))
    wrong = [
        f"{name}: '{other}' is not the domain of BOT_FROM; write {domain}, or leave it out"
        for name, other in others
        if other and other.lower() != domain and _domain(f"postmaster@{other}") != domain
    ]
    if wrong:
        raise SettingsError(wrong)
    return domain


def _domain(address: str) -> str:
    return mailbox(address, smtputf8=True).rpartition("@")[2]
