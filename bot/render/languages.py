"""How mails and pages speak: words by gettext, numbers, dates and lists by Unicode's CLDR (through Babel)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

#: Languages that the bot speaks, the one of its source first, which is also what others fall back to.
SPOKEN: Final = ("en", "de", "fr", "es", "pt", "zh", "ar")
#: Where dates are written otherwise than the plain language has them: the day first, for readers everywhere.
_LOCALES: Final = {"en": "en_GB"}
_DAY, _MONTH, _INTERVAL = "long", "yMMMM", "yMMMMd"
#: A day with its weekday, where CLDR has a comma that is in the way.
_WEEKDAYS: Final = {"en": "EEEE d MMMM y"}
#: For languages whose intervals CLDR has with short months only: how a day stands before a whole date of the same
#: month, and a day with its month before one of the same year.
_INTERVALS: Final = {
    "en": ("d–", "d MMMM"),
    "de": ("d.–", "d. MMMM"),
    "fr": ("d–", "d MMMM"),
    "pt": ("d–", "d 'de' MMMM"),
}


class Language:
    """One language of the frame; the words of papers stay as they are."""

    def __init__(self, code: str) -> None:
        """Take one of `SPOKEN`."""
        self.code = code
        #: CLDR's, for what else depends on it.
        self.locale = Locale.parse(_LOCALES.get(code, code))
        self._translations = _translations(code)

    @cached_property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return str(self.locale.text_direction)

    def gettext(self, message: str) -> str:
        """The message in this language; as it is where there is no translation."""
        return self._translations.gettext(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The message in the form that goes with a number."""
        return self._translations.ngettext(one, many, number)

    def text(self, message: str, **values: str) -> str:
        """The message with `%(name)s` filled in."""
        return self.gettext(message) % values

    def count(self, number: int, one: str, many: str, **values: str) -> str:
        """The message in the form that goes with a number, which stands in it as `%(number)s`."""
        return self.ngettext(one, many, number) % {"number": self.number(number), **values}

    def number(self, number: int) -> str:
        """`1,288`, as the language groups digits."""
        return str(number) if 0 <= number < 1000 else _number(number, str(self.locale))

    def listing(self, words: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`; empty for none."""
        return str(format_list(list(words), locale=self.locale)) if len(words) > 1 else "".join(words)

    def name_of(self, code: str) -> str:
        """What another language is called, by its ISO 639-1 code; empty where it has no name."""
        return str(self.locale.languages.get(code, "")) if len(code) == 2 else ""

    def weekday(self, day: date) -> str:
        """`Tuesday 24 November 2026`."""
        return str(format_date(day, _WEEKDAYS.get(self.code, "full"), locale=self.locale))

    @cached_property
    def weekdays(self) -> tuple[str, ...]:
        """`Monday`, `Tuesday` …, as they stand alone."""
        names = self.locale.days["stand-alone"]["wide"]
        return tuple(str(names[day]) for day in range(7))

    def hour(self, hour: int) -> str:
        """`07:00`, a full hour of the day, 0 to 23."""
        return str(format_time(time(hour), "short", locale=self.locale))

    def date(self, published: str) -> str:
        """`23 November 2026`, `November 2026` or `2026`, as precise as `published` is; empty where it is no date."""
        year, _, rest = published.partition("-")
        month, _, day = rest.partition("-")
        if not (len(year) == 4 and year.isdecimal() and year.isascii()):
            return ""
        try:
            if day:
                return _date(int(year), int(month), int(day), _DAY, str(self.locale))
            return _date(int(year), int(month), 1, _MONTH, str(self.locale)) if month else year
        except ValueError:  # no such month, or no such day of it
            return self.date(published.rpartition("-")[0])

    def period(self, start: datetime, end: datetime, zone: tzinfo) -> str:
        """The days that the half-open window touches: `2 – 9 November 2026`.

        Args:
            start: aware.
            end: aware, not within the window.
            zone: whose days they are.
        """
        first = start.astimezone(zone).date()
        last = max(first, (end - timedelta(microseconds=1)).astimezone(zone).date())
        return _period(first, last, str(self.locale))


def marked(message: str) -> str:
    """The message as it is: called `_`, it marks for the catalogues what is translated where it is shown."""
    return message


@cache
def language(code: str) -> Language:
    """The language of that BCP 47 tag, or the one that others fall back to."""
    primary = code.partition("-")[0].partition("_")[0].lower()
    return Language(primary if primary in SPOKEN else SPOKEN[0])


def _translations(code: str) -> NullTranslations:
    # Read as it is written: a compiled catalogue would be one more thing to keep in step.
    catalogue = files("bot.render") / "locale" / f"{code}.po"
    if not catalogue.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with catalogue.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=4096)
def _number(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))


@lru_cache(maxsize=4096)
def _date(year: int, month: int, day: int, form: str, locale: str) -> str:
    moment = date(year, month, day)
    if form == _DAY:
        return str(format_date(moment, form, locale=locale))
    return str(format_skeleton(form, moment, locale=locale))


@lru_cache(maxsize=4096)
def _period(first: date, last: date, locale: str) -> str:
    long = str(format_date(last, _DAY, locale=locale))
    if first == last:
        return long
    forms = _INTERVALS.get(locale.partition("_")[0])
    if forms is not None:
        if (first.year, first.month) == (last.year, last.month):
            return str(format_date(first, forms[0], locale=locale)) + long
        form = forms[1] if first.year == last.year else _DAY
        return f"{format_date(first, form, locale=locale)} – {long}"
    whole = str(format_interval(first, last, _INTERVAL, locale=locale))
    # CLDR has thin spaces around some dashes, which few fonts of mail programs know.
    return " ".join(whole.replace("\u2009", " ").split())
