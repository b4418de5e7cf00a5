"""verify.py SECRET ID TIMESTAMP SIGNATURES < BODY: what the official package says, accepted or refused."""

import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

secret, id, timestamp, signatures = sys.argv[1:]
headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures}
try:
    Webhook(secret).verify(sys.stdin.buffer.read(), headers)
    print("accepted")
except WebhookVerificationError:
    print("refused")
