"""Errors are the same on the other side of a process's border."""

from __future__ import annotations

import pickle

import pytest

from bot import errors
from bot.errors import BotError

EXAMPLES: tuple[BotError, ...] = (
    BotError("plain words"),
    errors.SettingsError(["BOT_FROM: not set", "BOT_RATE: no number"]),
    errors.UnknownError("feed", "x", ["a", "b"], "apply a catalogue first"),
    errors.StoreError("sqlite:///bot.db", "locked"),
    errors.TemplateError("email/digest/body.html", 7, "no such name"),
    errors.HeaderError("Subject", "x", "write words"),
    errors.AddressError("nobody", "not name@domain"),
    errors.TokenError(),
    errors.NotRenderedError(),
)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_comes_out_of_pickling_as_it_went_in(error: BotError) -> None:
    error.add_note("seen in a test")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    assert again.__notes__ == ["seen in a test"]
