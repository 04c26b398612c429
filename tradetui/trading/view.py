"""What the control socket shows of the core: sections of flat rows (see control/row_fields.py for their fields).

Pure reading; the shell adds what only it knows (link figures, latencies, deliveries). Nothing here claims more than the
broker confirmed: a pending cancel is not a cancelled order, an unknown position is not flat.
"""

from __future__ import annotations

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.order import BrokerOrder, OrderRecord
from tradetui.domain.tick import DataType
from tradetui.trading.arming import arming_digest, arming_rows, is_armed, last_armed
from tradetui.trading.exposure import exposure_of
from tradetui.trading.latches import unresolved_text
from tradetui.trading.meters import risk_rows
from tradetui.trading.rearm import off_text
from tradetui.trading.review import review_items, review_text
from tradetui.trading.state import CoreState

Value = None | bool | int | float | str | list[float] | list[str] | dict[str, float]
Row = dict[str, Value]
Section = dict[str, Row]

BLOTTER_ROWS = 200
FILL_ROWS = 200


def view(state: CoreState, now: Now) -> dict[str, Section]:
    """Return all sections the core can fill."""
    return {
        "core": {"core": _core(state, now)},
        "account": {"account": _account(state)},
        "latches": _latches(state),
        "symbols": {symbol: _symbol(state, now, symbol) for symbol in state.instruments},
        "positions": _positions(state),
        "orders": _orders(state),
        "fills": _fills(state),
        "risk": risk_rows(state, now),
        "limits": _limits(state),
        "strategies": _strategies(state),
        "alerts": _alerts(state),
        "log": _log(state),
        "review": _review(state),
        "arming": {name: {**row} for name, row in arming_rows(state).items()},
    }


def _core(state: CoreState, now: Now) -> Row:
    session = state.settings.calendar.session_at(now.market_ns)
    upcoming = session or state.settings.calendar.current_or_next(now.market_ns)
    run = state.flatten
    return {
        "state": state.trading_state.name,
        "why": state.trading_why,
        "market_ns": now.market_ns,
        "session_date": upcoming.date.isoformat(),
        "session_open": session is not None,
        "session_opens_ns": upcoming.open_ns,
        "session_closes_ns": upcoming.close_ns,
        "journal": "ok" if state.journal_ok else "failing",
        "health": "; ".join(state.health.values()),
        "flatten": "" if run is None else (run.outcome or run.phase),
        "kill_pending": state.kill is not None,
        "review": review_text(state),
        "armed": is_armed(state),
        "acknowledged": state.acknowledged,
        "acknowledged_by": state.acknowledged_by,
        "last_armed": last_armed(state),
        "arming_digest": arming_digest(state.settings.arming) if state.settings.live else "",
        "limits_version": state.limit_book.version,
        "bars": state.counts_bars,
        "signals": state.counts_signals,
        "orders_sent": state.counts_orders,
        "refusals": state.counts_refusals,
    }


def _account(state: CoreState) -> Row:
    values = state.account_values
    equity = state.equity()
    worths = [
        position.qty * mark * state.multiplier(position.symbol) if mark is not None else None
        for position in state.ledger.positions()
        if position.qty
        for mark in [state.mark(position.symbol)]
    ]
    known = [worth for worth in worths if worth is not None]
    complete = len(known) == len(worths)
    gross = sum(abs(worth) for worth in known) if complete else None
    return {
        "equity": equity,
        "cash": state.ledger.cash,
        "day_pnl": state.day_pnl(),
        "realized": state.ledger.realized,
        "unrealized": state.unrealized(),
        "commissions": state.ledger.commissions,
        "drawdown_pct": state.drawdown_pct(),
        "gross": gross,
        "net": sum(known) if complete else None,
        "leverage": gross / equity if gross is not None and equity else None,
        "provisional": state.ledger.is_provisional,
        "currency": values.currency if values is not None else "USD",
        "broker_equity": values.net_liquidation if values is not None else None,
        "broker_cash": values.cash if values is not None else None,
        "cash_difference": state.cash_difference,
        "reconciled_ns": state.last_reconcile_ns,
    }


def _latches(state: CoreState) -> Section:
    return {
        key: {
            "state": latch.state.name,
            "who": latch.who,
            "why": latch.why,
            "ts_ns": latch.ts_ns,
            "cleared_by": latch.cleared_by.value,
            "symbol": latch.symbol,
            "strategy": latch.strategy,
        }
        for key, latch in state.latches.items()
    }


def _symbol(state: CoreState, now: Now, symbol: str) -> Row:
    quote = state.quotes.get(symbol)
    bar = state.last_bars.get(symbol)
    last = quote.last if quote is not None else None
    prior = quote.prior_close if quote is not None else None
    return {
        "bid": quote.bid if quote else None,
        "ask": quote.ask if quote else None,
        "bid_size": quote.bid_size if quote else None,
        "ask_size": quote.ask_size if quote else None,
        "last": last,
        "prior_close": prior,
        "change_pct": (last / prior - 1) * 100 if last is not None and prior else None,
        "volume": quote.volume if quote else None,
        # Whole seconds: a screen that shows tenths would be repainted for nothing.
        "age_s": float((now.mono_ns - quote.mono_ns) // SECOND_NS) if quote else None,
        "data_type": int(quote.data_type) if quote else int(DataType.LIVE),
        "halted": quote.halted if quote else False,
        "bar_end_ns": bar.end_ns if bar else None,
        "bar_open": bar.open if bar else None,
        "bar_high": bar.high if bar else None,
        "bar_low": bar.low if bar else None,
        "bar_close": bar.close if bar else None,
        "bar_volume": bar.volume if bar else None,
        "bars": state.bar_counts.get(symbol, 0),
        "spark": list(state.closes.get(symbol, ())),
        "blocked": unresolved_text(state, symbol),
    }


def _positions(state: CoreState) -> Section:
    known = state.broker_positions if state.session is not SessionState.DISCONNECTED else None
    symbols = {position.symbol for position in state.ledger.positions() if position.qty}
    symbols |= {symbol for symbol, qty in (known or {}).items() if qty}
    symbols |= set(state.mismatches)
    owners: dict[str, dict[str, float]] = {}
    for owner, position in state.ledger.owner_positions():
        if position.qty:
            owners.setdefault(position.symbol, {})[owner] = position.qty
    rows: Section = {}
    for symbol in sorted(symbols):
        position, mark = state.ledger.position(symbol), state.mark(symbol)
        multiplier = state.multiplier(symbol)
        rows[symbol] = {
            "qty": position.qty,
            "avg_cost": position.avg_cost,
            "mark": mark,
            "value": position.qty * mark * multiplier if mark is not None else None,
            "unrealized": position.unrealized(mark, multiplier) if mark is not None else None,
            "realized": position.realized,
            "broker_qty": None if known is None else known.get(symbol, 0.0),
            "mismatch": symbol in state.mismatches,
            "managed": symbol in state.instruments,
            "worst": exposure_of(state, symbol).worst,
            "owners": owners.get(symbol, {}),
        }
    return rows


def _orders(state: CoreState) -> Section:
    recent = list(state.book.all())[-BLOTTER_ROWS:]
    shown = {order.intent.intent_id: order for order in [*state.book.live(), *recent]}
    rows = {key: _order(order) for key, order in shown.items()}
    for perm_id, external in state.externals.items():
        rows[f"perm:{perm_id}"] = _external(external)
    return rows


def _order(order: OrderRecord) -> Row:
    intent = order.intent
    return {
        "owner": intent.strategy,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "qty": intent.qty,
        "filled": order.filled,
        "order_type": intent.order_type.value,
        "limit_price": intent.limit_price,
        "stop_price": intent.stop_price,
        "tif": intent.tif.value,
        "purpose": intent.purpose.value,
        "state": order.state.value,
        "live": order.is_live,
        "avg_price": order.avg_price,
        "commission": order.commission,
        "perm_id": order.perm_id,
        "order_id": order.order_id,
        "broker_status": order.broker_status,
        "last_code": order.last_code,
        "last_text": order.last_text,
        "reason": intent.reason,
        "created_ns": order.created_ns,
        "updated_ns": order.updated_ns,
    }


def _external(order: BrokerOrder) -> Row:
    return {
        "owner": "EXTERNAL",
        "symbol": order.symbol,
        "side": order.side.value,
        "qty": order.qty,
        "filled": order.filled or 0.0,
        "order_type": order.order_type,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "tif": order.tif,
        "purpose": "manual",
        "state": "WORKING",
        "live": True,
        "avg_price": None,
        "commission": None,
        "perm_id": order.perm_id,
        "order_id": order.order_id,
        "broker_status": order.status,
        "last_code": None,
        "last_text": "",
        "reason": "",
        "created_ns": 0,
        "updated_ns": 0,
    }


def _fills(state: CoreState) -> Section:
    rows: Section = {}
    for booked in list(state.ledger.fills())[-FILL_ROWS:]:
        fill = booked.fill
        rows[fill.exec_id.rpartition(".")[0] or fill.exec_id] = {
            "ts_ns": fill.ts_ns,
            "owner": booked.owner,
            "symbol": fill.symbol,
            "side": fill.side.value,
            "qty": fill.qty,
            "price": fill.price,
            "commission": booked.commission,
            "intent_id": intent_of_ref(fill.order_ref),
        }
    return rows


def _limits(state: CoreState) -> Section:
    staged = state.limit_book.staged
    return {
        name: {
            "value": item.value,
            "file": item.file_value,
            "staged": item.staged if name in staged else None,
            "staged_date": item.staged_date,
            "what": item.what,
            "who": item.who,
            "reason": item.reason,
            "ts_ns": item.ts_ns,
            "version": item.version,
        }
        for name, item in sorted(state.limit_book.log.items())
    }


def _strategies(state: CoreState) -> Section:
    rows: Section = {}
    for setting in state.settings.strategies:
        facts = state.strategies[setting.name]
        positions = [state.ledger.position_of(setting.name, symbol) for symbol in setting.symbols]
        opens = [
            position.unrealized(mark, state.multiplier(position.symbol)) if mark is not None else None
            for position in positions
            if position.qty
            for mark in [state.mark(position.symbol)]
        ]
        known = [value for value in opens if value is not None]
        rows[setting.name] = {
            "state": facts.state,
            "reason": facts.reason,
            "off": off_text(state, setting.name),
            "symbols": list(setting.symbols),
            "bar_size": setting.bar_size,
            "last_bar_ns": facts.last_bar_ns,
            "decisions": facts.decisions,
            "signals": facts.signals,
            "refusals": facts.refusals,
            "errors": facts.errors,
            "realized": sum(position.realized for position in positions),
            "unrealized": sum(known) if len(known) == len(opens) else None,
        }
    return rows


def _alerts(state: CoreState) -> Section:
    return {
        str(alert.number): {
            "ts_ns": alert.market_ns,
            "severity": alert.severity.name,
            "cause": alert.cause,
            "text": alert.text,
            "symbol": alert.symbol,
        }
        for alert in state.alerts
    }


def _review(state: CoreState) -> Section:
    return {
        f"{number:02d}": {
            "key": item.key,
            "kind": item.kind.value,
            "symbol": item.symbol,
            "text": item.text,
            "action": item.action,
            "blocks": item.blocks,
        }
        for number, item in enumerate(review_items(state), start=1)
    }


def _log(state: CoreState) -> Section:
    return {
        str(number): {
            "ts_ns": note.ts_ns,
            "level": note.level,
            "topic": note.topic,
            "text": note.text,
            "symbol": note.symbol,
        }
        for number, note in state.notes
    }
