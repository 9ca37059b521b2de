"""The Kamailio under test: deploy/kamailio's files as they stand, with the rig's values in the settings."""

import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from waiting import RigError, wait_until

SHIPPED = Path(__file__).resolve().parents[2] / "kamailio"
PING = """\
OPTIONS sip:127.0.0.1:{proxy} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKping
From: <sip:rig@127.0.0.1>;tag=1
To: <sip:127.0.0.1:{proxy}>
Call-ID: ping-{port}
CSeq: 1 OPTIONS
Max-Forwards: 10
Content-Length: 0

"""


class Switch:
    def __init__(self, processes, port, settings, customers, vendors):
        self.processes, self.port = processes, port
        self.home = processes.run / "kamailio"
        self.home.mkdir()
        for name in ("kamailio.cfg", "warp-settings.cfg", "warp-billing.cfg", "authorize.cfg"):
            shutil.copy(SHIPPED / name, self.home / name)
        for name, values in settings.items():
            self.set(name, values)
        (self.home / "address.list").write_text(
            "".join(f"1 {address} 32 0 {tag}\n" for address, tag in customers))
        (self.home / "dispatcher.list").write_text(
            "".join(f"1 sip:{address} 0 {90 - place} {attributes}\n" for place, (address, attributes) in enumerate(vendors)))
        # Of its own for the path of a socket, which must be short.
        self.sockets = tempfile.TemporaryDirectory(prefix="warp-kamailio-", dir="/tmp")
        self.process = None

    def set(self, name, values):
        """Puts values into a file's #!substdef lines; one that is not there is an error."""
        text = (self.home / name).read_text()
        for key, value in values.items():
            text, found = re.subn(rf'(?m)^(#!substdef "!{key}!)[^!]*(!g")$', lambda m: f"{m[1]}{value}{m[2]}", text)
            if found != 1:
                raise RigError(f"{name} has no setting {key}")
        (self.home / name).write_text(text)

    def start(self):
        """In a time zone that is not UTC: stamps must be UTC all the same."""
        self.process = self.processes.start(
            "kamailio",
            ["kamailio", "-f", self.home / "kamailio.cfg", "-DD", "-E", "-M", "16", "-m", "128", "-Y", self.sockets.name,
             "-P", self.home / "kamailio.pid", "-l", f"udp:127.0.0.1:{self.port}"],
            environment={"TZ": "America/Chicago"}, directory=self.home)
        wait_until(self.is_up, "kamailio")

    def is_up(self):
        if self.process.poll() is not None:
            raise RigError(f"kamailio ended: {self.processes.log_end('kamailio')}")
        # Its processes are there long after its first one: it is up when one answers.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ping:
            ping.bind(("127.0.0.1", 0))
            ping.settimeout(0.3)
            ping.sendto(PING.format(proxy=self.port, port=ping.getsockname()[1]).replace("\n", "\r\n").encode(), ("127.0.0.1", self.port))
            try:
                return ping.recv(4096).startswith(b"SIP/2.0 200")
            except OSError as silence:
                return str(silence)

    def restart(self, **settings):
        """Stops it, which is when nothing waits in its memory, and starts it with other settings."""
        wait_until(lambda: self.queued() == 0, "Kamailio's memory to be empty")
        self.processes.stop(self.process)
        self.set("warp-settings.cfg", settings)
        self.start()

    def load_rtpengine(self, port):
        """As an operator does who has one: the module before warp-billing.cfg, the line in the settings uncommented."""
        for name, old, new in (
                ("kamailio.cfg", 'include_file "warp-settings.cfg"', 'loadmodule "rtpengine.so"\n'
                    f'modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{port}")\ninclude_file "warp-settings.cfg"'),
                ("warp-settings.cfg", "##!define WARP_WITH_RTPENGINE", "#!define WARP_WITH_RTPENGINE")):
            text = (self.home / name).read_text()
            if text.count(old) != 1:
                raise RigError(f"{name} has no single line {old}")
            (self.home / name).write_text(text.replace(old, new))

    def queued(self):
        """How many records wait in its memory."""
        done = subprocess.run(
            ["kamcmd", "-s", f"unix:{self.sockets.name}/kamailio_ctl", "mqueue.get_size", "warp"], text=True, capture_output=True)
        found = re.search(r"size: (\d+)", done.stdout)
        if not found:
            raise RigError(f"kamcmd mqueue.get_size: {done.stdout}{done.stderr}")
        return int(found[1])

    def undelivered(self):
        """The records that it kept only in its log."""
        text = (self.processes.run / "log" / "kamailio.log").read_text(errors="replace")
        return re.findall(r"(?m)warp-undelivered: (.*)$", text)
