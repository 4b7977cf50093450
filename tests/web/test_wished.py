"""Which language a page speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.languages import SPOKEN
from bot.web.wished import Wished, wished


@pytest.mark.parametrize(
    ("named", "accepted", "usual", "wish"),
    [
        ("", "", "", Wished("en")),
        ("", "", "pt-BR", Wished("pt")),
        ("", "de-AT,de;q=0.9,en;q=0.8", "fr", Wished("de")),
        ("", "en;q=0.8, fr-CA ; q=0.9", "", Wished("fr")),
        ("", "fi, sv;q=0.9, zh-Hans;q=0.3", "es", Wished("zh")),
        ("", "fi", "es", Wished("es")),
        ("", "de;q=0, en;q=0.1", "es", Wished("en")),
        ("", "de;q=x, *", "es", Wished("es")),
        ("", "de;q=nan", "es", Wished("es")),
        ("ar", "de", "es", Wished("ar", chosen=True)),
        ("AR-eg", "de", "es", Wished("ar", chosen=True)),
        ("tlh", "de", "es", Wished("de")),
        ("../de", "", "tlh", Wished("en")),
    ],
)
def test_the_address_goes_before_the_browser_and_that_before_the_site(
    named: str, accepted: str, usual: str, wish: Wished
) -> None:
    assert wished(named, accepted, usual) == wish


@given(st.text(), st.text(), st.text())
def test_whatever_is_asked_for_some_language_is_spoken(named: str, accepted: str, usual: str) -> None:
    assert wished(named, accepted, usual).code in SPOKEN
