# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that a host makes for itself, with its own openssl. Keys leave the host in no message."""

from __future__ import annotations

import ipaddress
import re
from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate
from posixpath import join

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost

__all__ = ["Certificate", "due", "make"]

DAY = 86400
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
DNS = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


@dataclass(frozen=True)
class Certificate:
    """One certificate as it shall be."""

    name: str
    folder: str
    names: tuple[str, ...] = ()
    days: int = 365

    @property
    def file(self) -> str:
        return join(self.folder, f"{self.name}.pem")

    @property
    def key(self) -> str:
        return join(self.folder, f"{self.name}.key")

    @property
    def subjects(self) -> tuple[str, ...]:
        """Alternative names as openssl writes them; without names the certificate is for its own name."""
        return tuple(_subject(self.name, name) for name in self.names or (self.name,))

    def check(self) -> None:
        if not NAME.fullmatch(self.name):
            raise NginxError(f"certificates: '{self.name}' is no name for a file; use letters, digits, '.', '_' and '-'.")
        if not 1 <= self.days <= 36500:
            raise NginxError(f"certificates[{self.name}].days: {self.days} is not between 1 and 36500.")
        self.subjects  # noqa: B018  raises


def _subject(certificate: str, name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        pass
    if not DNS.fullmatch(name):
        raise NginxError(f"certificates[{certificate}].names: '{name}' is neither a DNS name nor an address.")
    return f"DNS:{name}"


def due(host: NginxHost, wanted: Certificate) -> str | None:
    """Why the certificate has to be made; None where the one that is there will do."""
    if host.read(wanted.file) is None or host.read(wanted.key) is None:
        return "it is not there"
    if (host.mode(wanted.key) or 0) & 0o077:
        return "others may read its key"
    shown = host.run(["openssl", "x509", "-in", wanted.file, "-noout", "-startdate", "-enddate", "-pubkey", "-ext", "subjectAltName"], 30)
    key = host.run(["openssl", "pkey", "-in", wanted.key, "-pubout"], 30)
    if shown.rc != 0 or key.rc != 0:
        return "it cannot be read"
    if key.output not in shown.output:
        return "its key is another's"
    if _subjects(shown.output) != set(wanted.subjects):
        return "its names are others"
    begin, end = _time(shown.output, "notBefore"), _time(shown.output, "notAfter")
    if round((end - begin) / DAY) != wanted.days:
        return "its time is another"
    # The last third of its time is for whoever runs the role rarely.
    return "it ends soon" if end - host.wall_clock() < (end - begin) / 3 else None


def _time(output: str, which: str) -> int:
    """From 'notAfter=Nov 22 13:00:00 2026 GMT'."""
    text = next((line.partition("=")[2] for line in output.splitlines() if line.startswith(which)), "")
    words = text.split()
    parsed = parsedate(f"{words[1]} {words[0]} {words[3]} {words[2]}") if len(words) == 5 else None
    return timegm(parsed) if parsed else 0


def _subjects(output: str) -> set[str]:
    found = set()
    for kind, value in re.findall(r"(DNS|IP Address):([^,\s]+)", output):
        found.add(f"DNS:{value}" if kind == "DNS" else f"IP:{ipaddress.ip_address(value)}")
    return found


def make(host: NginxHost, wanted: Sequence[Certificate], check_mode: bool) -> dict[str, str]:
    """Which were made (in check mode, would be) and why."""
    for certificate in wanted:
        certificate.check()
    reasons = {}
    for certificate in wanted:
        reason = _due_or_new(host, certificate, check_mode)
        if reason is None:
            continue
        reasons[certificate.name] = reason
        if not check_mode:
            _make(host, certificate)
    return reasons


def _due_or_new(host: NginxHost, certificate: Certificate, check_mode: bool) -> str | None:
    try:
        return due(host, certificate)
    except OSError as error:
        if check_mode:
            return "openssl is not installed yet"
        raise NginxError(f"openssl cannot be run ({error.strerror}); install it.") from error


def _make(host: NginxHost, wanted: Certificate) -> None:
    host.make_directories(wanted.folder, 0o755)
    key, file = f"{wanted.key}.new", f"{wanted.file}.new"
    for path in (key, file):
        host.forget(path)
    host.write_file(key, b"", 0o600, -1, -1)  # openssl writes into it and leaves the mode
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
            "-days", str(wanted.days), "-subj", f"/CN={wanted.name[:64]}", "-addext", f"subjectAltName={','.join(wanted.subjects)}",
            "-keyout", key, "-out", file]
    try:
        finished = host.run(argv, 60)
    except OSError as error:
        raise NginxError(f"openssl cannot be run ({error.strerror}); install it.") from error
    if finished.rc != 0:
        text = f"openssl did not make the certificate '{wanted.name}' (exit code {finished.rc}): {finished.output}"
        raise NginxError(text, finished.output)
    host.rename(key, wanted.key)
    host.rename(file, wanted.file)
