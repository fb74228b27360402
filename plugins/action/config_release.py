# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of config_release: keeps what tells from which value a line comes, and says it where a line is refused."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash
from ansible_collections.steadfast.edge.plugins.module_utils._release._origins import explain, part


class ActionModule(ActionBase):
    """Runs the module as any other; whatever it answers passes through, and only a failure is added to."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        given = arguments.get("files")
        sent, origins = part(given)
        if given is not None:
            arguments["files"] = sent
        # With async, the answer is fetched later, by another action: it stays as the module gave it.
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result = merge_hash(result, self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async))
        if result.get("failed") and origins:
            found = explain(given, origins, result.get("file"), result.get("line"), str(result.get("output") or ""))
            result["origins"] = found
            if found:
                result["msg"] = f"{result.get('msg', '')} It comes from {' or '.join(found)}."
                # What ansible-core made of the shorter message, and would print in its place.
                result.pop("exception", None)
        return result
