# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few file operations of the ARP and VIP modules, in one place that tests can replace."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol

__all__ = ["FileError", "Files", "HostFiles"]


class FileError(Exception):
    """A file of the managed host cannot be read or written."""

    def __init__(self, verb: str, path: str, error: OSError) -> None:
        self.path = path
        super().__init__(f"cannot {verb} {path}: {error.strerror or error}")


class Files(Protocol):
    """What the cores need of a file system."""

    def read(self, path: str) -> str | None: ...

    def names(self, folder: str) -> list[str]: ...

    def target(self, path: str) -> str | None: ...

    def real(self, path: str) -> str: ...

    def write(self, path: str, text: str, mode: int = 0o644) -> None: ...

    def poke(self, path: str, text: str) -> None: ...

    def link(self, path: str, target: str) -> None: ...

    def remove(self, path: str) -> None: ...


class HostFiles:
    """The real file system."""

    def read(self, path: str) -> str | None:
        try:
            return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileError("read", path, error) from error

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in Path(folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise FileError("list", folder, error) from error

    def target(self, path: str) -> str | None:
        """Where a symbolic link points; None when it is no link."""
        try:
            return str(Path(path).readlink())
        except OSError:
            return None

    def real(self, path: str) -> str:
        return str(Path(path).resolve())

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Replace the file in one step: a power cut leaves the old text or the new one."""
        folder = Path(path).parent
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            # The dot and the missing suffix keep an orphan from being read as configuration.
            handle, name = tempfile.mkstemp(prefix=".steadfast-", dir=folder)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fchmod(stream.fileno(), mode)
                    os.fsync(stream.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink()
                raise
        except OSError as error:
            raise FileError("write", path, error) from error

    def poke(self, path: str, text: str) -> None:
        """Write into an existing file in place, as /proc wants it."""
        try:
            with Path(path).open("r+", encoding="ascii") as stream:
                stream.write(text)
        except OSError as error:
            raise FileError("write", path, error) from error

    def link(self, path: str, target: str) -> None:
        temporary = Path(f"{path}.{os.getpid()}.steadfast")
        try:
            temporary.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            temporary.symlink_to(target)
            temporary.replace(path)
        except OSError as error:
            raise FileError("link", path, error) from error

    def remove(self, path: str) -> None:
        try:
            Path(path).unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise FileError("remove", path, error) from error
