"""Which replies close an address, by values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.deliveries import Phase, Reply
from bot.models.suppressions import SuppressionReason
from bot.suppress.replies import suppression_for


@pytest.mark.parametrize(
    ("phase", "code", "enhanced"),
    [
        (Phase.RCPT, 550, "5.1.1"),
        (Phase.RCPT, 550, "5.1.10"),
        (Phase.RCPT, 551, "5.1.6"),
        (Phase.RCPT, 551, ""),
        (Phase.RCPT, 553, "5.1.3"),
        (Phase.RCPT, 556, "5.1.10"),
        (Phase.DOT, 550, "5.1.1"),
    ],
)
def test_no_such_mailbox_closes_the_address(phase: Phase, code: int, enhanced: str) -> None:
    assert suppression_for(Reply(phase, code, "", enhanced)) is SuppressionReason.BOUNCE


@pytest.mark.parametrize(
    ("phase", "code", "enhanced"),
    [
        (Phase.RCPT, 550, ""),
        (Phase.RCPT, 550, "5.7.1"),
        (Phase.RCPT, 551, "5.7.1"),
        (Phase.RCPT, 550, "5.2.1"),
        (Phase.RCPT, 552, "5.2.2"),
        (Phase.RCPT, 552, "5.1.1"),
        (Phase.RCPT, 550, "5.1.0"),
        (Phase.RCPT, 550, "5.1.8"),
        (Phase.RCPT, 553, "5.1.7"),
        (Phase.RCPT, 553, "5.6.7"),
        (Phase.RCPT, 450, "4.1.1"),
        (Phase.RCPT, 450, "5.1.1"),
        (Phase.RCPT, 0, ""),
        (Phase.MAIL, 550, "5.1.1"),
        (Phase.MAIL, 552, "5.3.4"),
        (Phase.DATA, 550, "5.1.1"),
        (Phase.DOT, 554, "5.7.1"),
        (Phase.DOT, 551, "5.3.4"),
        (Phase.DOT, 250, ""),
    ],
)
def test_nothing_else_does(phase: Phase, code: int, enhanced: str) -> None:
    assert suppression_for(Reply(phase, code, "no such user", enhanced)) is None


@given(
    st.builds(
        Reply,
        st.sampled_from(list(Phase)),
        st.integers(0, 599),
        st.text(max_size=40),
        st.from_regex(r"([245]\.\d{1,2}\.\d{1,2})?", fullmatch=True),
    )
)
def test_never_for_what_passes_or_is_the_senders_fault(reply: Reply) -> None:
    ours = not reply.enhanced.startswith("5.1.") and reply.enhanced
    if reply.code < 500 or reply.code == 552 or ours:
        assert suppression_for(reply) is None
