"""The venue's state survives on disk whole or not at all, and a foreign or damaged one is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, DETAILS, FRIDAY, NOON, SPY, Desk, order, story
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.venue import codec, state_file
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import OrderRequest, OrderStatus
from tradetui.gateway.venue.venue import Venue


def restored(state: dict[str, object], **config: object) -> Desk:
    venue = Venue(
        config=VenueConfig(**config),  # type: ignore[arg-type]
        calendar=CALENDAR,
        instruments=DETAILS,
        state=state,
    )
    return Desk(venue)


def test_a_saved_venue_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "state" / "venue.json"
    desk = Desk()
    desk.send(order(order_ref="kept"), 5)
    desk.send(order("SELL", 100, "STP", stop=490.0, tif="GTC", echo=(("clearingIntent", "IB"),)), 6)
    state_file.save(path, desk.venue.to_state())
    loaded = state_file.load(path)
    assert loaded is not None
    copy = restored(loaded)
    assert (copy.held(), copy.cash(), copy.venue.next_order_id(1)) == (100, desk.cash(), 7)
    assert copy.venue.open_orders() == desk.venue.open_orders()
    assert "fill 100 @ 500.0" in story(copy.trade(489.0))


def test_deadlines_that_passed_while_it_was_down_are_kept() -> None:
    desk = Desk(cancel_latency_ns=SECOND_NS)
    desk.send(order("BUY", 1, "LMT", limit=400.0), 1)
    desk.send(order("BUY", 1, "LMT", limit=400.0, tif="GTC", good_after=NOON + 60 * SECOND_NS), 2)
    desk.send(order("BUY", 1, "LMT", limit=400.0, tif="GTC"), 3)
    desk.cancel(3)
    copy = restored(json.loads(json.dumps(desk.venue.to_state())))
    copy.pass_to(FRIDAY.close_ns + MINUTE_NS)
    assert [copy.status(order_id) for order_id in (1, 3)] == [OrderStatus.CANCELLED, OrderStatus.CANCELLED]
    assert [o.order_id for o in copy.venue.open_orders()] == [2]


def test_manual_orders_keep_the_ids_they_were_bound_to() -> None:
    desk = Desk()
    request = order("BUY", 1, "LMT", limit=400.0, tif="GTC")
    desk.venue.place_manual(request, desk.now_ns)
    desk.venue.bind_manual_orders(0)
    copy = restored(desk.venue.to_state())
    copy.venue.place_manual(request, desk.now_ns)
    copy.venue.bind_manual_orders(0)
    assert [o.order_id for o in copy.venue.open_orders(0)] == [-1, -2]
    assert story(copy.cancel(-1, client=0)) == ["status Cancelled", "error 202"]


def test_a_save_replaces_the_file_atomically_and_keeps_it_private(tmp_path: Path) -> None:
    path = tmp_path / "venue.json"
    state_file.save(path, {"version": 1})
    state_file.save(path, {"version": 2})
    assert state_file.load(path) == {"version": 2}
    assert [entry.name for entry in tmp_path.iterdir()] == ["venue.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_means_a_new_account(tmp_path: Path) -> None:
    assert state_file.load(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", ["not json", "[1]", ""])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "venue.json"
    path.write_text(content)
    with pytest.raises(OperatorError, match=r"venue\.json is not .*; delete it to start a new account"):
        state_file.load(path)


def test_a_folder_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OperatorError, match=r"cannot save the venue state to .*; check the folder"):
        state_file.save(blocked / "venue.json", {})
    with pytest.raises(OperatorError, match="cannot read the venue state"):
        state_file.load(tmp_path)


def test_foreign_damaged_and_mismatched_states_are_refused() -> None:
    desk = Desk()
    desk.send(order())
    state = desk.venue.to_state()
    with pytest.raises(OperatorError, match="version 99, this program writes 2; delete the state file"):
        restored({**state, "version": 99})
    with pytest.raises(OperatorError, match="venue state is damaged"):
        restored({**state, "next_perm_id": "many"})
    with pytest.raises(OperatorError, match="venue state is damaged"):
        restored({"version": 2})
    with pytest.raises(OperatorError, match="venue state holds SPY, which this market does not trade"):
        Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS[1:], state=state)


def test_the_saved_account_wins_over_the_configured_cash() -> None:
    desk = Desk()
    copy = restored(desk.venue.to_state(), starting_cash={"DU9": 5.0})
    assert copy.venue.accounts == (ACCOUNT,)


def test_every_kind_of_value_survives_json() -> None:
    request = order(
        "SELL", 7, "STP LMT", limit=1.25, stop=1.5, oca_group="g", echo=(("a", "1"), ("b", "")), good_till=3
    )
    data = json.loads(json.dumps(codec.to_data(request)))
    assert codec.from_data(OrderRequest, data) == request
    assert request.contract == SPY
    damaged: list[object] = [data | {"tif": 5}, data | {"new": 1}, data | {"echo": "ab"}, data | {"echo": [["a"]]}, []]
    for broken in damaged:
        with pytest.raises((ValueError, TypeError)):
            codec.from_data(OrderRequest, broken)
