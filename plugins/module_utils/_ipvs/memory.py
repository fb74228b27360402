# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights that drained real servers had, so that they can be given back.

They live in /run: the table itself does not survive a reboot either, and the two must not outlive each other.
"""

from __future__ import annotations

import json

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host

__all__ = ["PATH", "Memory"]

PATH = "/run/steadfast-edge/ipvs-weights.json"


class Memory:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._weights = self._load()
        self._saved = dict(self._weights)

    def __bool__(self) -> bool:
        return bool(self._weights)

    def recall(self, service: model.ServiceKey, destination: model.DestKey) -> int | None:
        return self._weights.get(_name(service, destination))

    def remember(self, service: model.ServiceKey, destination: model.DestKey, weight: int) -> None:
        self._weights[_name(service, destination)] = weight

    def forget(self, service: model.ServiceKey, destination: model.DestKey) -> None:
        self._weights.pop(_name(service, destination), None)

    def save(self) -> None:
        if self._weights != self._saved:
            self._host.write(PATH, json.dumps(self._weights, indent=1, sort_keys=True) + "\n", mode=0o600)
            self._saved = dict(self._weights)

    def _load(self) -> dict[str, int]:
        try:
            loaded = json.loads(self._host.read(PATH) or "{}")
        except ValueError:
            # Only a convenience: without it the weight has to be given.
            return {}
        return {str(name): weight for name, weight in loaded.items() if isinstance(weight, int)} if isinstance(loaded, dict) else {}


def _name(service: model.ServiceKey, destination: model.DestKey) -> str:
    return f"{service} -> {destination}"
