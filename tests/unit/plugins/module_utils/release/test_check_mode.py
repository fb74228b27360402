# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode foresees, and what a diff tells; secrets are in neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    CheckRefused,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import (
    FIRST,
    FOREIGN,
    Rig,
    ServiceHost,
    contents,
)


@pytest.mark.parametrize("files", [FIRST, {"foreign.conf": "taken\n"}, {}])
def test_check_mode_tells_what_real_mode_does_and_changes_nothing(rig: Rig, files: dict[str, str]) -> None:
    rig.run({"main.conf": "zero\n", "old/gone.conf": "x\n"})
    before = contents(rig.base)
    foreseen = rig.run(files, check_mode=True)
    assert contents(rig.base) == before and rig.beside() == []
    assert asdict(foreseen) == asdict(rig.run(files))
    assert asdict(rig.run(files, check_mode=True)) == asdict(rig.run(files))


def test_check_mode_runs_the_checker_on_the_would_be_tree(rig: Rig) -> None:
    host = rig.host()
    seen: list[dict[str, str]] = []
    host.on_check = lambda stage: seen.append(contents(stage))
    rig.run(FIRST, host, check_mode=True)
    assert seen == [{**FOREIGN, **FIRST}]
    with pytest.raises(CheckRefused):
        rig.run({"main.conf": "broken\n"}, check_mode=True)
    assert rig.beside() == []


def test_check_mode_before_the_package_is_there_warns(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.live.rmdir()
    rig.live.parent.rmdir()
    assert rig.run(FIRST, check_mode=True).changed
    assert "does not exist yet" in rig.warnings[0]
    rig.live.mkdir(parents=True)
    outcome = rig.run(FIRST, check_mode=True, validate=("no-such-checker",))
    assert outcome.changed and not outcome.validated and "no-such-checker" in rig.warnings[1]


def test_secrets_are_in_no_answer(rig: Rig) -> None:
    secret: dict[str, Any] = {"attributes": {"secret": True}}
    answers = [str(rig.run({"key": "password topsecret;\n"}, **secret)), str(rig.run({"key": "password topsecret2;\n"}, **secret))]
    with pytest.raises(CheckRefused) as error:
        rig.run({"key": "password topsecret3 broken;\n"}, **secret)
    host = rig.host()
    host.on_check = lambda stage: None
    answers += [str(error.value), error.value.output, str(rig.run({}))]
    assert not [answer for answer in answers if "topsecret" in answer]
    assert "line 1: not shown" in str(error.value)


class QuotingHost(ServiceHost):
    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        return Finished(1, f'unknown directive "topsecret3" in {argv[1]}/key:1')


def test_a_checker_that_quotes_a_secret_is_cut_short(rig: Rig) -> None:
    with pytest.raises(CheckRefused) as error:
        rig.run({"key": "password topsecret3;\n"}, QuotingHost(rig.live, rig.loaded), attributes={"secret": True})
    assert "topsecret3" not in str(error.value) + error.value.output
    assert "key:1" in str(error.value)


def test_diff_shows_content_and_attributes(rig: Rig) -> None:
    rig.run(FIRST)
    (rig.live / "conf.d/b.conf").chmod(0o600)
    diff = rig.run({**FIRST, "main.conf": "two\n", "conf.d/a.conf": "a\n"}).diff
    main = str(rig.live / "main.conf")
    assert {"before": "one\n", "after": "two\n", "before_header": main, "after_header": main} in diff
    attributes = [entry for entry in diff if "attributes" in entry["after_header"]]
    assert [entry["before"].splitlines()[0] for entry in attributes] == ["mode: 0600"]
    assert len(diff) == 2
    assert rig.run({}, diff=False).diff == []
