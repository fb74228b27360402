# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of artifact_store: knows the digests, asks the host what it lacks, and sends only that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.urls import open_url
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.artifact import ArtifactError
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.source import Source, cache_folder

TIMEOUT = 60


def fetch(url: str, target: Path) -> None:
    """Raises OSError (an URLError is one) where it cannot be had."""
    with open_url(url, timeout=TIMEOUT, follow_redirects="safe") as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)


class ActionModule(ActionBase):
    """Runs the module once, and where the host lacks something, once more with what was sent."""

    TRANSFERS_FILES = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        try:
            sources = self._sources()
            arguments = {**self._task.args, "artifacts": [self._completed(source) for source in sources.values()]}
            answer = self._execute_module(module_args=arguments, task_vars=task_vars)
            missing = answer.get("missing") or []
            if missing and not self._task.check_mode and not answer.get("failed"):
                uploads = {name: self._send(number, sources[name]) for number, name in enumerate(missing)}
                for artifact in arguments["artifacts"]:
                    artifact["uploaded"] = uploads.get(artifact["name"])
                answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        except ArtifactError as error:
            raise AnsibleActionFail(str(error)) from error
        merged: dict[str, Any] = merge_hash(result, answer)
        return merged

    def _sources(self) -> dict[str, Source]:
        cache = cache_folder(os.environ)
        found: dict[str, Source] = {}
        for given in self._task.args.get("artifacts") or []:
            name = str(given.get("name"))
            if name in found:
                raise ArtifactError(f"artifacts[{name}]: there are two of this name; give each one of its own.")
            if "://" in str(given.get("src")) and not given.get("checksum"):
                raise ArtifactError(f"artifacts[{name}].checksum: it is required for an URL; write sha256: and the digest.")
            found[name] = Source({**given, "src": self._found(given)}, f"artifacts[{name}]", cache, fetch)
        return found

    def _found(self, given: dict[str, Any]) -> str:
        """A relative path is looked for where Ansible looks for files."""
        src = str(given.get("src") or "")
        return src if "://" in src or not src else str(self._find_needle("files", src))

    def _completed(self, source: Source) -> dict[str, Any]:
        return {**source.given, "checksum": source.artifact().checksum}

    def _send(self, number: int, source: Source) -> str:
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        remote = shell.join_path(shell.tmpdir, f"artifact-{number}")
        self._transfer_file(str(source.file()), remote)
        self._fixup_perms2((shell.tmpdir, remote))
        return str(remote)
