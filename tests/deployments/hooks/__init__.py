"""Webhooks that providers send, from their address to the tool and into the log."""
