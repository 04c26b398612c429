"""The whole shell in simulation: engine, IB library and paper gateway, all real, on one virtual clock."""
