"""What a report of one recipient makes of the address, by values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.bounces import BounceKind
from bot.suppress.statuses import Action, RecipientStatus, kind_of, read_recipient

ZOE = "rfc822; zoe@reader.example"


def read(action: str, status: str, diagnostic: str = "", final: str = ZOE) -> RecipientStatus | None:
    return read_recipient(action, status, diagnostic, "rfc822;Zoe@reader.example", final)


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "smtp; 550 5.1.1 no such user", "gone"),
        ("5.1.1", "", "gone"),
        ("5.1.2", "X-Postfix; unknown host", "gone"),
        ("5.1.6", "smtp; 551 5.1.6 moved", "gone"),
        ("5.1.10", "smtp; 556 5.1.10 null MX", "gone"),
        # The reporting server has not looked closely; the other one's reply says more.
        ("5.0.0", "smtp; 550 5.1.1 no such user", "gone"),
        ("5.0.0", "smtp; 550-5.1.1 no such user", "gone"),
        ("5.0.0", "smtp; 551 User not local", "gone"),
        ("5.0.0", "smtp; 550 no such user", "soft"),
        ("5.0.0", "smtp; 550 4.1.1 no such user", "soft"),
        ("5.0.0", "X-Unix; 550 5.1.1", "soft"),
        ("", "smtp; 550 5.1.1 no such user", "gone"),
        ("", "", "soft"),
        ("4.2.2", "smtp; 452 4.2.2 mailbox full", "soft"),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", "soft"),
        ("5.2.1", "smtp; 550 5.2.1 disabled", "soft"),
        ("4.4.1", "X-Postfix; connection timed out", "soft"),
        ("4.4.7", "", "soft"),
        ("5.4.4", "X-Postfix; host not found", "soft"),
        ("4.1.1", "smtp; 450 4.1.1 no such user", "soft"),
        ("5.7.1", "smtp; 550 5.7.1 blocked by policy", "refused"),
        ("5.7.26", "smtp; 550 5.7.26 unauthenticated", "refused"),
        ("4.7.0", "smtp; 421 4.7.0 try later", "refused"),
        ("5.3.4", "smtp; 552 5.3.4 too big", "refused"),
        ("5.2.3", "smtp; 552 5.2.3 too long", "refused"),
        ("5.6.0", "smtp; 554 5.6.0 content", "refused"),
        ("5.5.2", "smtp; 500 5.5.2 syntax", "refused"),
        ("5.1.7", "smtp; 553 5.1.7 bad sender", "refused"),
        ("5.1.8", "smtp; 553 5.1.8 sender's domain", "refused"),
    ],
)
def test_the_status_decides(status: str, diagnostic: str, kind: str) -> None:
    said = read("failed", status, diagnostic)
    assert said is not None
    assert kind_of(said) == kind


def test_an_address_behind_ours_counts_and_closes_nothing_at_once() -> None:
    said = read("failed", "5.1.1", "smtp; 550 5.1.1 no", final="rfc822; somebody@else.example")
    assert said == RecipientStatus(Action.FAILED, "5.1.1", "smtp; 550 5.1.1 no", elsewhere=True)
    assert kind_of(said) == BounceKind.SOFT


@pytest.mark.parametrize(
    ("action", "status", "done"),
    [
        ("Failed", "5.1.1", "failed"),
        ("failed (bad destination)", "5.1.1", "failed"),
        ("delayed", "4.4.1", "delayed"),
        ("relayed", "2.0.0", "relayed"),
        ("expanded", "2.1.5", "expanded"),
        ("delivered", "2.0.0", "delivered"),
        # Fields that must be there are missing in practice.
        ("", "5.1.1", "failed"),
        ("", "4.2.2", "delayed"),
        ("", "2.0.0", "delivered"),
        ("perhaps", "5.0.0", "failed"),
    ],
)
def test_the_action_is_read(action: str, status: str, done: str) -> None:
    said = read(action, status)
    assert said is not None
    assert said.action == done


def test_fields_that_say_nothing_are_none() -> None:
    assert read("", "") is None
    assert read("perhaps", "9.1.1") is None


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_fields_are_a_fault(action: str, status: str, diagnostic: str, original: str, final: str) -> None:
    said = read_recipient(action, status, f"smtp;{diagnostic}", original, final)
    if said is not None:
        assert kind_of(said) in set(BounceKind)


@given(st.sampled_from("245"), st.integers(0, 999), st.integers(0, 999))
def test_only_what_replies_to_us_would_close_is_closed_at_once(first: str, subject: int, detail: int) -> None:
    said = read("failed", f"{first}.{subject}.{detail}")
    assert said is not None
    if kind_of(said) is BounceKind.GONE:
        assert (first, subject) == ("5", 1)
        assert detail in {1, 2, 3, 6, 10}
