# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for a module of the collection: writes down how it was called, and answers as it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

NAME = "@NAME@"
OPTIONS = "@OPTIONS@"
FOLDER = Path("@FOLDER@")
HELD = ["192.0.2.150"]
LOOK = {"arp": {}, "ipvs": [], "certificates": [], "booted": 5, "unknown": {}}


def look(params: dict[str, Any], told: dict[str, Any], host: str) -> dict[str, Any]:
    requests = params["requests"] or []
    failing = {request["url"]: told.get("error", "") for request in requests}
    tree = {"drained": told.get("drained", []), "yielded": told.get("yielded", {}).get(host, ""), "edited": [], "interrupted": False}
    return {
        **LOOK,
        "addresses": {"eth0": told.get("held", HELD)},
        "services": dict.fromkeys(params["services"] or [], "active"),
        "answers": [{"url": url, "connect_to": "", "error": error} for url, error in failing.items()],
        "trees": dict.fromkeys(params["trees"] or [], tree),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=json.loads(OPTIONS), supports_check_mode=True)
    params = module.params
    # All run on this machine; each host of the inventory has temporary files of its own.
    host = Path(module.tmpdir).parent.name
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps([NAME, {**params, "on": host}]) + "\n")
    told = json.loads((FOLDER / "told.json").read_text())
    if {NAME, f"{NAME} on {host}"} & set(told.get("fails", [])):
        module.fail_json(msg=f"{NAME} was told to fail")
    answers: dict[str, Callable[[], dict[str, Any]]] = {
        "host_state": lambda: look(params, told, host),
        "tcp_connections": lambda: {"at_first": 3, "remaining": {}, "waited": 1.5},
        "http_probe": lambda: {"lost": 0, "state": "stopped", "msg": "9 requests: 0 lost.", "chart": "#", "errors": {}, "failures": []},
    }
    module.exit_json(changed=NAME in ("member_drain", "config_release"), **answers.get(NAME, dict)())


if __name__ == "__main__":
    main()
