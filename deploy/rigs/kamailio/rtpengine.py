"""rtpengine's stand-in: answers the control protocol's ping, and a delete with the quality that it claims to have measured."""

import socket
import threading

# As rtpengine counts: MOS in tenths, loss in percent, jitter in milliseconds. What Kamailio makes of them is in MEDIA.
MEASURED = {"MOS": 43, "packet loss": 2, "jitter": 6, "round-trip time": 21000, "samples": 1}
MEDIA = ("4.3", "2", 6)


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        return b"%d:%s" % (len(value.encode()), value.encode())
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


class RTPEngine:
    def __init__(self, port):
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            request, sender = self.socket.recvfrom(65536)
            cookie, _, message = request.partition(b" ")
            if b"7:command4:ping" in message:
                answer = {"result": "pong"}
            else:
                answer = {"result": "ok", "SSRC": {"1234567": {"average MOS": MEASURED}}}
            self.socket.sendto(cookie + b" " + bencode(answer), sender)
