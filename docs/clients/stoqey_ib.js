// Trade against a running paper gateway with the npm client @stoqey/ib and say what was missing.
//
//   npm install @stoqey/ib@1.6.10
//   tradetui gateway --port 4002 --speed 5 --start 2026-03-16T10:00-04:00
//   node stoqey_ib.js 4002
//
// Exit code 0 when everything asked for came, 1 with the list of what did not.

const { EventName, IBApi, OrderAction, OrderType, SecType, TimeInForce } = require("@stoqey/ib");

const port = Number(process.argv[2] ?? 4002);
const LIMIT_MS = 15000;
const ib = new IBApi({ host: "127.0.0.1", port, clientId: 11 });
const heard = {};
const errors = [];
const missing = [];
const EXPECTED = new Set([200, 202, 399, 2104, 2106, 2158]);
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

async function orders() {
  await wait("nextValidId", () => heard[EventName.nextValidId].length > 0);
  let id = heard[EventName.nextValidId].at(-1)[0];
  order(id, OrderType.MKT, { orderRef: "javascript" });
  await reaches(id, ["Filled"]);
  await wait("execDetails", () => said(EventName.execDetails, (_, __, execution) => execution.orderRef === "javascript"));
  await wait("commissionReport", () => heard[EventName.commissionReport].length > 0);
  const resting = { LMT: { lmtPrice: 100 }, STP: { auxPrice: 2000 }, "STP LMT": { auxPrice: 2000, lmtPrice: 2001 } };
  for (const [type, fields] of Object.entries(resting)) {
    id += 1;
    order(id, type, fields);
    await reaches(id, ["Submitted", "PreSubmitted"]);
    order(id, type, { ...fields, totalQuantity: 20 });
    const changed = (told, _, sent) => told === id && sent.totalQuantity === 20;
    await wait(`changed ${type}`, () => said(EventName.openOrder, changed));
    ib.cancelOrder(id);
    await reaches(id, ["Cancelled"]);
  }
  id += 1;
  order(id, OrderType.MKT, { totalQuantity: 100, whatIf: true });
  await wait("whatIf", () => said(EventName.openOrder, (told, _, __, state) => told === id && state.initMarginChange > 0));
  await ask(EventName.execDetailsEnd, () => ib.reqExecutions(10, {}));
}

async function main() {
  ib.connect();
  await wait("connected", () => heard[EventName.managedAccounts].length > 0);
  await questions();
  await orders();
  const surprises = errors.filter(([, code]) => !EXPECTED.has(code));
  console.log(JSON.stringify({ version: ib.serverVersion, missing, surprises }, null, 2));
  ib.disconnect();
  process.exitCode = missing.length || surprises.length ? 1 : 0;
}

main();
