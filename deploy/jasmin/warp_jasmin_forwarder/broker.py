"""Jasmin's broker: a queue of our own on its exchange, read with a bounded prefetch."""

import logging

import pika
import pika.exceptions

from .facts import Message

log = logging.getLogger("broker")
EXCHANGE = "messaging"
# dlr.submit_sm_resp says again what submit.sm.resp says, so of dlr.* only the receipts are asked for.
BINDINGS = ("submit.sm.*", "submit.sm.resp.*", "deliver.sm.*", "dlr.deliver_sm", "dlr.data_sm")
# What ends a connection; the next one begins where it stopped.
Gone = (pika.exceptions.AMQPError, OSError)


class Broker:
    """One connection. It ends by raising what stands in Gone."""

    def __init__(self, settings):
        self.settings = settings
        with open(settings.password_file, encoding="utf-8") as file:
            credentials = pika.PlainCredentials(settings.user, file.read().strip())
        self.connection = pika.BlockingConnection(pika.ConnectionParameters(
            settings.host, settings.port, settings.vhost, credentials, heartbeat=60, socket_timeout=5,
            blocked_connection_timeout=60, client_properties={"connection_name": "warp-jasmin-forwarder"}))
        self.channel = self.connection.channel()
        self.declare()
        self.arrived = []
        self.consumer = None

    def declare(self):
        """The exchange as Jasmin itself declares it, so that whoever is first makes it; and our queue.

        Jasmin's messages are transient. A quorum queue writes them to disk all the same, so they outlive the broker.
        """
        self.channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=False)
        self.channel.queue_declare(self.settings.queue, durable=True, arguments={"x-queue-type": "quorum"})
        for key in BINDINGS:
            self.channel.queue_bind(self.settings.queue, EXCHANGE, key)
        self.channel.basic_qos(prefetch_count=self.settings.prefetch)

    def listen(self):
        """Begins to take messages, or goes on."""
        if self.consumer is None:
            self.consumer = self.channel.basic_consume(self.settings.queue, self.receive)

    def rest(self):
        """Takes no more until listen() is called; what is unacknowledged stays with us."""
        if self.consumer is not None:
            self.channel.basic_cancel(self.consumer)
            self.consumer = None

    def receive(self, _channel, method, properties, body):
        self.arrived.append((method.delivery_tag, Message(
            method.routing_key, str(properties.message_id or ""), properties.headers or {}, body)))

    def batch(self, seconds):
        """What has arrived after at most so many seconds, with the tag of each."""
        self.connection.process_data_events(time_limit=0 if self.arrived else seconds)
        arrived, self.arrived = self.arrived, []
        return arrived

    def acknowledge(self, tag):
        """Everything up to this tag is on our disk."""
        self.channel.basic_ack(tag, multiple=True)

    def close(self):
        try:
            self.connection.close()
        except Gone as fault:
            log.info("The connection to the broker was gone already. fault=%s", fault)
