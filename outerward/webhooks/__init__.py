"""Webhooks: events sent to receivers elsewhere, signed, in order, at least once."""

from outerward.webhooks.settings import WebhookSettings, problems_of
from outerward.webhooks.webhooks import Webhooks

__all__ = ["WebhookSettings", "Webhooks", "problems_of"]
