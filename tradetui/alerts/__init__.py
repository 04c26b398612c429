"""Tell the operator what happened while nobody looked, and prove that the message arrived.

    core: outbox rows (journal) -> bridge ==pipe==> watcher: session -> desk (incidents, fanout) -> outbox -> dispatcher
    core: DeliverySaved         <- bridge <==pipe== watcher: reports <- lifecycle <- channel (WhatsApp through Twilio)

Pure: model, text, incidents, delivery, lifecycle, fanout, outbox, desk, vigil, board, wire. The invariant of the whole:
the core never waits for an alert, and only the watcher's process ever holds a credential or imports the twilio package.
"""
