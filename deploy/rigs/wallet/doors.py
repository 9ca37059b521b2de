"""The wallets' doors, as one client knows them, and what it was acknowledged there."""

import http.client
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from waiting import RigError


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    # How often it was asked in vain before: each of these may have been carried out all the same.
    lost: int


class Doors:
    """Whatever is lost or fails is asked again, with the same body and key, of the other wallet, until it is answered."""
    PATIENCE = 180

    def __init__(self, ports: list[int], chance: random.Random):
        self.ports, self.chance = ports, chance
        # By kind of operation: those answered in full, and those of them that were asked more than once.
        self.acknowledged: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.answers = 0
        # Why requests had to be sent again.
        self.troubles: Counter[str] = Counter()
        # Which door a request is at now.
        self.at: int | None = None
        self.connections: dict[int, http.client.HTTPConnection] = {}

    def ask(
        self, kind: str, path: str, body: dict[str, Any], token: str, key: str | None = None, port: int | None = None
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        deadline, lost, said = time.monotonic() + self.PATIENCE, 0, ""
        port = port or self.chance.choice(self.ports)
        while time.monotonic() < deadline:
            try:
                status, said = self.post(port, path, json.dumps(body), headers)
                if status < 500:
                    self.answers += 1
                    self.acknowledged[kind] += 1
                    self.repeated[kind] += lost > 0
                    return Answer(status, json.loads(said), lost)
                self.troubles[f"answered {status}"] += 1
            except ConnectionRefusedError as failure:
                said = str(failure)
                self.troubles["door shut"] += 1
            except (OSError, http.client.HTTPException) as failure:
                said = repr(failure)
                self.troubles["connection broken, outcome unknown"] += 1
            lost += 1
            port = self.ports[1 - self.ports.index(port)]
            time.sleep(min(0.02 * lost, 0.2))
        raise RigError(f"{path} {body} was not answered for {self.PATIENCE} s: {said}")

    def post(self, port: int, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = self.connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=60))
        self.at = port
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.connections.pop(port).close()
            raise
        finally:
            self.at = None
