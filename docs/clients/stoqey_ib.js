// Trade against a running paper gateway with the npm client @stoqey/ib and say what was missing.
//
//   npm install @stoqey/ib@1.6.10
//   tradetui gateway --port 4002 --speed 5 --start 2026-03-16T15:00-04:00
//   node stoqey_ib.js 4002
//
// Exit code 0 when everything asked for came, 1 with the list of what did not.

const stoqey = require("@stoqey/ib");

const { DurationUnit, EventName, IBApi, OptionType, OrderAction, OrderType, ScanCode, SecType, TimeInForce } = stoqey;

const port = Number(process.argv[2] ?? 4002);
const LIMIT_MS = 30000;
const ib = new IBApi({ host: "127.0.0.1", port, clientId: 11 });
const heard = {};
const errors = [];
const missing = [];
const EXPECTED = new Set([200, 202, 399, 2104, 2106, 2158]);
const SPY_ID = 756733;
const TICKS = {
  TRADES: EventName.historicalTicksLast,
  BID_ASK: EventName.historicalTicksBidAsk,
  MIDPOINT: EventName.historicalTicks,
};
// Buys that wait at any price near the market's, then buys that trade with the next prints.
const RESTING = {
  LMT: { lmtPrice: 100 },
  STP: { auxPrice: 2000 },
  "STP LMT": { auxPrice: 2000, lmtPrice: 2001 },
  TRAIL: { auxPrice: 900, trailStopPrice: 2000 },
  "TRAIL LIMIT": { auxPrice: 900, trailStopPrice: 2000, lmtPriceOffset: 2 },
  MIT: { auxPrice: 100 },
  LIT: { auxPrice: 100, lmtPrice: 101 },
  REL: { auxPrice: 0.01, lmtPrice: 100 },
  MIDPRICE: { lmtPrice: 100 },
  MOC: {},
  LOC: { lmtPrice: 100 },
};
const TRADING = {
  LMT: { lmtPrice: 2000 },
  STP: { auxPrice: 100 },
  "STP LMT": { auxPrice: 100, lmtPrice: 2000 },
  TRAIL: { auxPrice: 5, trailStopPrice: 100 },
  MIT: { auxPrice: 2000 },
  LIT: { auxPrice: 2000, lmtPrice: 2000 },
};
const spy = { symbol: "SPY", secType: SecType.STK, exchange: "SMART", currency: "USD" };

for (const name of Object.values(EventName)) {
  heard[name] = [];
  ib.on(name, (...told) => heard[name].push(told));
}
ib.on(EventName.error, (error, code, request) => errors.push([request, code, error.message]));

const said = (name, condition = () => true) => heard[name].find((told) => condition(...told));

async function wait(what, condition) {
  const end = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > end) {
      missing.push(what);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function ask(name, question, condition) {
  question();
  await wait(name, () => said(name, condition));
}

const status = (id) => heard[EventName.orderStatus].filter((told) => told[0] === id).map((told) => told[1]);
const reaches = (id, wanted) => wait(`order ${id} ${wanted}`, () => wanted.some((one) => status(id).includes(one)));

function order(id, type, fields) {
  const made = { action: OrderAction.BUY, totalQuantity: 10, orderType: type, tif: TimeInForce.DAY, transmit: true };
  ib.placeOrder(id, spy, { ...made, ...fields });
}

async function questions() {
  await ask(EventName.currentTime, () => ib.reqCurrentTime());
  await ask(EventName.positionEnd, () => ib.reqPositions());
  await ask(EventName.openOrderEnd, () => ib.reqAllOpenOrders());
  await ask(EventName.completedOrdersEnd, () => ib.reqCompletedOrders(false));
  await ask(EventName.accountSummaryEnd, () => ib.reqAccountSummary(1, "All", "NetLiquidation,BuyingPower"));
  await ask(EventName.contractDetailsEnd, () => ib.reqContractDetails(2, spy));
  await ask(EventName.symbolSamples, () => ib.reqMatchingSymbols(3, "S"));
  await ask(EventName.headTimestamp, () => ib.reqHeadTimestamp(4, spy, "TRADES", true, 1));
  await ask(
    EventName.historicalData,
    () => ib.reqHistoricalData(5, spy, "", "1 D", "1 min", "TRADES", 1, 1, false),
    (request, date) => request === 5 && String(date).startsWith("finished"),
  );
  ib.reqMktData(6, spy, "233", false, false);
  await wait("tickPrice", () => said(EventName.tickPrice, (request) => request === 6));
  await wait("tickSize", () => said(EventName.tickSize, (request) => request === 6));
  ib.cancelMktData(6);
  await ask(EventName.realtimeBar, () => ib.reqRealTimeBars(7, spy, 5, "TRADES", true));
  await ask(EventName.tickByTickBidAsk, () => ib.reqTickByTickData(8, spy, "BidAsk", 0, false));
  await ask(EventName.pnl, () => ib.reqPnL(9, "DU1234567", ""));
}

async function research() {
  const noon = "20260316 12:00:00 US/Eastern";
  for (const [what, name] of Object.entries(TICKS)) {
    const condition = (request, ticks) => request === 20 && ticks.length >= 10;
    await ask(name, () => ib.reqHistoricalTicks(20, spy, noon, "", 10, what, 1, false), condition);
  }
  await ask(EventName.histogramData, () => ib.reqHistogramData(21, spy, true, 1, DurationUnit.DAY));
  await ask(EventName.historicalSchedule, () =>
    ib.reqHistoricalData(22, spy, "", "5 D", "1 day", "SCHEDULE", 1, 1, false),
  );
  await ask(EventName.securityDefinitionOptionParameterEnd, () => ib.reqSecDefOptParams(23, "SPY", "", "STK", SPY_ID));
  const [, , , , , expiries, strikes] = heard[EventName.securityDefinitionOptionParameter].at(-1);
  const strike = strikes[Math.floor(strikes.length / 2)];
  const option = { ...spy, secType: SecType.OPT, lastTradeDateOrContractMonth: expiries[2], strike, right: OptionType.Call };
  await ask(EventName.tickOptionComputation, () => ib.calculateOptionPrice(24, option, 0.2, strike));
  await ask(EventName.updateMktDepth, () => ib.reqMktDepth(25, spy, 5, false));
  ib.cancelMktDepth(25, false);
  await ask(EventName.updateMktDepthL2, () => ib.reqMktDepth(26, spy, 5, true));
  ib.cancelMktDepth(26, true);
  await ask(EventName.mktDepthExchanges, () => ib.reqMktDepthExchanges());
  await ask(EventName.scannerParameters, () => ib.reqScannerParameters());
  const scan = { numberOfRows: 5, instrument: "STK", locationCode: "STK.US.MAJOR", scanCode: ScanCode.MOST_ACTIVE };
  await ask(EventName.scannerDataEnd, () => ib.reqScannerSubscription(27, scan));
  await ask(EventName.newsProviders, () => ib.reqNewsProviders());
  await ask(EventName.historicalNewsEnd, () => ib.reqHistoricalNews(28, SPY_ID, "PAPER", "", "", 3));
  const [, , provider, article] = heard[EventName.historicalNews].at(-1);
  await ask(EventName.newsArticle, () => ib.reqNewsArticle(29, provider, article));
}

async function orders() {
  await wait("nextValidId", () => heard[EventName.nextValidId].length > 0);
  let id = heard[EventName.nextValidId].at(-1)[0];
  order(id, OrderType.MKT, { orderRef: "javascript" });
  await reaches(id, ["Filled"]);
  await wait("execDetails", () => said(EventName.execDetails, (_, __, execution) => execution.orderRef === "javascript"));
  await wait("commissionReport", () => heard[EventName.commissionReport].length > 0);
  for (const [type, fields] of Object.entries(RESTING)) {
    id += 1;
    order(id, type, fields);
    await reaches(id, ["Submitted", "PreSubmitted"]);
    order(id, type, { ...fields, totalQuantity: 20 });
    const changed = (told, _, sent) => told === id && sent.totalQuantity === 20;
    await wait(`changed ${type}`, () => said(EventName.openOrder, changed));
    ib.cancelOrder(id);
    await reaches(id, ["Cancelled"]);
  }
  for (const [type, fields] of Object.entries(TRADING)) {
    id += 1;
    order(id, type, fields);
    await reaches(id, ["Filled"]);
  }
  const parent = id + 1;
  const exit = { action: OrderAction.SELL, parentId: parent };
  order(parent, OrderType.LMT, { lmtPrice: 2000, transmit: false });
  order(parent + 1, OrderType.LMT, { ...exit, lmtPrice: 2000, transmit: false });
  order(parent + 2, OrderType.STP, { ...exit, auxPrice: 2000, ocaType: 1 });
  await reaches(parent, ["Filled"]);
  await reaches(parent + 2, ["Filled"]);
  await reaches(parent + 1, ["Cancelled"]);
  id = parent + 3;
  const group = { ocaGroup: "javascript", ocaType: 1 };
  order(id, OrderType.LMT, { ...group, lmtPrice: 100 });
  await reaches(id, ["Submitted"]);
  order(id + 1, OrderType.LMT, { ...group, lmtPrice: 2000 });
  await reaches(id + 1, ["Filled"]);
  await reaches(id, ["Cancelled"]);
  id += 2;
  order(id, OrderType.MKT, { totalQuantity: 100, whatIf: true });
  await wait("whatIf", () => said(EventName.openOrder, (told, _, __, state) => told === id && state.initMarginChange > 0));
  await ask(EventName.execDetailsEnd, () => ib.reqExecutions(10, {}));
}

async function main() {
  ib.connect();
  await wait("connected", () => heard[EventName.managedAccounts].length > 0);
  await questions();
  await research();
  await orders();
  const surprises = errors.filter(([, code]) => !EXPECTED.has(code));
  console.log(JSON.stringify({ version: ib.serverVersion, missing, surprises }, null, 2));
  ib.disconnect();
  process.exitCode = missing.length || surprises.length ? 1 : 0;
}

main().catch((error) => {
  console.log(JSON.stringify({ missing: [...missing, String(error.stack)], surprises: errors }, null, 2));
  process.exit(1);
});
