# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints where Maven finds what is published: $MAVEN_REPOSITORY, else what Maven itself has built in.

The latter is in a file of Debian's package of Maven, which is looked into and not installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "libmaven3-core-java"
ARCHIVE = "usr/share/java/maven3-model-builder.jar"
MEMBER = "org/apache/maven/model/pom-4.0.0.xml"
URL = re.compile(r"<repository>.*?<url>(https?://[^<]+)</url>", re.DOTALL)


def built_in() -> str:
    installed = Path("/") / ARCHIVE
    if installed.exists():
        return url_in(installed)
    with tempfile.TemporaryDirectory() as folder:
        # As this user: apt would hand the download to one that cannot write here.
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", PACKAGE], cwd=folder, check=True)
        (package,) = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", str(package), f"{folder}/tree"], check=True)
        return url_in(Path(folder) / "tree" / ARCHIVE)


def url_in(archive: Path) -> str:
    with zipfile.ZipFile(archive) as opened:
        found = URL.search(opened.read(MEMBER).decode())
    if found is None:
        sys.exit(f"{archive} names no repository; set MAVEN_REPOSITORY")
    return found.group(1)


def main() -> None:
    given = os.environ.get("MAVEN_REPOSITORY")
    if given:
        print(given.rstrip("/"))
        return
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "steadfast-edge/maven-repository"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(built_in())
        new.replace(kept)
    print(kept.read_text())


if __name__ == "__main__":
    main()
