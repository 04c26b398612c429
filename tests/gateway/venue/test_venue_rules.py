"""The rules file changes the venue as it says, and says what it cannot use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.gateway.venue.floorplan import CALENDAR, Desk, order
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.corporate_action import Dividend, Split
from tradetui.gateway.venue.events import CommissionEvent
from tradetui.gateway.venue.fees import TIERED
from tradetui.gateway.venue.rules import load_rules

WHOLE = """\
commissions = "tiered"
check_margin = false
cancel_latency_ms = 250
depth_levels = 2
close_cutoff_minutes = 15
[short_limits]
SPY = 500
[futures_margins]
ES = [20000, 18000.5]
[[split]]
symbol = "AAPL"
ex_date = 2026-11-23
ratio = "4:1"
[[dividend]]
symbol = "SPY"
ex_date = 2026-12-18
amount = 1.99
pay_date = 2027-01-29
[[dividend]]
symbol = "QQQ"
ex_date = 2026-12-21
amount = 1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_takes_effect(tmp_path: Path) -> None:
    config = load_rules(written(tmp_path, WHOLE), VenueConfig(instance=7))
    assert (config.commissions, config.check_margin, config.instance) == (TIERED, False, 7)
    assert (config.cancel_latency_ns, config.depth_levels) == (250_000_000, 2)
    assert config.close_cutoff_ns == 15 * MINUTE_NS
    assert config.short_limits == {"SPY": 500}
    assert config.futures_margins["ES"] == (20_000.0, 18_000.5)
    assert config.futures_margins["MES"] == VenueConfig().futures_margins["MES"]
    assert config.corporate_actions == (
        Split(symbol="AAPL", ex_date=date(2026, 11, 23), new=4, old=1),
        Dividend(symbol="SPY", ex_date=date(2026, 12, 18), amount=1.99, pay_date=date(2027, 1, 29)),
        Dividend(symbol="QQQ", ex_date=date(2026, 12, 21), amount=1.0),
    )


def test_an_empty_file_changes_nothing_and_the_fixed_plan_is_the_default(tmp_path: Path) -> None:
    assert load_rules(written(tmp_path, ""), VenueConfig()) == VenueConfig()
    assert load_rules(written(tmp_path, 'commissions = "fixed"'), VenueConfig()) == VenueConfig()


def test_a_venue_charges_by_the_plan_of_the_file(tmp_path: Path) -> None:
    config = load_rules(written(tmp_path, 'commissions = "tiered"'), VenueConfig())
    told = Desk(commissions=config.commissions).send(order("BUY", 100))
    charged = [event.report.commission for event in told if isinstance(event, CommissionEvent)]
    # 0.0035 a share, at least 0.35, and 0.003 + 0.0002 a share to exchange and clearing house.
    assert charged == [pytest.approx(0.35 + 0.32)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("comissions = 1", "comissions is unknown; did you mean commissions"),
        ("x = 1", "x is unknown; there are commissions, check_margin"),
        ('commissions = "free"', "commissions 'free' is no plan of IB; give fixed or tiered"),
        ("check_margin = 1", "check_margin 1 is not true or false"),
        ("depth_levels = -1", "depth_levels -1 is not a whole number from 0 to 100"),
        ("depth_levels = true", "depth_levels True is not a whole number"),
        ("short_limits = 5", "short_limits 5 is not a table; write .short_limits. with a line per symbol"),
        ("[short_limits]\nSPY = 1.5", "short_limits.SPY 1.5 is not a whole number"),
        ("[futures_margins]\nES = 5", r"futures_margins.ES 5 is not a pair; give \[initial, maintenance\]"),
        ("[futures_margins]\nES = [1, 2]", "futures_margins.ES: maintenance 2 is above initial 1; exchange them"),
        ("[futures_margins]\nES = [0, 0]", "futures_margins.ES 0 is not an amount; give USD above 0"),
        ("split = 1", r"split is not a list of tables; write \[\[split\]\] before each"),
        ("[[split]]\nsymbol = 'A'", "split: ex_date is missing; it has symbol, ex_date, ratio"),
        ("[[split]]\nsymbol='A'\nex_date=2026-01-02\nratio='4'", "split: ratio '4' is not new:old; write 4:1"),
        ("[[split]]\nsymbol='A'\nex_date='x'\nratio='4:1'", "split: ex_date 'x' is not a date; write it as 2026-11-23"),
        ("[[split]]\nsymbol=''\nex_date=2026-01-02\nratio='4:1'", "split: symbol '' is not text"),
        ("[[dividend]]\nsymbol='A'\nex_date=2026-01-02\namount=1\nx=1", "dividend: x is unknown; it has"),
        ("[[dividend]]\nsymbol='A'\nex_date=2026-01-02\namount=-1", "dividend: amount -1 is not an amount"),
        (
            "[[dividend]]\nsymbol='A'\nex_date=2026-01-02\namount=1\npay_date=2025-01-02",
            "dividend: pay_date 2025-01-02 lies before ex_date 2026-01-02; correct one of them",
        ),
        ("a = [", "is not TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_remedy(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(OperatorError, match=line):
        load_rules(written(tmp_path, text), VenueConfig())


def test_a_gateway_follows_the_file_in_its_venue_and_its_market(tmp_path: Path) -> None:
    path = written(tmp_path, 'commissions = "tiered"\n[[split]]\nsymbol="SPY"\nex_date=2026-03-17\nratio="2:1"\n')
    options = GatewayOptions(start="2026-03-16T09:00-04:00", symbols=("SPY",), speed=0.0)
    plain, ruled = build(options).hub, build(replace(options, rules=path)).hub
    assert ruled.venue._floor.config.commissions == TIERED
    con_id = ruled.market.contracts()[0].con_id
    now_ns = CALENDAR.session(CALENDAR.current_or_next(plain.market.start_ns).index + 1).close_ns
    before, after = (
        hub.market.history(
            con_id, end_ns=now_ns, duration="1 D", bar_size="1 day", what="TRADES", use_rth=True, now_ns=now_ns
        )[0]
        for hub in (plain, ruled)
    )
    assert after.close == pytest.approx(before.close / 2, abs=0.006)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"--rules .*none.toml: cannot be read: No such file"):
        load_rules(tmp_path / "none.toml", VenueConfig())
