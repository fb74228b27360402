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
# What the distribution's is too old for.
RESOLVED = {
    "nginx_resolvers": ["192.0.2.53"],
    "nginx_upstreams": [{"name": "app", "servers": [{"address": "app.example.com", "port": 8080, "resolve": True, "max_conns": 9}]}],
    "nginx_servers": [{"name": "shop", "locations": [{"path": "/", "proxy_pass": "http://app"}]}],
}
# The current nginx was built without the module that counts.
LACKING = {"current": {"nginx_status", "nginx_exporter"}}


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
CASES["resolved"] = RESOLVED
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
    case, age = request.param
    given = {name: value for name, value in CASES[case].items() if name not in LACKING.get(age, ())}
    variables = with_secrets(given, pair)
    host = {"version": real_nginx.version(age), "processors": 2, "modules_include": "modules-enabled/*.conf"}
    real_nginx.lay_out(tmp_path, nginx_files(variables, host), age)
    put_certificates(tmp_path, variables, pair)
    return tmp_path


def test_the_page_has_an_example_of_everything() -> None:
    assert len(examples()) >= 12


def test_the_current_nginx_is_years_ahead() -> None:
    """Of two of the same age, one says nothing that the other does not."""
    assert int(real_nginx.version("current").split(".")[1]) >= int(real_nginx.version().split(".")[1]) + 4


AGE_OF = {"resolved": "current"}
EVERY = [((case, age), age) for case in CASES for age in real_nginx.AGES if AGE_OF.get(case, age) == age]


@pytest.mark.parametrize(("laid_out", "age"), EVERY, indirect=["laid_out"], ids=["-".join(pair) for pair, _age in EVERY])
def test_nginx_accepts_it_without_a_warning(laid_out: Path, age: str) -> None:
    judged = real_nginx.judge(laid_out, age)
    assert (judged.returncode, judged.stderr) == (0, ""), judged.stderr


@pytest.mark.parametrize(("case", "laid_out"), [(case, (case, AGE_OF.get(case, "distribution"))) for case in CASES], indirect=["laid_out"])
def test_the_analyser_finds_nothing(case: str, laid_out: Path) -> None:
    """gixy-ng, which knows what makes a valid configuration an unsafe one."""
    findings = [each for each in analysed(laid_out / "etc/nginx/nginx.conf") if each["plugin"] not in ACCEPTED.get(case, ())]
    assert not findings, json.dumps(findings, indent=2)


def analysed(path: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["gixy", "--format", "json", str(path)], capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("laid_out", [("Static and dynamic", "distribution")], indirect=True)
def test_the_analyser_reads_every_file_and_would_speak_up(laid_out: Path) -> None:
    """Silence is worth something: a mistake that is put into the file of one server, behind two includes, is found."""
    server = laid_out / "etc/nginx/servers/shop.conf"
    text, count = re.subn(r"(?m)^}$", "    location /open { proxy_pass http://$arg_to; }\n}", server.read_text(encoding="utf-8"), count=1)
    assert count == 1
    server.write_text(text, encoding="utf-8")
    assert "ssrf" in {each["plugin"] for each in analysed(laid_out / "etc/nginx/nginx.conf")}
