"""The fault catalogue: what real gateways, brokers and markets do to a client, on demand, by schedule or by chance."""
