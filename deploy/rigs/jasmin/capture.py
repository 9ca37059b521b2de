"""Writes every message of the broker's exchange to a file, one JSON object a line, bytes in base64: fixtures of the unit tests."""

import base64
import json
import sys

import pika


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return {"base64": base64.b64encode(value).decode()}
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


def main():
    port, password, path = sys.argv[1:]
    connection = pika.BlockingConnection(pika.ConnectionParameters(
        "127.0.0.1", int(port), credentials=pika.PlainCredentials("jasmin", password)))
    channel = connection.channel()
    channel.exchange_declare("messaging", exchange_type="topic")
    queue = channel.queue_declare("", exclusive=True).method.queue
    for key in ("submit.sm.#", "deliver.sm.#", "dlr.#"):
        channel.queue_bind(queue, "messaging", key)
    with open(path, "w", encoding="utf-8") as file:
        for method, properties, body in channel.consume(queue, auto_ack=True):
            file.write(json.dumps({
                "routing_key": method.routing_key, "message_id": properties.message_id,
                "headers": {name: plain(value) for name, value in (properties.headers or {}).items()}, "body": plain(body)}) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
