"""What the six panels say, above all what they must not claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.world import World
from tests.tui.pictures import cells, picture, said, sent, status
from tests.tui.scenes import demo_state, link_row, log_row, order_row, position_row, risk_row, symbol_row
from tradetui.control.messages import JsonValue, Row, State
from tradetui.risk.post_trade import POST_CONTROLS
from tradetui.trading.meters import risk_rows
from tradetui.tui.link import Phase
from tradetui.tui.operator import OperatorLine, Status
from tradetui.tui.viewmodels.alerts import alerts_view, newest_alert
from tradetui.tui.viewmodels.connection import connection_view
from tradetui.tui.viewmodels.log import MOST, LogTail
from tradetui.tui.viewmodels.model import Column, GridView, Tone, fit_columns
from tradetui.tui.viewmodels.orders import orders_view
from tradetui.tui.viewmodels.positions import positions_view
from tradetui.tui.viewmodels.quotes import quotes_view
from tradetui.tui.viewmodels.risk import risk_view


def with_rows(section: str, rows: dict[str, Row]) -> State:
    return {**demo_state(), section: rows}


def values(view: GridView, key: str) -> list[str]:
    row = next(row for row in view.rows if row.key == key)
    return [cell.text + cell.tail for cell in row.cells]


class TestQuotes:
    def test_direction_is_a_shape_and_a_sign_as_well_as_a_colour(self) -> None:
        rows = {"UP": symbol_row(0, change_pct=1.234), "DN": symbol_row(0, change_pct=-1.234)}
        view = quotes_view(picture(with_rows("symbols", rows)))
        assert cells(view, "UP")["CHANGE"].text == "▲+1.23%"
        assert cells(view, "DN")["CHANGE"].text == "▼-1.23%"

    @pytest.mark.parametrize("age_s", [None, 10.0, 500.0])
    def test_old_data_is_not_drawn_like_fresh_data(self, age_s: float | None) -> None:
        row = cells(quotes_view(picture(with_rows("symbols", {"SPY": symbol_row(0, age_s=age_s)}))), "SPY")
        assert row["LAST"].tone is Tone.DIM
        assert row["CHANGE"].tone is Tone.DIM
        assert row["AGE"].tone is Tone.WARN

    @pytest.mark.parametrize(
        ("changes", "shown"),
        [
            ({"blocked": "stale data"}, "stale data"),
            ({"halted": True, "blocked": "stale data"}, "HALTED"),
            ({"data_type": 3}, "DELAYED"),
            ({"data_type": 2}, "FROZEN"),
            ({"data_type": None}, "UNKNOWN"),
            ({}, "ok"),
        ],
    )
    def test_what_keeps_a_symbol_from_trading_is_named(self, changes: dict[str, object], shown: str) -> None:
        row = cells(quotes_view(picture(with_rows("symbols", {"SPY": symbol_row(0, **changes)}))), "SPY")
        assert row["ENTRIES"].text == shown

    def test_missing_prices_are_unknown_not_zero(self) -> None:
        row = values(quotes_view(picture(with_rows("symbols", {"SPY": {}}))), "SPY")
        assert not any(char in "0123456789" for text in row for char in text)

    def test_blocked_symbols_are_counted_in_the_heading(self) -> None:
        rows = {"SPY": symbol_row(0, blocked="mismatch"), "QQQ": symbol_row(1)}
        assert quotes_view(picture(with_rows("symbols", rows))).info == "2 symbols, 1 blocked"


class TestPositions:
    def test_a_position_the_broker_has_not_told_is_unknown(self) -> None:
        row = cells(positions_view(picture(with_rows("positions", {"SPY": position_row(100.0, None)}))), "SPY")
        assert row["QTY"].text == "+100?"
        assert row["BROKER"].text == "UNKNOWN"

    def test_a_mismatch_is_a_word_in_the_row_and_in_the_heading(self) -> None:
        view = positions_view(picture(with_rows("positions", {"SPY": position_row(100.0, 60.0)})))
        assert cells(view, "SPY")["BROKER"].text == "MISMATCH"
        assert view.info == "1 MISMATCH"

    def test_no_rows_means_no_positions_only_when_the_broker_says_so(self) -> None:
        empty = with_rows("positions", {})
        assert said(positions_view(picture(empty)).empty) == "no positions, confirmed by the broker"

    @pytest.mark.parametrize("missing", ["link", "core", "reconcile"])
    def test_no_rows_are_unknown_when_anything_is_missing_for_the_proof(self, missing: str) -> None:
        state = with_rows("positions", {})
        live = status(Phase.DOWN) if missing == "core" else status(Phase.LIVE)
        if missing == "link":
            state["link"] = {"link": link_row(state="SYNCING")}
        if missing == "reconcile":
            state["account"]["account"]["reconciled_ns"] = None
        assert said(positions_view(picture(state, link=live)).empty).startswith("UNKNOWN")

    def test_losses_are_red_and_signed(self) -> None:
        row = cells(positions_view(picture()), "QQQ")
        assert (row["OPEN P&L"].text, row["OPEN P&L"].tone) == ("-50.00", Tone.BAD)


class TestOrders:
    def test_unknown_orders_come_first_then_live_ones_then_the_newest(self) -> None:
        rows = {
            "new": order_row("A", "FILLED", minutes_ago=0),
            "old": order_row("B", "FILLED", minutes_ago=9),
            "live": order_row("C", "WORKING", minutes_ago=30, live=True),
            "doubt": order_row("D", "UNKNOWN", minutes_ago=60, live=True),
        }
        view = orders_view(picture(with_rows("orders", rows)))
        assert [row.key for row in view.rows] == ["doubt", "live", "new", "old"]
        assert view.info == "2 may be live, 1 UNKNOWN"

    def test_an_order_whose_life_is_not_told_counts_as_live(self) -> None:
        row = order_row("SPY", "SOMETHING_NEW")
        del row["live"]
        assert orders_view(picture(with_rows("orders", {"x": row}))).info == "1 may be live"

    @pytest.mark.parametrize(
        ("changes", "shown"),
        [
            ({"avg_price": 10.5, "limit_price": 11.0}, "10.50"),
            ({"limit_price": 11.0}, "11.00"),
            ({"limit_price": None, "stop_price": 12.0}, "12.00"),
            ({"limit_price": None}, "market"),
        ],
    )
    def test_the_price_is_the_one_it_got_else_the_one_it_asks(self, changes: Row, shown: str) -> None:
        view = orders_view(picture(with_rows("orders", {"x": {**order_row("SPY", "WORKING"), **changes}})))
        assert cells(view, "x")["PRICE"].text == shown

    def test_the_broker_s_words_are_the_note_where_there_are_any(self) -> None:
        order = order_row("SPY", "REJECTED", last_code=201, last_text="order rejected - margin")
        view = orders_view(picture(with_rows("orders", {"x": order})))
        assert cells(view, "x")["NOTE"].text == "201 order rejected - margin"

    def test_the_blotter_is_bounded(self) -> None:
        rows = {str(n): order_row("SPY", "FILLED", minutes_ago=n) for n in range(300)}
        assert len(orders_view(picture(with_rows("orders", rows))).rows) == 200


class TestRisk:
    def test_a_limit_that_cannot_be_measured_says_so(self) -> None:
        view = risk_view(picture(with_rows("risk", {"X": risk_row("daily loss", None, 500.0)})))
        assert [cell.text for cell in view.rows[0].cells] == ["daily loss", "unknown", "-/500"]

    def test_a_breach_is_a_word_and_counted(self) -> None:
        view = risk_view(picture(with_rows("risk", {"X": risk_row("daily loss", 600.0, 500.0)})))
        assert view.rows[0].cells[1].text == "BREACH"
        assert view.info == "1 BREACHED"

    def test_what_is_breached_stands_first_because_a_small_screen_shows_few_limits(self) -> None:
        rows: dict[str, Row] = {str(n): risk_row(f"limit {n}", 1.0, 2.0) for n in range(9)}
        rows["SLIPPAGE"] = risk_row("worst slippage", 60.0, 50.0, "bp")
        view = risk_view(picture(with_rows("risk", rows)))
        assert [row.key for row in view.rows[:3]] == ["SLIPPAGE", "0", "1"]

    def test_a_limit_nearly_used_up_warns(self) -> None:
        view = risk_view(picture(with_rows("risk", {"X": risk_row("drawdown", 2.5, 3.0, "%")})))
        assert view.rows[0].cells[1].tone is Tone.WARN
        assert view.rows[0].cells[2].text == "2.50/3%"

    def test_the_label_of_every_limit_fits_its_column(self) -> None:
        world = World()
        world.connect()
        rows: dict[str, Row] = {
            code: risk_row(str(row["label"]), 1.0, 2.0) for code, row in risk_rows(world.core.state, world.now).items()
        }
        rows |= {item.code: risk_row(item.label, 1.0, 2.0) for item in POST_CONTROLS}
        view = risk_view(picture(with_rows("risk", rows)))
        assert len(view.rows) > 12
        assert [
            cell.text for cell, *_ in (row.cells for row in view.rows) if len(cell.text) > view.columns[0].width
        ] == []


class TestConnection:
    def test_the_link_s_state_comes_first_with_its_reason(self) -> None:
        state = {**demo_state(), "link": {"link": link_row(state="DISCONNECTED", reason="refused", since_s=90.0)}}
        view = connection_view(picture(state))
        assert values(view, "broker") == ["broker", "DISCONNECTED 1m refused"]

    def test_a_failed_strategy_is_shown_with_its_reason(self) -> None:
        state = with_rows("strategies", {"momentum": {"state": "failed", "reason": "KeyError: 'x'"}})
        view = connection_view(picture(state))
        assert values(view, "strategy momentum") == ["strategy", "momentum failed KeyError: 'x'"]

    def test_before_the_core_speaks_there_is_nothing_to_claim(self) -> None:
        assert connection_view(picture({})).rows == ()

    def test_a_closed_market_says_when_it_opens(self) -> None:
        state = demo_state()
        state["core"]["core"] = {**state["core"]["core"], "session_open": False}
        assert values(connection_view(picture(state)), "session") == ["session", "closed opens 09:30:00"]


class TestLog:
    def test_the_core_s_lines_and_the_operator_s_come_in_order_of_arrival(self) -> None:
        tail, state = LogTail(), demo_state()
        tail.view(picture(state))
        mine = (OperatorLine(1, Status.PENDING, "pause: PENDING"),)
        tail.view(picture(state, lines=mine))
        state["log"]["6"] = log_row("paused")
        view = tail.view(picture(state, lines=mine))
        assert [row.cells[3].text for row in view.rows][-2:] == ["pause: PENDING", "paused"]

    def test_lines_the_core_has_dropped_stay_and_none_comes_twice(self) -> None:
        tail, state = LogTail(), demo_state()
        before = tail.view(picture(state)).rows
        state["log"] = {"5": state["log"]["5"], "6": log_row("new")}
        after = tail.view(picture(state)).rows
        assert after[: len(before)] == before
        assert len(after) == len(before) + 1

    def test_another_core_s_log_follows_the_old_one_s(self) -> None:
        tail, state = LogTail(), demo_state()
        before = len(tail.view(picture(state)).rows)
        state["core"]["core"] = {**state["core"]["core"], "pid": 99}
        state["log"] = {"1": log_row("started anew")}
        rows = tail.view(picture(state)).rows
        assert len(rows) == before + 1
        assert len({row.key for row in rows}) == len(rows)

    def test_the_log_is_bounded(self) -> None:
        state = with_rows("log", {str(n): log_row(f"line {n}") for n in range(MOST + 100)})
        rows = LogTail().view(picture(state)).rows
        assert len(rows) == MOST
        assert rows[-1].cells[3].text == f"line {MOST + 99}"

    @pytest.mark.parametrize("key", ["", "x", "-1", "1.5", "²"])
    def test_a_key_that_is_no_number_is_left_out(self, key: str) -> None:
        assert LogTail().view(picture(with_rows("log", {key: log_row("x")}))).rows == ()


class TestAlerts:
    def test_the_newest_alert_comes_first_with_its_delivery(self) -> None:
        state = demo_state()
        state["alerts"]["2"] = {**state["alerts"]["1"], "delivery": "failed", "detail": "63016 outside the window"}
        view = alerts_view(picture(state))
        assert [row.key for row in view.rows] == ["2", "1"]
        assert cells(view, "2")["DELIVERY"].text == "failed"
        assert "63016" in cells(view, "2")["TEXT"].tail
        assert newest_alert(picture(state)) == 2


columns = st.lists(
    st.builds(Column, title=st.just("T"), width=st.integers(1, 12), priority=st.integers(0, 5)), min_size=1, max_size=8
)


@given(columns, st.integers(0, 100))
def test_columns_that_are_shown_fit_and_the_least_needed_go_first(given_columns: list[Column], width: int) -> None:
    fitted = fit_columns(given_columns, width)
    assert sum(size + 1 for _, size in fitted) - 1 <= width
    assert [index for index, _ in fitted] == sorted(index for index, _ in fitted)
    shown = {index for index, _ in fitted}
    worst_shown = max((given_columns[index].priority for index in shown), default=0)
    hidden = [column.priority for index, column in enumerate(given_columns) if index not in shown]
    assert not shown or all(priority >= worst_shown for priority in hidden)


def test_a_stretching_column_takes_what_is_left() -> None:
    fitted = fit_columns((Column(title="A", width=4), Column(title="B", width=3, stretch=True)), 20)
    assert fitted == [(0, 4), (1, 15)]


junk: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=4)
)
fields = st.sampled_from(tuple({**order_row("A", "NEW"), **symbol_row(0), **position_row(1, 1), **risk_row("a", 1, 1)}))


@given(st.sampled_from(("symbols", "positions", "orders", "risk", "strategies", "log", "alerts")), st.data())
def test_rows_of_another_shape_break_no_panel(section: str, data: st.DataObject) -> None:
    rows: dict[str, Row] = data.draw(st.dictionaries(st.text(max_size=2), st.dictionaries(fields, junk), max_size=3))
    shown = picture(with_rows(section, rows))
    views = (connection_view, quotes_view, positions_view, orders_view, risk_view, LogTail().view, alerts_view)
    for build in views:
        assert isinstance(build(shown), GridView)


def test_an_accepted_command_is_still_open() -> None:
    assert sent("flatten", Status.ACCEPTED).open
    assert not sent("flatten", Status.DONE).open
