"""How long a mail server that refuses us is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.deliver.rest import FIRST, LONGEST, Rest
from bot.errors import BotError, MailServerError
from bot.models.deliveries import Phase
from tests.deliver.rows import NOW

REFUSED = MailServerError("mail.example.org:587", "refused at auth: 535 5.7.8 who?", phase=Phase.AUTH)


def test_rests_grow_as_long_as_we_are_refused() -> None:
    rest, now, lengths = Rest(), NOW, []
    for _ in range(8):
        rest.note(REFUSED, now)
        length = timedelta()
        while rest.goes_on(now + length):
            length += timedelta(minutes=1)
        lengths.append(length)
        now += length
    minute = timedelta(minutes=1)
    assert lengths[:5] == [FIRST, 2 * minute, 4 * minute, 8 * minute, 16 * minute]
    assert lengths[5:] == [LONGEST] * 3


@pytest.mark.parametrize(
    "error",
    [
        None,
        BotError("template: digest.html:3: no such name"),
        MailServerError("mail.example.org:587", "cannot be reached", phase=Phase.CONNECT),
        MailServerError("mail.example.org:587", "refused at auth: 454 4.7.0 later", phase=Phase.AUTH, passing=True),
    ],
)
def test_what_may_pass_is_tried_again_at_once(error: BotError | None) -> None:
    rest = Rest()
    rest.note(REFUSED, NOW)
    rest.note(error, NOW)
    assert not rest.goes_on(NOW)
    rest.note(REFUSED, NOW)
    assert rest.goes_on(NOW + FIRST / 2)
    assert not rest.goes_on(NOW + FIRST)
