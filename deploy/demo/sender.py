"""Sends the world's traffic through the door of cdr-ingest, as Kamailio and Jasmin do: a refusal is tried again."""

import http.client
import time
from urllib.parse import urlparse

from stack import WORLD, world_json


class Sender:
    def __init__(self, stack, token):
        self.url = urlparse(stack.address("INGEST"))
        self.token = token
        self.connection = None

    def bodies(self, before_run):
        """What the manifest sends before a billing run, in its order."""
        return [entry for entry in world_json("traffic/manifest.json") if entry["before_run"] == before_run]

    def body(self, entry):
        """The bytes of a manifest's entry."""
        return (WORLD / "traffic" / entry["file"]).resolve().read_bytes()

    def post(self, entry, body, patience=60):
        """Posts a body to the entry's route until it is answered; returns (status, text, tries). A lost answer means sending again."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": entry["content_type"]}
        deadline = time.monotonic() + patience
        tries = 0
        while True:
            tries += 1
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=20)
                self.connection.request("POST", entry["path"], body=body, headers=headers)
                answer = self.connection.getresponse()
                text = answer.read().decode()
                if answer.status != 503:
                    return answer.status, text, tries
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{entry['file']}: no answer for {patience} s")
            time.sleep(0.1)
