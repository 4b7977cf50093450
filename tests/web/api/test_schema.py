"""Whatever is asked of the API, no answer is a fault of ours and none is undocumented: schemathesis asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from bot.models.api_tokens import Scope
from bot.models.signups import Limit, SignUpLimits
from bot.store.api_tokens import add_token
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.web.site import SiteEdges, build_site
from tests.builders import NOW
from tests.web.sites import TOKENS, fill
from tests.web.sites import settings as site_settings

pytestmark = pytest.mark.long

#: Requests of each kind to each operation, some that are right, some that are not: three, in a thorough night sixty.
EXAMPLES = settings().max_examples // 16
_PLENTY = Limit(1_000_000, timedelta(hours=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """On one kind of database: what is documented does not depend on it."""
    made = open_store(f"sqlite:///{tmp_path}/bot.db")
    yield made
    made.close()


@pytest.fixture
def schema(store: Store) -> Any:
    """The API by its own document, asked in this process."""
    fill(store)
    seconds = count()

    def clock() -> datetime:
        # It goes on fast, so that no limit of requests a minute is met.
        return NOW + timedelta(seconds=next(seconds))

    limits = SignUpLimits(_PLENTY, _PLENTY, _PLENTY, _PLENTY)
    site = build_site(SiteEdges(store, TOKENS, site_settings(), clock, limits), kept=timedelta(0))
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", site)


def test_no_answer_is_a_fault_or_undocumented(schema: Any, store: Store) -> None:
    token = add_token(store, "test", Scope.WRITE, NOW)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            ask(operation, mode, token)


def ask(operation: Any, mode: GenerationMode, token: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        # That a cursor, a zone or a feed is one of ours, no schema can say; and a parameter that we do not know harms
        # nobody.
        heard = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(headers=heard, excluded_checks=[positive_data_acceptance, negative_data_rejection])

    # Where nothing is to be given, nothing can be given wrong.
    with suppress(Unsatisfiable):
        asked()
