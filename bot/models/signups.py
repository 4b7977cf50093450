"""Sign-ups that wait for a confirmation, how many there may be, and who asked to be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field

from bot.models.columns import BigId, JsonText, Table, UtcDateTime

#: How long a link to confirm is good, and what was not confirmed is kept: a week has everybody's reading day in it.
LIFETIME = timedelta(days=7)
#: How long people whom an admin brought in may wait to be asked; their week begins then.
TURN = timedelta(days=366)

_WAITING = text("taken_at IS NULL")


class SignUp(Table, table=True):
    """What somebody asked for with an address, until it is confirmed or forgotten.

    Whoever answers the form writes this row and nothing else, whatever there is of the address, so that nobody can
    tell from the answer. What becomes of it is decided afterwards, by whoever sends letters.
    """

    # Its number is in links, which must never work for another one.
    __table_args__ = (
        Index("ix_sign_up_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    #: When its link ends and the row goes.
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    email: str
    email_key: str = Field(index=True)
    name: str = ""
    #: Slugs.
    feeds: list[str] = Field(sa_column=Column(JsonText, nullable=False))
    language: str
    timezone: str
    #: The words beside the button.
    wording: str
    #: From where, cut; see `bot.models.subscribers.Evidence`.
    network: str = ""
    #: Whom it is about; None until it was taken in, and for whom nothing follows. Where an admin brought them in, it is
    #: said from the beginning: they wait until it is their turn to be asked.
    subscriber_id: int | None = Field(
        default=None, sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    )
    #: When it was decided what follows; None while it waits for that.
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When its button was pressed; from then on its link does nothing any more.
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Tally(Table, table=True):
    """How often something was done in one window of time: a limit that all processes share."""

    #: What is counted, of whom: `sign-up 192.0.2.0/24`.
    scope: str = Field(primary_key=True)
    #: When the window ends; then the row is of no use.
    until: datetime = Field(sa_type=UtcDateTime, primary_key=True, index=True)
    number: int = 0


class Erased(Table, table=True):
    """Somebody who was erased at their own wish, as a keyed hash of the address key: no import brings them back."""

    #: `bot.subscribe.tokens.Tokens.pseudonyms`.
    pseudonym: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    #: `SuppressionReason` where the address must not be written to, even if its owner asked for it.
    suppressed: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in a window, at the most."""

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class SignUpLimits:
    """How much may be asked for; what each is for stands beside it."""

    #: From one network (/24 or /48): a lecture hall that signs up together, and no script that tries addresses.
    network: Limit = Limit(30, timedelta(hours=1))
    #: By all: far more than a newsletter gains on its best day, and few enough that a flood over many networks does not
    #: cost the sender its good name.
    all: Limit = Limit(600, timedelta(hours=1))
    #: Mails that answer sign-ups to one address: whoever lost one asks again tomorrow, and nobody's box is filled.
    address: Limit = Limit(1, timedelta(days=1))
    #: The same for as long as a sign-up is kept: who ignored three mails is not asked by a fourth.
    address_in_all: Limit = Limit(3, LIFETIME)
    #: People whom an admin brought in and who are asked to confirm, whatever the size of the file: whose consent is in
    #: doubt must not cost the sender its good name, and whoever signs up by themselves does not wait behind them.
    brought_in: Limit = Limit(10, timedelta(minutes=1))


SIGN_UP_LIMITS = SignUpLimits()


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-up that was read and found right."""

    email: str
    email_key: str
    #: Slugs.
    feeds: tuple[str, ...]
    language: str
    timezone: str
    wording: str
    network: str = ""
    name: str = ""
