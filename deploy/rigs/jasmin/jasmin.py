"""A real Jasmin: its configuration, its console (jCli) and its HTTP API."""

import os
import socket
import urllib.parse

from programs import PASSWORD, Program, get, is_listening

CONFIG = """\
[amqp-broker]
host = 127.0.0.1
port = {amqp}
username = jasmin
password = {password}
spec = {spec}
connection_loss_retry_delay = 1
connection_failure_retry_delay = 1
[redis-client]
host = 127.0.0.1
port = {redis}
[http-api]
bind = 127.0.0.1
port = {http}
[jcli]
bind = 127.0.0.1
port = {jcli}
[router]
bind = 127.0.0.1
port = {router}
[client-management]
bind = 127.0.0.1
port = {clients}
[smpp-server]
bind = 127.0.0.1
port = {smpps}
[smpp-server-pb]
bind = 127.0.0.1
port = {smpps_pb}
[sm-listener]
publish_submit_sm_resp = True
submit_retrial_delay_smppc_not_ready = 1
submit_error_retrial = {{'ESME_RTHROTTLED': {{'count': 3, 'delay': 1}}}}
[dlr]
dlr_lookup_retry_delay = 1
[dlr-thrower]
retry_delay = 1
[deliversm-thrower]
retry_delay = 1
"""


class Jasmin(Program):
    """One jasmind with everything in it."""

    def __init__(self, run):
        self.home = run.path / "jasmin"
        for directory in ("etc/jasmin/store", "var/log/jasmin"):
            (self.home / directory).mkdir(parents=True)
        packages = next((run.path / "venv/lib").glob("python3.*/site-packages"))
        (self.home / "jasmin.cfg").write_text(CONFIG.format(
            password=PASSWORD, spec=packages / "txamqp/specs/standard/amqp0-9-1.stripped.xml", **run.ports))
        # jasmind locks a file in /tmp, for the whole machine; a copy that locks one of ours leaves others alone.
        self.lock = self.home / "jasmind"
        daemon = (packages / "jasmin/bin/jasmind.py").read_text()
        assert daemon.count('"/tmp/jasmind"') == 1
        (self.home / "jasmind.py").write_text(daemon.replace('"/tmp/jasmind"', f'"{self.lock}"'))
        super().__init__(
            run, "jasmin",
            [run.path / "venv/bin/python", self.home / "jasmind.py", "-c", self.home / "jasmin.cfg", "-u", "jcliadmin", "-p",
             "jclipwd", "--enable-dlr-lookup", "--enable-dlr-thrower"],
            os.environ | {"ROOT_PATH": str(self.home)},
            lambda: is_listening(run.ports["jcli"]) and is_listening(run.ports["http"]))

    def start(self, wait=True):
        # A jasmind that was killed leaves its lock behind, and the next one would not start.
        for left in self.home.glob("jasmind.lock*"):
            left.unlink()
        super().start(wait)

    def configure(self, users, callbacks):
        """Everything over jCli, as an operator would, and persisted for the next start."""
        mo = f"{callbacks}/mo/{self.secret()}"
        with Console(self.run.ports["jcli"]) as console:
            console.say("group -a", "gid customers", "ok")
            for user in users:
                console.say("user -a", f"username {user}", "password secret", "gid customers", f"uid {user}",
                            "mt_messaging_cred quota balance 1000", "ok")
            console.say("smppccm -a", "cid smsc1", "host 127.0.0.1", f"port {self.run.ports['smsc']}", "username rig",
                        "password rig", "submit_throughput 0", "con_fail_delay 1", "con_loss_delay 1", "elink_interval 5", "ok")
            console.say("smppccm -1 smsc1")
            console.say("httpccm -a", f"url {mo}", "method POST", "cid mo-http", "ok")
            console.say("mtrouter -a", "type defaultroute", "connector smppc(smsc1)", "rate 0.0075", "ok")
            console.say("morouter -a", "type defaultroute", "connector http(mo-http)", "ok")
            console.say("persist")

    def secret(self):
        return (self.run.path / "callbacks.token").read_text().strip()

    def send(self, user, source, destination, **content):
        """Sends a message over the HTTP API; returns Jasmin's id of it."""
        query = urllib.parse.urlencode(
            {"username": user, "password": "secret", "from": source, "to": destination, **content}, quote_via=urllib.parse.quote)
        status, text = get(self.run.ports["http"], f"/send?{query}")
        assert status == 200 and text.startswith('Success "'), f"Jasmin answers {status} {text}"
        return text.split('"')[1]


class Console:
    """jCli over its socket: a line, then whatever comes until the next prompt."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.file = b""

    def __enter__(self):
        # It asks for the name only after it has been told a terminal's size.
        for question, word in ((b"Authentication required.", b"jcliadmin"), (b"Password: ", b"jclipwd")):
            self.until(question)
            self.socket.sendall(word + b"\r\n")
        self.until(b"jcli : ")
        return self

    def say(self, *lines):
        answer = b""
        for line in lines:
            self.socket.sendall(line.encode() + b"\r\n")
            # The line comes back as echo; then what it says, and a prompt: `jcli : ` or, within a command, `> `.
            answer = self.until(b"\njcli : ", b"\n> ")
        text = answer.decode("utf-8", "replace")
        assert "Success" in text or "uccess" in text or "persisted" in text, f"jCli to {' / '.join(lines)}: {text}"

    def until(self, *ends):
        while True:
            places = [(self.file.find(end), end) for end in ends if end in self.file]
            if places:
                place, end = min(places)
                said, self.file = self.file[:place], self.file[place + len(end):]
                return said
            try:
                more = self.socket.recv(65536)
            except TimeoutError as late:
                raise AssertionError(f"jCli says no more than {self.file!r}") from late
            assert more, f"jCli hung up after {self.file!r}"
            self.file += more

    def __exit__(self, *_):
        self.socket.close()
