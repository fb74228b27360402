# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artifact is called and how its digest is written. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ALGORITHMS", "Artifact", "ArtifactError", "digest_of", "parse_checksum"]

ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
# Of the digest, in names on the host: enough to tell versions apart, and readable.
SHOWN = 16
CHUNK = 1 << 20


class ArtifactError(Exception):
    """An artifact cannot be had, or is not what was promised. The message names the value and the remedy."""


@dataclass(frozen=True)
class Artifact:
    """One archive or file by what is in it."""

    name: str
    algorithm: str
    digest: str
    unpack: str = "none"
    exclude: tuple[str, ...] = ()

    @property
    def checksum(self) -> str:
        return f"{self.algorithm}:{self.digest}"

    @property
    def place(self) -> str:
        """Its name in the store: equal where the content is equal, and without signs that programs read in their own way."""
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", self.name.partition("@")[0])
        stem, dot, ending = name.rpartition(".") if self.unpack == "none" else (name, "", "")
        if not stem:
            stem, dot, ending = name, "", ""
        return f"{stem}-{self.digest[:SHOWN]}{dot}{ending}"


def parse_checksum(text: str, where: str) -> tuple[str, str]:
    """`ALGORITHM:DIGEST` as its two parts."""
    algorithm, _colon, digest = text.strip().lower().partition(":")
    if algorithm not in ALGORITHMS:
        raise ArtifactError(f"{where}: '{text}' names no algorithm; write one of {', '.join(ALGORITHMS)}, a colon and the digest.")
    if not re.fullmatch(rf"[0-9a-f]{{{ALGORITHMS[algorithm]}}}", digest):
        raise ArtifactError(f"{where}: '{text}' is no {algorithm} digest: that has {ALGORITHMS[algorithm]} hexadecimal digits.")
    return algorithm, digest


def digest_of(path: str, algorithm: str) -> str:
    """The digest of a file, read in pieces: archives may be large."""
    found = hashlib.new(algorithm)
    with Path(path).open("rb") as source:
        while piece := source.read(CHUNK):
            found.update(piece)
    return found.hexdigest()
