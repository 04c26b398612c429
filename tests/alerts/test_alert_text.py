"""What leaves this machine is clean, masked, bounded and recognisable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.model import Message
from tradetui.alerts.text import MAX_TEXT, Style, clean, mask_accounts, names_token, span, template_variables, token
from tradetui.domain.alert import Severity

PAPER = Style("PAPER")
MASKED = re.compile(r"D?[UFI][A-Z]?\*\*\*\d{3}")
nasty = st.text(max_size=1500) | st.text(alphabet="[]{}*~`'\x1b\n\t\u2028\u202e DU123456789red/", max_size=200)


def _message(text: str = "x", detail: str = "", key: str = "17", symbol: str | None = None) -> Message:
    return Message(
        key=key,
        number=None,
        severity=Severity.CRITICAL,
        cause="order_failure",
        symbol=symbol,
        text=text,
        detail=detail,
        wall_ns=1_790_000_000_000_000_000,
    )


@given(nasty, nasty, nasty)
def test_any_text_becomes_variables_that_the_carrier_takes(text: str, detail: str, symbol: str) -> None:
    variables = template_variables(_message(text, detail, symbol=symbol), Style(text[:50], include_figures=True))
    assert set(variables) == {"1", "2", "3"}
    for value in variables.values():
        assert value == value.strip()
        assert value
        assert "  " not in value
        unmasked = MASKED.sub("", value)  # the one place where * belongs
        assert not any(unicodedata.category(char)[0] == "C" or char in "\n\r\t\u2028[]{}*~`'" for char in unmasked)
    assert len(variables["3"]) <= MAX_TEXT
    assert sum(len(value) for value in variables.values()) < 1000


accounts = st.from_regex(r"D?[UFI][A-Z]?[0-9]{5,9}", fullmatch=True)


@given(nasty, accounts, nasty)
def test_no_account_id_leaves_this_machine_whatever_stands_around_it(before: str, account: str, after: str) -> None:
    message = _message(before + account + after, account, symbol=before + account + after)
    variables = template_variables(message, Style(account, include_figures=True))
    assert not [value for value in variables.values() if account in value]


def test_markup_and_escape_sequences_of_a_broker_text_are_removed() -> None:
    assert clean("[bold red]rejected[/] \x1b[31mSPY\x1b[0m\r\n[@click=app.quit]now[/]") == "rejected SPY now"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("account DU1234567 refused", "account DU***567 refused"),
        ("U7654321/DF998877", "U***321/DF***877"),
        ("acct_DU1234567x accountDU1234567", "acct_DU***567x accountDU***567"),
        ("ESZ2025 at 4500000", "ESZ2025 at 4500000"),
        ("order 123456789", "order 123456789"),
    ],
)
def test_account_ids_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert mask_accounts(text) == shown


def test_positions_and_amounts_stay_here_unless_enabled() -> None:
    message = _message("daily loss limit reached", "-312.50 of -300.00 USD")
    assert "312.50" not in str(template_variables(message, PAPER))
    assert "312.50" in template_variables(message, Style("PAPER", include_figures=True))["3"]


def test_variables_name_installation_severity_number_cause_symbol_and_time() -> None:
    assert template_variables(_message("rejected", symbol="SPY"), PAPER) == {
        "1": "PAPER CRITICAL",
        "2": "#paper-17 order failure SPY",
        "3": "rejected (2026-09-21 14:13:20 UTC)",
    }


def test_a_mark_is_found_in_its_own_text_and_in_no_longer_one(make_message: Callable[..., Message]) -> None:
    body = " ".join(template_variables(make_message(key="17.1"), PAPER).values())
    assert names_token(body, token(make_message(key="17.1"), PAPER))
    for other in ("17", "17.12", "7.1", "1"):
        assert not names_token(body, token(make_message(key=other), PAPER))
    assert not names_token(body, token(make_message(key="17.1"), Style("LIVE")))


def test_every_recipients_copy_carries_the_same_mark(make_message: Callable[..., Message]) -> None:
    assert token(make_message(key="17@2"), PAPER) == token(make_message(key="17"), PAPER) == "#paper-17"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (40.2, "40 s"), (250, "4 min 10 s"), (3600 * 2 + 300, "2 h 05 min")]
)
def test_durations_read_as_an_operator_says_them(seconds: float, text: str) -> None:
    assert span(seconds) == text
