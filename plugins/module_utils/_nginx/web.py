# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The http block."""

from __future__ import annotations

from . import caches, logs, tls
from .compression import print_gzip
from .context import Context, with_brackets
from .headers import PROXY_SET_HEADERS, Header, print_requests, with_headers
from .servers import uses_tls
from .tree import Block, word

__all__ = ["DEFAULTS", "print_http", "request_headers"]

# What the block says unless nginx_http_directives says otherwise. The meaning of each: https://nginx.org/en/docs/dirindex.html
DEFAULTS = {
    "default_type": "application/octet-stream",
    "server_tokens": "off",
    # Files go from the page cache to the card without passing through nginx, in full packets.
    "sendfile": "on",
    "tcp_nopush": "on",
    "types_hash_max_size": "2048",
    # Room for generated maps and their variables.
    "map_hash_bucket_size": "256",
    "variables_hash_max_size": "2048",
    # A look at a file is remembered for a moment, so that a busy file costs no system call for each request, and a new release is
    # seen within it.
    "open_file_cache": "max=10000 inactive=60s",
    "open_file_cache_valid": "2s",
    "open_file_cache_min_uses": "2",
    # A client's connection serves many requests; older releases end it after 100.
    "keepalive_timeout": "65s",
    "keepalive_requests": "10000",
    # A client that stalls frees its connection early, and without lingering in FIN_WAIT1.
    "client_header_timeout": "15s",
    "client_body_timeout": "15s",
    "send_timeout": "30s",
    "reset_timedout_connection": "on",
    # The keepalive pools of the upstreams need both HTTP/1.1 and the empty Connection header.
    "proxy_http_version": "1.1",
    # Most answers fit into memory, and frees the upstream while a slow client still reads; headers with large cookies fit as well.
    "proxy_buffer_size": "8k",
    "proxy_buffers": "16 8k",
    "proxy_busy_buffers_size": "32k",
    # A dead member costs a client at most this long before the next one is asked ...
    "proxy_connect_timeout": "2s",
    # ... and 503 is what a Tomcat answers while it stops. What may have changed something (POST) is never sent twice.
    "proxy_next_upstream": "error timeout http_503",
    "proxy_next_upstream_tries": "3",
    # Only early failures are worth a second try: after it, a slow request is not started again elsewhere.
    "proxy_next_upstream_timeout": "10s",
    "proxy_socket_keepalive": "on",
}


def request_headers(context: Context) -> dict[str, Header]:
    own = {name: Header(value) for name, value in PROXY_SET_HEADERS.items()}
    return with_headers(own, context.values["nginx_proxy_set_headers"], "nginx_proxy_set_headers")


def print_http(file: Block, context: Context, servers: list[str], others: list[str]) -> None:
    """`servers`: the files of servers, `others`: those that come before them."""
    values = context.values
    block = file.block("http")
    block.put("include", "mime.types")
    own = Block()
    logs.print_formats(own, context)
    for name, text in {**DEFAULTS, **_hashes(context)}.items():
        own.put(name, text)
    logs.check_formats(context, values["nginx_access_log"], "nginx_access_log")
    logs.print_access_log(own, context, values["nginx_access_log"], "nginx_access_log")
    print_gzip(own, context)
    if values["nginx_resolvers"]:
        own.put("resolver", " ".join(word(with_brackets(each)) for each in values["nginx_resolvers"]), "nginx_resolvers")
    if uses_tls(context):
        tls.print_common(own, context, "edge_tls")
    own.drop(values["nginx_http_directives"])
    block.extend(own)
    caches.print_stores(block, context)
    context.directives(block, values["nginx_http_directives"], "http", "nginx_http_directives")
    print_requests(block, context.request_headers)
    for name in [*others, *servers]:
        block.put("include", name)
    block.raw(values["nginx_raw_http"], "nginx_raw_http")


def _hashes(context: Context) -> dict[str, str]:
    """Tables of names as large as the names need; nginx's own are for a handful."""
    names = [name for server in context.values["nginx_servers"] for name in server["server_names"]]
    longest = max((len(name) for name in names), default=0)
    sizes = {"server_names_hash_bucket_size": str(max(128, _power_of_two(longest + 32))), "variables_hash_bucket_size": "128"}
    if len(names) > 100:
        sizes["server_names_hash_max_size"] = str(_power_of_two(4 * len(names)))
    return sizes


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
