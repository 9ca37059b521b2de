"""cdr-ingest as in production, and the two HTTP servers of billing-bench that it is measured against."""

from daemons import Daemons


class Servers(Daemons):
    def __init__(self, options):
        super().__init__(options)
        self.port = options.port
        self.token = self.run("cdr-ingest", "sources", "add", "bench")
        self.door, self.ceiling, self.plain = (
            f"http://127.0.0.1:{options.port + place}/ingest/v1/records" for place in range(3))

    def __enter__(self):
        bench = self.bin / "billing-bench"
        try:
            self.serve("cdr-ingest", self.port)
            self.start(
                "ceiling", [bench, "ingest-ceiling", "--port", self.port + 1, "--token", self.token], self.port + 1)
            self.start("plain", [bench, "ingest-ceiling", "--plain", "--port", self.port + 2], self.port + 2)
        except BaseException:
            self.__exit__()
            raise
        return self
