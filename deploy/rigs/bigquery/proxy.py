"""What stands before the emulator, which asks nobody who he is: gives tokens for assertions, asks for them, and fails when told to."""

import base64
import http.client
import json
import secrets
import socket
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPE = "https://www.googleapis.com/auth/bigquery"


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Proxy(ThreadingHTTPServer):
    """Forwards to the emulator whoever shows the token that was given last."""

    daemon_threads = True

    def __init__(self, port, emulator_port, public_key, directory):
        super().__init__(("127.0.0.1", port), Handler)
        self.emulator_port = emulator_port
        self.public_key = public_key
        self.directory = directory
        self.token = None
        self.tokens_given = 0
        self.refusals = 0
        self.pages = 0
        self.fault = None
        # One fault after the other, for requests that write: (how it begins, what happens).
        self.orders = []
        self.lines = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        # Who asked was killed meanwhile.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def revoke(self):
        """From now on the token is not taken any more."""
        self.token = secrets.token_urlsafe(16)

    def fail(self, status, reason):
        """Answers every question about data so, until `heal`."""
        error = {"code": status, "message": f"the rig says {reason}", "errors": [{"reason": reason}], "status": reason}
        self.fault = (status, json.dumps({"error": error}).encode())

    def heal(self):
        self.fault = None

    def order(self, begin, what):
        """What happens to the next request whose line begins so: a status and reason, `lose` (done, and no answer), or `hold` (neither)."""
        self.orders.append((begin, what))

    def ordered(self, line):
        """What was ordered for a request."""
        self.lines.append(line)
        for order in self.orders:
            if line.startswith(order[0]):
                self.orders.remove(order)
                return order[1]
        return None

    def is_good(self, assertion):
        """Whether the assertion has the right claims and was signed with the service account's key."""
        header, claims, signature = assertion.split(".")
        told = json.loads(decoded(claims))
        if json.loads(decoded(header))["alg"] != "RS256" or told["scope"] != SCOPE or told["exp"] - told["iat"] > 3600:
            return False
        file = self.directory / f"signature-{threading.get_ident()}"
        file.write_bytes(decoded(signature))
        checked = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", self.public_key, "-signature", file],
            input=f"{header}.{claims}".encode(), capture_output=True)
        file.unlink()
        return checked.returncode == 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.forward(None)

    def do_PATCH(self):
        self.forward(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PUT(self):
        self.do_PATCH()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/token":
            self.give_token(body)
        else:
            self.forward(body)

    def give_token(self, body):
        form = urllib.parse.parse_qs(body.decode())
        is_known_grant = form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        if not is_known_grant or not self.server.is_good(form["assertion"][0]):
            return self.answer(400, b'{"error":"invalid_grant"}')
        self.server.token = secrets.token_urlsafe(16)
        self.server.tokens_given += 1
        answer = {"access_token": self.server.token, "expires_in": 3599, "token_type": "Bearer"}
        self.answer(200, json.dumps(answer).encode())

    def forward(self, body):
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.server.refusals += 1
            return self.answer(401, b'{"error":{"code":401,"message":"no","errors":[{"reason":"authError"}]}}')
        if self.server.fault:
            return self.answer(*self.server.fault)
        if "pageToken=" in self.path:
            self.server.pages += 1
        what = self.server.ordered(f"{self.command} {self.path}")
        if isinstance(what, tuple):
            status, reason = what
            error = {"code": status, "message": f"the rig says {reason}", "errors": [{"reason": reason}], "status": reason}
            return self.answer(status, json.dumps({"error": error}).encode())
        if what == "hold":
            return self.lose()
        emulator = http.client.HTTPConnection("127.0.0.1", self.server.emulator_port, timeout=60)
        # The emulator makes the address of an upload from the name under which it was asked: ours.
        kept = {name: value for name, value in self.headers.items()
                if name.lower() in ("content-type", "content-range", "x-upload-content-type", "x-upload-content-length", "host")}
        emulator.request(self.command, self.path, body, kept)
        answer = emulator.getresponse()
        said = answer.read()
        if what == "lose":
            return self.lose()
        self.answer(answer.status, said, {name: answer.headers[name] for name in ("Location", "Range") if answer.headers[name]})
        emulator.close()

    def lose(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name in headers:
            self.send_header(name, headers[name])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
