"""The deterministic core: `TradingCore.step(event, now) -> actions`. No I/O, clock, randomness or asyncio in here."""
