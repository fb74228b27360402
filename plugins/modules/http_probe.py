#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: http_probe
short_description: Ask an URL at a fixed rate in the background, and report every failure and gap
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Starts a probe on a host, which goes on when the connection to the host ends, and collects what it saw.
  - "Requests are sent on schedule, however slow the answers are: a server that stands still does not keep the probe from asking, as it
    would with clients that wait for their turn. Latencies count from the moment at which a request was due."
  - A probe always ends, after O(duration) at the latest. One that was killed is reported as a failure, never as a success.
  - Its process and its record in C(/run/steadfast-edge/probes) do not outlive a reboot.
options:
  name:
    description: Name of the probe on its host. Any number of probes may run side by side.
    type: str
    default: probe
  state:
    description:
      - V(started) sees to it that a probe with these options runs. One that runs already is left alone, one of the same name with other
        options is an error. One that has ended is replaced, and what it saw is gone.
      - V(collected) ends the probe and returns what it saw, as often as it is asked to.
      - V(absent) ends the probe and removes what it saw.
    type: str
    choices: [started, collected, absent]
    required: true
  url:
    description: What to ask, with C(http) or C(https). Required with O(state=started).
    type: str
  rate:
    description: Requests per second, more than 0 and at most 2000.
    type: float
    default: 10
  duration:
    description: Seconds after which the probe ends by itself, at most 86400.
    type: float
    default: 600
  timeout:
    description: Seconds that one attempt may take as a whole, at most 600. O(rate) times this, and times O(retries) + 1, is at most 1000.
    type: float
    default: 2
  retries:
    description:
      - Further attempts of a request that failed, each O(timeout) after the one before it. A request that fails at first is reported in any
        case; it counts as lost when the last attempt has failed.
    type: int
    default: 0
  connections:
    description:
      - V(fresh) makes a connection for each request. V(kept_alive) uses connections again, as many as are needed at a time. V(both) takes
        turns.
      - When the server has closed a kept connection, the request is sent once more over a new one, as HTTP clients do. This is no failure,
        and is counted in RV(resent).
    type: str
    choices: [fresh, kept_alive, both]
    default: both
  connect_to:
    description:
      - Address to connect to instead of looking up the host of O(url). The host of O(url) is still the one that is asked for, and the one
        for which a certificate must be valid.
    type: str
  headers:
    description: Headers to send. Use C(no_log) on the task when one is a secret.
    type: dict
    default: {}
  status:
    description: The statuses that are a success. An empty list stands for 200 to 399.
    type: list
    elements: int
    default: [200]
  contains:
    description: A text that the first MiB of the body must contain.
    type: str
    default: ''
  validate_certs:
    description: Whether a certificate must be valid for the host of O(url).
    type: bool
    default: true
  ca_path:
    description: File on the host with the authorities that vouch for the certificate, instead of the system's.
    type: path
  count_headers:
    description: Response headers whose values are counted, for example one that says which server has answered.
    type: list
    elements: str
    default: []
  wait:
    description: With O(state=collected), whether to wait until the probe's time is over instead of ending it now.
    type: bool
    default: false
attributes:
  check_mode:
    description: Starts and ends nothing. With O(state=collected) returns what a running probe has seen so far.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
notes:
  - Needs root.
  - A probe of more than some hundred requests per second needs a processor of its own; RV(delay) shows when it was too slow for its rate.
"""

EXAMPLES = r"""
- name: Ask for the shop's page while the edge is being changed
  steadfast.edge.http_probe:
    state: started
    name: rolling
    url: http://192.0.2.150/
    rate: 100
    duration: 900

- name: See what clients saw
  steadfast.edge.http_probe:
    state: collected
    name: rolling
  register: probe

- name: Insist on a change without a lost request
  ansible.builtin.assert:
    that:
      - probe.lost == 0
      - probe.state == 'stopped'    # it was still asking when it was collected
    fail_msg: "{{ probe.msg }}"

- name: Ask by HTTPS for a name that the DNS does not know yet
  steadfast.edge.http_probe:
    state: started
    name: tls
    url: https://shop.example.com/healthz
    connect_to: 192.0.2.150
    ca_path: /etc/ssl/certs/shop-ca.pem
    status: [200]
    contains: ok
"""

RETURN = r"""
state:
  description:
    - What the probe is, or would be without check mode. With O(state=started) V(running).
    - With O(state=collected) V(stopped) when it was still sending, V(finished) when its time was over before.
    - V(died) when its process was killed, which is a failure; V(absent) when there is none.
  returned: always
  type: str
msg:
  description: What the probe saw, in one sentence.
  returned: always
  type: str
  sample: "1200 requests: 2 lost, 0 answered after a retry; longest gap 0.214 s; p50 0.9 ms, p99 4.1 ms, at most 12 ms."
chart:
  description: "The same as a line, from the left to the right: answered (#), answered after a retry (+), lost (!)."
  returned: with O(state=collected)
  type: str
began:
  description: When the probe began, in seconds since the epoch.
  returned: with O(state=collected)
  type: float
ended:
  description: When it ended, or null.
  returned: with O(state=collected)
  type: float
requests:
  description: Requests whose end is known.
  returned: with O(state=collected)
  type: int
lost:
  description: Those without a good answer.
  returned: with O(state=collected)
  type: int
retried:
  description: Those whose first attempt failed, lost ones included.
  returned: with O(state=collected)
  type: int
resent:
  description: Those that found their kept connection closed and went over a new one.
  returned: with O(state=collected)
  type: int
longest_gap:
  description: Seconds of the longest stretch in which no request that was sent succeeded at the first attempt, 0 without a failure.
  returned: with O(state=collected)
  type: float
latency:
  description:
    - Seconds from the moment at which a request was due to its good answer, to 1 percent. A delay of the probing host counts, so that it
      cannot hide a pause of the server.
  returned: with O(state=collected)
  type: dict
  sample: {p50: 0.0009, p90: 0.0012, p99: 0.0041, max: 0.0121}
delay:
  description: Seconds by which the probing host itself was late in sending, in the same form.
  returned: with O(state=collected)
  type: dict
statuses:
  description: How often each status came.
  returned: with O(state=collected)
  type: dict
  sample: {"200": 1198, "502": 2}
errors:
  description: Why first attempts failed, and how often.
  returned: with O(state=collected)
  type: dict
  sample: {"TimeoutError (connect)": 3}
servers:
  description: For each of O(count_headers), its values and how many good answers had them.
  returned: with O(state=collected)
  type: dict
  sample: {"X-Edge-Web": {"web1": 600, "web2": 600}}
failures:
  description: The first 1000 requests that failed at first.
  returned: with O(state=collected)
  type: list
  elements: dict
  contains:
    number:
      description: Number of the request, from 0.
      type: int
    at:
      description: Seconds since the probe began.
      type: float
    seconds:
      description: How long it took, retries included.
      type: float
    lost:
      description: Whether the retries failed too.
      type: bool
    attempts:
      description: How often it was sent.
      type: int
    status:
      description: Status of the last attempt, null without an answer.
      type: int
    error:
      description: Why the first attempt failed.
      type: str
    connection:
      description: V(fresh) or V(kept).
      type: str
interval:
  description: Seconds that one item of RV(timeline) stands for.
  returned: with O(state=collected)
  type: float
timeline:
  description: For each interval when it began, its requests, how many of them were retried and lost, and the slowest in seconds.
  returned: with O(state=collected)
  type: list
  elements: dict
  sample: [{at: 0.0, requests: 100, retried: 0, lost: 0, slowest: 0.0041}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._probe import verbs
from ansible_collections.steadfast.edge.plugins.module_utils._probe.background import Probe, ProbeError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "probe"},
            "state": {"type": "str", "choices": ["started", "collected", "absent"], "required": True},
            "url": {"type": "str"},
            "rate": {"type": "float", "default": 10},
            "duration": {"type": "float", "default": 600},
            "timeout": {"type": "float", "default": 2},
            "retries": {"type": "int", "default": 0},
            "connections": {"type": "str", "choices": ["fresh", "kept_alive", "both"], "default": "both"},
            "connect_to": {"type": "str"},
            "headers": {"type": "dict", "default": {}},
            "status": {"type": "list", "elements": "int", "default": [200]},
            "contains": {"type": "str", "default": ""},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path"},
            "count_headers": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "bool", "default": False},
        },
        required_if=[("state", "started", ["url"])],
        supports_check_mode=True,
    )
    params = module.params
    try:
        probe = Probe(params["name"])
        if params["state"] == "started":
            result = verbs.started(probe, verbs.plan(params), module.check_mode)
        elif params["state"] == "collected":
            result = verbs.collected(probe, params["wait"], module.check_mode)
        else:
            result = verbs.absent(probe, module.check_mode)
    except ProbeError as error:
        module.fail_json(msg=str(error))
    if result["state"] == "died":
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
