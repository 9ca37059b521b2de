"""Redis, as far as rigs speak with it themselves."""

import socket


class Redis:
    """As much of the protocol as is needed."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile("rb")

    def say(self, *words):
        texts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts))
        return self.reply()

    def reply(self):
        line = self.replies.readline()
        kind, text = line[:1], line[1:-2]
        if kind == b"$":
            return None if text == b"-1" else self.replies.read(int(text) + 2)[:-2]
        if kind == b"*":
            return None if text == b"-1" else [self.reply() for _ in range(int(text))]
        return RedisFault(text.decode()) if kind == b"-" else text


class RedisFault(Exception):
    pass
