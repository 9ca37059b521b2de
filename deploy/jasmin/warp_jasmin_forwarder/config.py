"""The configuration file, in TOML. A key that is not known is a fault, not a surprise later."""

import csv
import dataclasses
import os
import tomllib
import urllib.parse
import zoneinfo
from pathlib import Path


class ConfigurationFault(Exception):
    """What is wrong with the configuration, for a person."""


@dataclasses.dataclass(frozen=True)
class BrokerSettings:
    host: str = "127.0.0.1"
    port: int = 5672
    vhost: str = "/"
    user: str = "guest"
    password_file: str = ""
    queue: str = "warp-jasmin-forwarder"
    prefetch: int = 200


@dataclasses.dataclass(frozen=True)
class DoorSettings:
    url: str = "http://127.0.0.1:8081"
    path: str = "/ingest/v1/records"
    token_file: str = ""
    batch: int = 200
    timeout_seconds: float = 15.0


@dataclasses.dataclass(frozen=True)
class JournalSettings:
    path: str = "/var/lib/warp-jasmin-forwarder/journal.sqlite"
    most_records: int = 100_000


@dataclasses.dataclass(frozen=True)
class JasminSettings:
    timezone: str = ""
    retried: tuple = ("ESME_RSYSERR", "ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RINVSCHED")


@dataclasses.dataclass(frozen=True)
class WaitSettings:
    retry_seconds: float = 21_600
    parts_seconds: float = 600
    answer_seconds: float = 259_200


@dataclasses.dataclass(frozen=True)
class NumberSettings:
    file: str = ""


@dataclasses.dataclass(frozen=True)
class Settings:
    broker: BrokerSettings = BrokerSettings()
    door: DoorSettings = DoorSettings()
    journal: JournalSettings = JournalSettings()
    jasmin: JasminSettings = JasminSettings()
    wait: WaitSettings = WaitSettings()
    numbers: NumberSettings = NumberSettings()

    @property
    def zone(self):
        """The time zone of Jasmin's clock; None is this host's."""
        if not self.jasmin.timezone:
            return None
        try:
            return zoneinfo.ZoneInfo(self.jasmin.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as fault:
            raise ConfigurationFault(f"jasmin.timezone: there is no zone {self.jasmin.timezone!r}") from fault


def load(path):
    """The settings in a file, checked as far as that can be done without the network."""
    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationFault(f"{path}: {fault}") from fault
    sections = {field.name: field.default for field in dataclasses.fields(Settings)}
    for name in document:
        if name not in sections or not isinstance(document[name], dict):
            raise ConfigurationFault(f"{path}: there is no section [{name}]")
    settings = Settings(**{name: section(name, default, document.get(name, {})) for name, default in sections.items()})
    check(settings)
    return settings


def section(name, defaults, given):
    """One section: its defaults with what the file gives in their place."""
    values = {}
    for key, value in given.items():
        default = getattr(defaults, key, None)
        if default is None:
            raise ConfigurationFault(f"{name}.{key}: there is no such key")
        if isinstance(default, tuple):
            value = tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else None
        elif isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(default):
            raise ConfigurationFault(f"{name}.{key}: {type(default).__name__} is wanted")
        if isinstance(value, (int, float)) and not 0 < value <= 10_000_000:
            raise ConfigurationFault(f"{name}.{key}: a number above 0 and at most 10000000 is wanted")
        values[key] = value
    return dataclasses.replace(defaults, **values)


def check(settings):
    """Whether the files are there, the address is one, and the time zone, which complains when it is asked for."""
    _ = settings.zone
    url = urllib.parse.urlsplit(settings.door.url)
    if url.scheme not in ("http", "https", "unix") or not (url.hostname or url.scheme == "unix"):
        raise ConfigurationFault("door.url: http://HOST:PORT, https://HOST or unix:/PATH is wanted")
    for name, path in (("broker.password_file", settings.broker.password_file), ("door.token_file", settings.door.token_file)):
        if not path or not os.access(path, os.R_OK):
            raise ConfigurationFault(f"{name}: {path or 'no file'} cannot be read")
    if not Path(settings.journal.path).parent.is_dir():
        raise ConfigurationFault(f"journal.path: there is no directory {Path(settings.journal.path).parent}")
    if settings.numbers.file:
        customers(settings.numbers.file)


def customers(path):
    """The number table: a CSV with the columns number and ban. A number is compared without its plus sign."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if not {"number", "ban"} <= set(rows.fieldnames or []):
                raise ConfigurationFault(f"{path}: the columns number and ban are wanted")
            return {row["number"].strip().lstrip("+"): row["ban"].strip() for row in rows if row["number"] and row["ban"]}
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise ConfigurationFault(f"{path}: {fault}") from fault


class NumberTable:
    """The number table, read again when the file changes. A file that is broken leaves the last good one in place."""

    def __init__(self, path, complain):
        self.path, self.complain = path, complain
        self.stamp, self.table = None, {}
        self.refresh()

    def refresh(self):
        if not self.path:
            return
        try:
            found = os.stat(self.path)
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self.stamp:
                self.table, self.stamp = customers(self.path), stamp
        except (OSError, ConfigurationFault) as fault:
            self.complain("The number table cannot be read; the last one stays. fault=%s", fault)

    def get(self, number):
        return self.table.get(number)
