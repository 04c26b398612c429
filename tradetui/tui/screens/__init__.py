"""Screens: the main screen, the backtest screen, and the dialogs that lie over them."""
