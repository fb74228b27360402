# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of docs/nginx.md, and the example inventories, as a real nginx and a static analyser see them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import real_nginx
import yaml
from ansible_collections.steadfast.edge.plugins.filter.nginx_files import nginx_files
from checkout import INVENTORIES, ROOT

PAGE = ROOT / "docs/nginx.md"
UPSTREAM = {"name": "shop-app", "servers": [{"address": "192.0.2.31", "port": 8080}, {"address": "192.0.2.32", "port": 8080}]}
# What the analyser says of examples, and why it is meant so.
ACCEPTED = {
    # Requests without a referer are let through on purpose: browsers that keep it to themselves are no thieves.
    "Hotlinking": {"valid_referers"},
}


def examples() -> dict[str, dict[str, Any]]:
    """The YAML of the page, by the title above it."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = {}
    for section in sections:
        for block in re.findall(r"^```yaml\n(.*?)^```", section, flags=re.M | re.S):
            found[section.splitlines()[0]] = yaml.safe_load(block)
    return found


def inventories() -> dict[str, dict[str, Any]]:
    """The web tier of each example inventory, with upstreams such as the playbook derives."""
    found = {}
    for name in INVENTORIES:
        path = ROOT / "inventories" / name / "group_vars/edge_web.yml"
        if path.exists():
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
            found[name] = {"nginx_upstreams": [UPSTREAM], **{key: value for key, value in given.items() if key != "nginx_probe_url"}}
    return found


CASES = {**examples(), **{f"inventories/{name}": variables for name, variables in inventories().items()}}
CASES["defaults"] = {"nginx_servers": [{"name": "shop", "root": "/srv/www/shop"}]}


@pytest.fixture(name="pair", scope="module")
def fixture_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("pair")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        [*made, "-subj", "/CN=shop.example.com", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "certificate.pem", folder / "key.pem"


def with_secrets(value: Any, pair: tuple[Path, Path]) -> Any:
    """The examples name what a vault holds."""
    if isinstance(value, dict):
        return {key: with_secrets(each, pair) for key, each in value.items()}
    if isinstance(value, list):
        return [with_secrets(each, pair) for each in value]
    for name, path in zip(("{{ vault_shop_certificate }}", "{{ vault_shop_key }}"), pair):
        if value == name:
            return path.read_text(encoding="utf-8")
    return value


def put_certificates(root: Path, variables: dict[str, Any], pair: tuple[Path, Path]) -> None:
    """What the host has or makes for itself."""
    for item in variables.get("nginx_certificates", []):
        made = f"/var/lib/steadfast-edge/certificates/{item['name']}"
        for source, given, own in zip(pair, ("certificate_file", "key_file"), (f"{made}.pem", f"{made}.key")):
            target = root / str(item.get(given, own)).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


@pytest.fixture(name="laid_out")
def fixture_laid_out(request: pytest.FixtureRequest, tmp_path: Path, pair: tuple[Path, Path]) -> Path:
    variables = with_secrets(CASES[request.param], pair)
    host = {"version": real_nginx.version(), "processors": 2, "modules_include": "modules-enabled/*.conf"}
    real_nginx.lay_out(tmp_path, nginx_files(variables, host))
    put_certificates(tmp_path, variables, pair)
    return tmp_path


def test_the_page_has_an_example_of_everything() -> None:
    assert len(examples()) >= 12


@pytest.mark.parametrize("laid_out", CASES, indirect=True)
def test_nginx_accepts_it_without_a_warning(laid_out: Path) -> None:
    judged = real_nginx.judge(laid_out)
    assert (judged.returncode, judged.stderr) == (0, ""), judged.stderr


@pytest.mark.parametrize(("case", "laid_out"), [(case, case) for case in CASES], indirect=["laid_out"])
def test_the_analyser_finds_nothing(case: str, laid_out: Path) -> None:
    """gixy-ng, which knows what makes a valid configuration an unsafe one."""
    command = ["gixy", "--format", "json", str(laid_out / "etc/nginx/nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = [each for each in json.loads(done.stdout) if each["plugin"] not in ACCEPTED.get(case, ())]
    assert not findings, json.dumps(findings, indent=2)
