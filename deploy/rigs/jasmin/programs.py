"""The programs of the rig: RabbitMQ, Jasmin, the forwarder and cdr-ingest, each with a log of its own, started and killed here."""

import http.client
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pika
from waiting import wait_until

FORWARDER = Path(__file__).resolve().parents[2] / "jasmin"
RABBIT = "/usr/lib/rabbitmq/bin"
PASSWORD = "jasmin-rig"


def is_listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def get(port, path):
    """The status and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


class Program:
    """A program that is started, killed and started again."""

    def __init__(self, run, name, command, environment, is_up):
        self.run, self.name, self.command, self.is_up = run, name, command, is_up
        self.environment = environment
        self.process = None
        run.programs.append(self)

    def start(self, wait=True):
        with open(self.run.path / "log" / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.command], env=self.environment, cwd=self.run.path, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        if wait:
            self.wait()

    def wait(self):
        wait_until(self.answers, f"{self.name} answers", 90)

    def answers(self):
        assert self.process.poll() is None, f"{self.name} has ended: log/{self.name}.log says why"
        try:
            return self.is_up()
        except (OSError, http.client.HTTPException):
            return False

    def end(self, how=signal.SIGTERM):
        """Ends it, and what it has started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None

    def kill(self):
        self.end(signal.SIGKILL)


class Run:
    """The rig's directory and everything that runs in it."""

    def __init__(self, path, bin, ports):
        self.path, self.programs = Path(path), []
        self.ports = dict(zip(
            ("door", "amqp", "distribution", "epmd", "http", "jcli", "router", "clients", "smpps", "smpps_pb", "smsc", "redis"),
            range(ports, ports + 12)))
        self.bin = bin

    def end(self):
        for program in reversed(self.programs):
            program.end()


def door(run):
    """cdr-ingest."""
    return Program(
        run, "cdr-ingest", [f"{run.bin}/cdr-ingest", "serve", "--config", run.path / "cdr-ingest.yaml"], os.environ,
        lambda: get(run.ports["door"], "/readyz")[0] == 200)


def name_server(run):
    """The port mapper of Erlang's nodes, ours alone."""
    port = run.ports["epmd"]
    return Program(run, "epmd", ["epmd", "-address", "127.0.0.1", "-port", port], os.environ, lambda: is_listening(port))


def broker(run):
    """A RabbitMQ node with its own home, data, cookie and ports."""
    home = run.path / "rabbitmq"
    home.mkdir(exist_ok=True)
    (home / "rabbitmq.conf").write_text(f"""\
listeners.tcp.1 = 127.0.0.1:{run.ports["amqp"]}
default_user = jasmin
default_pass = {PASSWORD}
disk_free_limit.absolute = 50MB
""")
    (home / "enabled_plugins").write_text("[].\n")
    (home / "env.conf").write_text("")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RABBITMQ_")} | {
        "HOME": str(home), "RABBITMQ_NODENAME": "warp-jasmin-rig@localhost", "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "env.conf"), "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"), "RABBITMQ_LOGS": "-", "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"), "RABBITMQ_DIST_PORT": str(run.ports["distribution"]),
        "ERL_EPMD_PORT": str(run.ports["epmd"]), "ERL_EPMD_ADDRESS": "127.0.0.1", "NO_START_EPMD": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false",
        "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
    }
    return Program(
        run, "rabbitmq", [f"{RABBIT}/rabbitmq-server"], environment, lambda: is_listening(run.ports["amqp"]))


def forwarder(run, numbers):
    """The forwarder, with as little patience as the rig has time."""
    home = run.path / "forwarder"
    home.mkdir(mode=0o700)
    (home / "broker.password").write_text(PASSWORD)
    (home / "numbers.csv").write_text("number,ban\n" + "".join(f"{number},{ban}\n" for number, ban in numbers.items()))
    (home / "forwarder.toml").write_text(f"""\
[broker]
port = {run.ports["amqp"]}
user = "jasmin"
password_file = "{home}/broker.password"
[door]
url = "http://127.0.0.1:{run.ports["door"]}"
token_file = "{run.path}/forwarder.token"
batch = 20
[journal]
path = "{home}/journal.sqlite"
[wait]
parts_seconds = 8
retry_seconds = 14
[numbers]
file = "{home}/numbers.csv"
""")
    environment = os.environ | {"PYTHONPATH": str(FORWARDER), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [run.path / "venv/bin/python", "-m", "warp_jasmin_forwarder"]
    options = ["--config", home / "forwarder.toml"]
    program = Program(run, "forwarder", [*command, "run", *options], environment, lambda: True)

    def ask(word):
        done = subprocess.run([*command, word, *options], env=environment, text=True, capture_output=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    program.check = lambda: ask("check")
    program.status = lambda: json.loads(ask("status")[1])
    return program


def capture(run, path):
    """capture.py beside the forwarder, on a queue of its own."""
    command = [run.path / "venv/bin/python", Path(__file__).with_name("capture.py"), run.ports["amqp"], PASSWORD, path]
    return Program(run, "capture", command, os.environ, lambda: True)


def waiting_messages(run, queue="warp-jasmin-forwarder"):
    """How many messages lie in a queue."""
    parameters = pika.ConnectionParameters(
        "127.0.0.1", run.ports["amqp"], credentials=pika.PlainCredentials("jasmin", PASSWORD))
    with pika.BlockingConnection(parameters) as connection:
        return connection.channel().queue_declare(queue, passive=True).method.message_count
