# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed host as the IPVS core sees it: files under one root, commands, and the kernel's table."""

from __future__ import annotations

import errno as errnos
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import netlink
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, NotAvailable, NotPermitted

__all__ = ["Host", "Runner"]

Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]

_SYSCTLS = "/proc/sys/net/ipv4/vs"
_PROGRAM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin")


class Host:
    """All side effects. root and connect are replaced by tests."""

    def __init__(self, run: Runner, root: str = "/", connect: Callable[[], netlink.Kernel] = netlink.connect) -> None:
        self._run = run
        self._root = Path(root)
        self._connect = connect
        self._kernel: netlink.Kernel | None = None

    def path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    # --- the kernel -------------------------------------------------------------------------------------------------

    def loaded(self) -> bool:
        """Whether IPVS is there already. Any netlink question, even for the family, would load the module."""
        return self.path("/proc/net/ip_vs").exists()

    def load(self, options: Sequence[str] = ()) -> None:
        code, _out, err = self._run(["modprobe", "ip_vs", *options])
        if code or not self.loaded():
            detail = " ".join(err.split()) or "modprobe succeeded, but /proc/net/ip_vs did not appear"
            raise NotAvailable(
                "Cannot load the kernel module ip_vs: {}. Install a kernel with IPVS; in a container, load the module on its host.".format(
                    detail.rstrip(".")
                ),
                "ip_vs",
            )

    def kernel(self) -> netlink.Kernel:
        if self._kernel is None:
            self._kernel = self._connect()
        return self._kernel

    def sysctl(self, name: str) -> str | None:
        """The live value of net.ipv4.vs.<name>, None where the kernel does not have it (yet)."""
        text = self.read(f"{_SYSCTLS}/{name}")
        return None if text is None else text.strip()

    def set_sysctl(self, name: str, value: str) -> None:
        subject = f"net.ipv4.vs.{name}"
        try:
            self.path(f"{_SYSCTLS}/{name}").write_text(value, encoding="ascii")
        except FileNotFoundError as error:
            raise NotAvailable(
                f"This kernel ({os.uname().release}) has no {subject}: remove it from the declaration, or use a newer kernel.", subject
            ) from error
        except PermissionError as error:
            raise NotPermitted(f"Cannot write {subject}: run the task as root (become: true).", subject, error.errno) from error
        except OSError as error:
            raise IpvsError(f"Cannot set {subject} to '{value}': {error.strerror}.", subject, error.errno) from error

    # --- files and programs -----------------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.path(path))  # a dangling link is there, too

    def read(self, path: str) -> str | None:
        try:
            return self.path(path).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def matching(self, pattern: str) -> list[str]:
        """The files that a pattern means, by their names on this host."""
        return sorted(f"/{path.relative_to(self._root)}" for path in self._root.glob(pattern.lstrip("/")))

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """The old content or the new one, never a part: what is read at boot must be whole."""
        target = self.path(path)
        try:
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            handle, staged = tempfile.mkstemp(dir=target.parent, prefix=".steadfast-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            Path(staged).replace(target)
        except OSError as error:
            raise IpvsError(f"Cannot write {path}: {error.strerror}.", path, error.errno) from error

    def link(self, path: str, target: str) -> None:
        try:
            self.path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.path(path).symlink_to(target)
        except OSError as error:
            raise IpvsError(f"Cannot link {path}: {error.strerror}.", path, error.errno) from error

    def remove(self, path: str) -> None:
        try:
            self.path(path).unlink()
        except OSError as error:
            if error.errno != errnos.ENOENT:
                raise IpvsError(f"Cannot remove {path}: {error.strerror}.", path, error.errno) from error

    def program(self, name: str) -> str | None:
        for folder in _PROGRAM_FOLDERS:
            if os.access(self.path(f"{folder}/{name}"), os.X_OK):
                return f"{folder}/{name}"
        return None

    def ipvsadm(self, warnings: list[str]) -> str:
        """Where ipvsadm is, or will be once it is installed; nothing but the boot needs it."""
        found = self.program("ipvsadm")
        if not found:
            text = "ipvsadm is not installed, but brings this back after a reboot. Install it before the next boot."
            warnings.extend([text] if text not in warnings else [])
        return found or "/usr/sbin/ipvsadm"

    def run(self, argv: Sequence[str]) -> None:
        code, out, err = self._run(argv)
        if code:
            raise IpvsError("'{}' failed with {}: {}".format(" ".join(argv), code, " ".join((err or out).split())), argv[0])
