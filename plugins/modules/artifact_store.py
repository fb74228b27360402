#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact_store
short_description: Archives and files on a host, named by their content
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Brings any number of archives and files into one folder of a host, each under a name that holds its digest. A version that is there
    is never changed, so several versions lie side by side, and what runs with one of them is not disturbed by the next.
  - Nothing goes live by that. Links do it, released by M(steadfast.edge.config_release), which can bring the version before back as well.
  - The controller fetches what comes from an URL, once, and verifies it; hosts need no way out. Only what a host lacks is sent.
  - An archive is complete in its place or not there at all, whenever the run ends.
  - A run that finds everything there costs one call, however many artifacts there are.
options:
  path:
    description: The folder. It is made where it is missing, and belongs to this module alone.
    type: path
    required: true
  artifacts:
    description: What the folder shall have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - A name of your choice, once in the list. Its file name in the store begins with it, without what follows an C(@).
        type: str
        required: true
      src:
        description:
          - A file on the controller, a folder on the controller (with O(artifacts[].unpack=zip)), or an URL.
          - A folder counts by the names and contents of its files.
        type: str
        required: true
      checksum:
        description:
          - The digest that the file must have, as V(sha256:...), V(sha384:...) or V(sha512:...). Required for an URL.
        type: str
      unpack:
        description:
          - V(zip) and V(tar) (compressed or not) are unpacked.
          - Of a C(tar) archive that has everything in one folder, what is in that folder.
          - Links and names that lead out of the archive are refused.
        type: str
        choices: [none, zip, tar]
        default: none
      exclude:
        description: Names in the top folder of the archive that are left out.
        type: list
        elements: str
        default: []
      uploaded:
        description: Where the file lies on the host already. The controller's half of this module fills this in.
        type: path
  group:
    description: The group that may read everything, beside root. Others may not.
    type: str
    default: root
  purge:
    description: Whether what is not in O(artifacts) and not linked from O(used_by) goes away.
    type: bool
    default: false
  used_by:
    description:
      - Trees of M(steadfast.edge.config_release). What they link to, in the live release or in one that can be brought back, stays.
    type: list
    elements: path
    default: []
  state_dir:
    description: The folder of the same name of M(steadfast.edge.config_release).
    type: path
    default: /var/lib/steadfast-edge/releases
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - What a host lacks is named, not fetched.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
"""

EXAMPLES = r"""
- name: Bring the shop, from the controller, and a library
  steadfast.edge.artifact_store:
    path: /srv/tomcat/artifacts
    group: tomcat
    artifacts:
      - name: shop
        src: files/shop.war
        unpack: zip
      - name: driver.jar
        src: https://artifacts.example.com/driver-1.2.jar
        checksum: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
  register: stored

- name: Have it live
  steadfast.edge.config_release:
    path: /srv/tomcat/main/webapps
    files:
      - path: shop
        link: "{{ stored.paths.shop }}"
"""

RETURN = r"""
paths:
  description: Where each artifact lies, or will lie, by its name.
  returned: success
  type: dict
  sample: {shop: /srv/tomcat/artifacts/shop-2c26b46b68ffc68f}
added:
  description: Names of the artifacts that were brought (in check mode, would be).
  returned: success
  type: list
  elements: str
removed:
  description: What went away from the folder (in check mode, would go).
  returned: success
  type: list
  elements: str
missing:
  description: Names of artifacts that the host still lacks; the controller's half sends them and asks again.
  returned: success
  type: list
  elements: str
"""

import grp
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.artifact import Artifact, ArtifactError, parse_checksum
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.store import Request, store

ARTIFACT: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "src": {"type": "str", "required": True},
    "checksum": {"type": "str"},
    "unpack": {"type": "str", "choices": ["none", "zip", "tar"], "default": "none"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "uploaded": {"type": "path"},
}
ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "artifacts": {"type": "list", "elements": "dict", "default": [], "options": ARTIFACT},
    "group": {"type": "str", "default": "root"},
    "purge": {"type": "bool", "default": False},
    "used_by": {"type": "list", "elements": "path", "default": []},
    "state_dir": {"type": "path", "default": "/var/lib/steadfast-edge/releases"},
}


def make_request(module: AnsibleModule) -> Request:
    artifacts = []
    for given in module.params["artifacts"]:
        where = f"artifacts[{given['name']}]"
        if given["checksum"] is None:
            raise ArtifactError(f"{where}.checksum: it is required here; the controller's half did not run.")
        algorithm, digest = parse_checksum(given["checksum"], f"{where}.checksum")
        artifacts.append(Artifact(given["name"], algorithm, digest, given["unpack"], tuple(given["exclude"])))
    try:
        gid = grp.getgrnam(module.params["group"]).gr_gid
    except KeyError:
        # In check mode it may be missing because its package is.
        if not module.check_mode:
            raise ArtifactError(f"group: there is no group '{module.params['group']}' on the host; make it before.") from None
        gid = -1
    uploads = {given["name"]: given["uploaded"] for given in module.params["artifacts"] if given["uploaded"]}
    rest = {key: module.params[key] for key in ("purge", "used_by", "state_dir")}
    return Request(module.params["path"], artifacts, uploads, gid, check_mode=module.check_mode, **rest)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        outcome = store(make_request(module))
    except (ArtifactError, OSError) as error:
        module.fail_json(msg=str(error))
    added = outcome.missing if module.check_mode else outcome.added
    module.exit_json(changed=bool(added or outcome.removed), paths=outcome.paths, added=added, removed=outcome.removed,
                     missing=outcome.missing)


if __name__ == "__main__":
    main()
