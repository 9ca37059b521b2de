"""Wallet's stand-in: it answers as wallet does, by the customer that is asked for, and keeps what it was asked."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from calls import BANS, BROKE, EXTENDED, GRANTED, GRANTED_RICH, RICH, SLOW, UNKNOWN

PATH = "/internal/v1/authorizations"
# Longer than Kamailio waits.
SILENCE_SECONDS = 3
# Not longer.
SLOW_SECONDS = 0.6
NO_MONEY = {"allow": False, "max_seconds": None, "reason": "INSUFFICIENT_FUNDS"}


class Wallet:
    """Three routes: authorise, and for an authorised call extend and end."""

    def __init__(self, port):
        self.questions, self.customers, self.ended = [], {}, {}
        wallet = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                wallet.questions.append((self.path, self.headers.get("Authorization"), body))
                answer = wallet.answer(self.path, body)
                if answer is None:
                    self.close_connection = True
                    return
                text = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, body):
        """What wallet says; None where it says nothing until nobody listens any more."""
        if path == PATH + "/end":
            self.ended.setdefault(body["sip_uuid"], []).append(body["seconds"])
            return {"allow": True, "max_seconds": None, "reason": "ok"}
        if path == PATH + "/extend":
            rich = self.customers[body["sip_uuid"]] == BANS[RICH]
            return {"allow": True, "max_seconds": EXTENDED, "reason": "ok"} if rich else NO_MONEY
        ban = self.customers[body["sip_uuid"]] = body["customer_ban"]
        if ban == BANS[UNKNOWN]:
            time.sleep(SILENCE_SECONDS)
            return None
        if ban == BANS[SLOW]:
            time.sleep(SLOW_SECONDS)
        if ban == BANS[BROKE]:
            return NO_MONEY
        return {"allow": True, "max_seconds": GRANTED_RICH if ban == BANS[RICH] else GRANTED, "reason": "ok"}
