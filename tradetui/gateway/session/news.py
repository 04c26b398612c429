"""Requests for news.

Invariant: an article can be read under the id that its headline gave; another id gets IB's code.
"""

from datetime import UTC, datetime
from typing import Final

from tradetui.domain.clock import to_datetime, to_ns
from tradetui.gateway.session import codes, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.news_desk import PROVIDER, PROVIDER_NAME, Report, reports
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire import replies_research as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record

MAX_HEADLINES: Final = 300
_PLAIN_TEXT: Final = 0


def providers(client: ClientSession, _request: Record) -> None:
    """Whose news there is: the gateway's own."""
    client.send(reply.NEWS_PROVIDERS, providers=[Record(code=PROVIDER, name=PROVIDER_NAME)])


def bulletins(client: ClientSession, request: Record) -> None:
    """What the exchange announces from now on, and on request what it has announced."""
    client.hub.bulletins.subscribe(client, with_past=request.flag("allMessages"))


def cancel_bulletins(client: ClientSession, _request: Record) -> None:
    """No more bulletins."""
    client.hub.bulletins.drop(client)


def historical_news(client: ClientSession, request: Record) -> None:
    """Headlines about one instrument, newest first."""
    identity = request_id(request)
    wanted = {word.strip() for word in request.text("providers").replace("+", ",").split(",")}
    if PROVIDER not in wanted:
        client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid provider codes {request.text('providers')}"))
        return
    contract = _listed(client, request.integer("conId") or 0)
    if contract is None:
        client.error(identity, codes.NO_DEFINITION, codes.NO_DEFINITION_TEXT)
        return
    try:
        start_ns, end_ns = _moment(request.text("start")), _moment(request.text("end"))
    except ValueError:
        client.error(identity, codes.BAD_TIME, codes.BAD_TIME_TEXT)
        return
    now_ns = client.hub.now_ns()
    count = min(max(request.integer("count") or 0, 1), MAX_HEADLINES)
    found = reports(client.hub.market, contract, min(end_ns or now_ns, now_ns), count + 1)
    chosen = [report for report in found if start_ns is None or report.bar.end_ns >= start_ns]
    for report in chosen[:count]:
        client.send(
            reply.HISTORICAL_NEWS,
            reqId=identity,
            time=f"{to_datetime(report.bar.end_ns):%Y-%m-%d %H:%M:%S}.0",
            provider=PROVIDER,
            articleId=report.article_id,
            headline=report.headline,
        )
    client.send(reply.HISTORICAL_NEWS_END, reqId=identity, hasMore=len(chosen) > count)


def article(client: ClientSession, request: Record) -> None:
    """The text of one article."""
    identity = request_id(request)
    report = _report(client, request.text("provider"), request.text("articleId"))
    if report is None:
        text = "Failed to request news article:No data available"
        client.error(identity, codes.NO_ARTICLE, text)
        return
    client.send(reply.NEWS_ARTICLE, reqId=identity, type=_PLAIN_TEXT, text=report.text)


def send_latest(client: ClientSession, request_id: int, contract: Contract) -> None:
    """tickNews (84): the newest headline about an instrument, for market data with generic tick 292."""
    for report in reports(client.hub.market, contract, client.hub.now_ns(), 1):
        client.send(
            reply.TICK_NEWS,
            reqId=request_id,
            time=report.bar.end_ns // 1_000_000,
            provider=PROVIDER,
            articleId=report.article_id,
            headline=report.headline,
            extra="",
        )


def _report(client: ClientSession, provider: str, article_id: str) -> Report | None:
    words = article_id.split("$")
    if provider != PROVIDER or len(words) != 3 or not words[1].isdecimal():
        return None
    contract = _listed(client, int(words[1]))
    try:
        day_ns = times.parse(words[2])
    except ValueError:
        return None
    if contract is None or day_ns is None:
        return None
    end_ns = min(client.hub.market.calendar.midnight_after(day_ns), client.hub.now_ns())
    found = reports(client.hub.market, contract, end_ns, 1)
    return next((report for report in found if report.article_id == article_id), None)


def _listed(client: ClientSession, con_id: int) -> Contract | None:
    found = client.hub.market.contract_details(Contract.numbered(con_id), client.hub.now_ns()) if con_id else []
    return found[0].contract if len(found) == 1 else None


def _moment(text: str) -> int | None:
    """A time as news requests spell it: `2026-03-16 00:00:00.0`, UTC, or any other of IB's spellings."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return times.parse(text)
    if "-" not in text.strip()[:8]:
        return times.parse(text)
    return to_ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


HANDLERS: Final[HandlerTable] = {
    ask.REQ_NEWS_PROVIDERS: providers,
    ask.REQ_NEWS_BULLETINS: bulletins,
    ask.CANCEL_NEWS_BULLETINS: cancel_bulletins,
    ask.REQ_HISTORICAL_NEWS: historical_news,
    ask.REQ_NEWS_ARTICLE: article,
}
