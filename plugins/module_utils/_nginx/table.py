# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every directive of nginx. Written by tools/nginx_directives.py; do not change it by hand.

Facts from nginx 3f6f7824d4e2eb1ac37dec76683d525ac0ff521c
and its documentation, nginx.org 3924a7f8334b93bbb4d5368f3d0cd44922ef2a6b,
both published under the two-clause BSD licence (Igor Sysoev, Nginx, Inc. and contributors).
"""

from __future__ import annotations

__all__ = ["NEWEST", "PARAMETERS", "TABLE"]

# The release that the sources will become.
NEWEST = "1.31.5"

# name, module, arguments, contexts.
# After the module or a context: @ the first release that has the directive there, < the first one that has it no more. After the
# module ! where it belongs to the commercial edition. What was there in 1.14.0, or has releases of its own, has no mark.
# Arguments: their number (1|2, 2+ for two and more), * for any, flag for on or off; {} after it: a block.
TABLE = """
absolute_redirect http_core flag http server location
accept_mutex event flag events
accept_mutex_delay event 1 events
accept_terms_of_service http_acme * acme_issuer
acceptex_read iocp flag events
access_log http_log 1+ http server location location_if limit_except
access_log stream_log 1+ stream stream_server
account_key http_acme * acme_issuer
acme_certificate http_acme * server
acme_issuer http_acme *{} http
acme_shared_zone http_acme * http
add_after_body http_addition_filter 1 http server location
add_before_body http_addition_filter 1 http server location
add_header http_headers_filter 2|3 http server location location_if
add_header_inherit http_headers_filter@1.29.3 1 http server location location_if
add_trailer http_headers_filter 2|3 http server location location_if
add_trailer_inherit http_headers_filter@1.29.3 1 http server location location_if
addition_types http_addition_filter 1+ http server location
aio http_core 1 http server location
aio_write http_core flag http server location
alias http_core 1 location
allow http_access 1 http server location limit_except
allow stream_access 1 stream stream_server
ancient_browser http_browser 1+ http server location
ancient_browser_value http_browser 1 http server location
api http_api! * location
auth_basic http_auth_basic 1 http server location limit_except
auth_basic_user_file http_auth_basic 1 http server location limit_except
auth_delay http_core@1.17.10 1 http server location
auth_http mail_auth_http 1 mail mail_server
auth_http_header mail_auth_http 2 mail mail_server
auth_http_pass_client_cert mail_auth_http flag mail mail_server
auth_http_timeout mail_auth_http 1 mail mail_server
auth_jwt http_auth_jwt! * http server location limit_except
auth_jwt_claim_set http_auth_jwt! * http
auth_jwt_header_set http_auth_jwt! * http
auth_jwt_key_cache http_auth_jwt! * http server location
auth_jwt_key_file http_auth_jwt! * http server location limit_except
auth_jwt_key_request http_auth_jwt! * http server location limit_except
auth_jwt_leeway http_auth_jwt! * http server location
auth_jwt_require http_auth_jwt! * http server location limit_except
auth_jwt_type http_auth_jwt! * http server location limit_except
auth_oidc http_oidc! * http server location
auth_request http_auth_request 1 http server location
auth_request_set http_auth_request 2 http server location
auth_require http_auth_require! * http server location limit_except
autoindex http_autoindex flag http server location
autoindex_exact_size http_autoindex flag http server location
autoindex_format http_autoindex 1 http server location
autoindex_localtime http_autoindex flag http server location
break http_rewrite 0 server location server_if location_if
challenge http_acme * acme_issuer
charset http_charset_filter 1 http server location location_if
charset_map http_charset_filter 2{} http
charset_types http_charset_filter 1+ http server location
chunked_transfer_encoding http_core flag http server location
client_body_buffer_size http_core 1 http server location
client_body_early_read http_core@1.31.5 1+ http server
client_body_in_file_only http_core 1 http server location
client_body_in_single_buffer http_core flag http server location
client_body_temp_path http_core 1|2|3|4 http server location
client_body_timeout http_core 1 http server location
client_header_buffer_size http_core 1 http server
client_header_timeout http_core 1 http server
client_id http_oidc! * oidc_provider
client_max_body_size http_core 1 http server location
client_secret http_oidc! * oidc_provider
common_name_in_csr http_acme flag acme_issuer
config_url http_oidc! * oidc_provider
connection_pool_size http_core 1 http server
contact http_acme * acme_issuer
cookie_name http_oidc! * oidc_provider
create_full_put_path http_dav flag http server location
daemon nginx flag main
dav_access http_dav 1|2|3 http server location
dav_methods http_dav 1+ http server location
debug_connection event 1 events
debug_points nginx 1 main
default_type http_core 1 http server location
degradation http_degradation 1 http
degrade http_degradation 1 http server location
deny http_access 1 http server location limit_except
deny stream_access 1 stream stream_server
devpoll_changes devpoll 1 events
devpoll_events devpoll 1 events
directio http_core 1 http server location
directio_alignment http_core 1 http server location
disable_symlinks http_core 1|2 http server location
early_hints http_core@1.29.0 1+ http server location
empty_gif http_empty_gif 0 location
enforce_initial_report mgmt! flag mgmt
env nginx 1 main
epoll_events epoll 1 events
error_log http_core 1+ http server location
error_log log 1+ main
error_log mail_core 1+ mail mail_server
error_log stream_core 1+ stream stream_server
error_log_tag http_core! * http server location
error_page http_core 2+ http server location location_if
etag http_core flag http server location
eventport_events eventport 1 events
events event 0{} main
expires http_headers_filter 1|2 http server location location_if
external_account_key http_acme * acme_issuer
extra_auth_args http_oidc! * oidc_provider
f4f http_f4f! * location
f4f_buffer_size http_f4f! * http server location
fastcgi_allow_upstream http_fastcgi! * http server location
fastcgi_bind http_fastcgi 1|2 http server location
fastcgi_bind_dynamic http_fastcgi! flag http server location
fastcgi_buffer_size http_fastcgi 1 http server location
fastcgi_buffering http_fastcgi flag http server location
fastcgi_buffers http_fastcgi 2 http server location
fastcgi_busy_buffers_size http_fastcgi 1 http server location
fastcgi_cache http_fastcgi 1 http server location
fastcgi_cache_background_update http_fastcgi flag http server location
fastcgi_cache_bypass http_fastcgi 1+ http server location
fastcgi_cache_key http_fastcgi 1 http server location
fastcgi_cache_lock http_fastcgi flag http server location
fastcgi_cache_lock_age http_fastcgi 1 http server location
fastcgi_cache_lock_timeout http_fastcgi 1 http server location
fastcgi_cache_max_range_offset http_fastcgi 1 http server location
fastcgi_cache_methods http_fastcgi 1+ http server location
fastcgi_cache_min_uses http_fastcgi 1 http server location
fastcgi_cache_path http_fastcgi 2+ http
fastcgi_cache_purge http_fastcgi! * http server location
fastcgi_cache_revalidate http_fastcgi flag http server location
fastcgi_cache_use_stale http_fastcgi 1+ http server location
fastcgi_cache_valid http_fastcgi 1+ http server location
fastcgi_catch_stderr http_fastcgi 1 http server location
fastcgi_connect_timeout http_fastcgi 1 http server location
fastcgi_force_ranges http_fastcgi flag http server location
fastcgi_hide_header http_fastcgi 1 http server location
fastcgi_ignore_client_abort http_fastcgi flag http server location
fastcgi_ignore_headers http_fastcgi 1+ http server location
fastcgi_index http_fastcgi 1 http server location
fastcgi_intercept_errors http_fastcgi flag http server location
fastcgi_keep_conn http_fastcgi flag http server location
fastcgi_limit_rate http_fastcgi 1 http server location
fastcgi_max_temp_file_size http_fastcgi 1 http server location
fastcgi_next_upstream http_fastcgi 1+ http server location
fastcgi_next_upstream_timeout http_fastcgi 1 http server location
fastcgi_next_upstream_tries http_fastcgi 1 http server location
fastcgi_no_cache http_fastcgi 1+ http server location
fastcgi_param http_fastcgi 2|3 http server location
fastcgi_pass http_fastcgi 1 location location_if
fastcgi_pass_header http_fastcgi 1 http server location
fastcgi_pass_request_body http_fastcgi flag http server location
fastcgi_pass_request_headers http_fastcgi flag http server location
fastcgi_read_timeout http_fastcgi 1 http server location
fastcgi_request_buffering http_fastcgi flag http server location
fastcgi_request_dynamic http_fastcgi! flag http server location
fastcgi_send_lowat http_fastcgi 1 http server location
fastcgi_send_timeout http_fastcgi 1 http server location
fastcgi_socket_keepalive http_fastcgi@1.15.6 flag http server location
fastcgi_socket_rcvbuf http_fastcgi@1.31.3 1 http server location
fastcgi_socket_sndbuf http_fastcgi@1.31.3 1 http server location
fastcgi_split_path_info http_fastcgi 1 http server location
fastcgi_store http_fastcgi 1 http server location
fastcgi_store_access http_fastcgi 1|2|3 http server location
fastcgi_temp_file_write_size http_fastcgi 1 http server location
fastcgi_temp_path http_fastcgi 1|2|3|4 http server location
flv http_flv 0 location
frontchannel_logout_uri http_oidc! * oidc_provider
geo http_geo 1|2{} http
geo stream_geo 1|2{} stream
geoip_city http_geoip 1|2 http
geoip_city stream_geoip 1|2 stream
geoip_country http_geoip 1|2 http
geoip_country stream_geoip 1|2 stream
geoip_org http_geoip 1|2 http
geoip_org stream_geoip 1|2 stream
geoip_proxy http_geoip 1 http
geoip_proxy_recursive http_geoip flag http
google_perftools_profiles google_perftools 1 main
grpc_allow_upstream http_grpc! * http server location
grpc_bind http_grpc 1|2 http server location
grpc_bind_dynamic http_grpc! flag http server location
grpc_buffer_size http_grpc 1 http server location
grpc_connect_timeout http_grpc 1 http server location
grpc_hide_header http_grpc 1 http server location
grpc_ignore_headers http_grpc 1+ http server location
grpc_intercept_errors http_grpc flag http server location
grpc_next_upstream http_grpc 1+ http server location
grpc_next_upstream_timeout http_grpc 1 http server location
grpc_next_upstream_tries http_grpc 1 http server location
grpc_pass http_grpc 1 location location_if
grpc_pass_header http_grpc 1 http server location
grpc_read_timeout http_grpc 1 http server location
grpc_request_dynamic http_grpc! flag http server location
grpc_send_timeout http_grpc 1 http server location
grpc_set_header http_grpc 2 http server location
grpc_socket_keepalive http_grpc@1.15.6 flag http server location
grpc_socket_rcvbuf http_grpc@1.31.3 1 http server location
grpc_socket_sndbuf http_grpc@1.31.3 1 http server location
grpc_ssl_certificate http_grpc 1 http server location
grpc_ssl_certificate_cache http_grpc@1.27.4 1|2|3 http server location
grpc_ssl_certificate_key http_grpc 1 http server location
grpc_ssl_ciphers http_grpc 1 http server location
grpc_ssl_conf_command http_grpc@1.19.4 2 http server location
grpc_ssl_crl http_grpc 1 http server location
grpc_ssl_key_log http_grpc! * http server location
grpc_ssl_name http_grpc 1 http server location
grpc_ssl_password_file http_grpc 1 http server location
grpc_ssl_protocols http_grpc 1+ http server location
grpc_ssl_server_name http_grpc flag http server location
grpc_ssl_session_reuse http_grpc flag http server location
grpc_ssl_trusted_certificate http_grpc 1 http server location
grpc_ssl_verify http_grpc flag http server location
grpc_ssl_verify_depth http_grpc 1 http server location
gunzip http_gunzip_filter flag http server location
gunzip_buffers http_gunzip_filter 2 http server location
gzip http_gzip_filter flag http server location location_if
gzip_buffers http_gzip_filter 2 http server location
gzip_comp_level http_gzip_filter 1 http server location
gzip_disable http_core 1+ http server location
gzip_hash http_gzip_filter 1 http server location
gzip_http_version http_core 1 http server location
gzip_min_length http_gzip_filter 1 http server location
gzip_no_buffer http_gzip_filter flag http server location
gzip_proxied http_core 1+ http server location
gzip_static http_gzip_static 1 http server location
gzip_types http_gzip_filter 1+ http server location
gzip_vary http_core flag http server location
gzip_window http_gzip_filter 1 http server location
hash http_upstream_hash 1|2 upstream
hash stream_upstream_hash 1|2 stream_upstream
health_check http_upstream_hc! * location
health_check stream_upstream_hc! * stream_server
health_check_timeout stream_upstream_hc! * stream stream_server
hls http_hls! * location
hls_buffers http_hls! * http server location
hls_forward_args http_hls! flag http server location
hls_fragment http_hls! * http server location
hls_mp4_buffer_size http_hls! * http server location
hls_mp4_max_buffer_size http_hls! * http server location
http http 0{} main
http2 http_v2@1.25.1 flag http server
http2_body_preread_size http_v2 1 http server
http2_chunk_size http_v2 1 http server location
http2_idle_timeout http_v2 1 http server
http2_max_concurrent_pushes http_v2 1 http server
http2_max_concurrent_streams http_v2 1 http server
http2_max_field_size http_v2 1 http server
http2_max_header_size http_v2 1 http server
http2_max_requests http_v2 1 http server
http2_pool_size http_v2 1 http server
http2_push http_v2 1 http server location
http2_push_preload http_v2 flag http server location
http2_recv_buffer_size http_v2 1 http
http2_recv_timeout http_v2 1 http server
http2_streams_index_size http_v2 1 http server
http3 http_v3@1.25.0 flag http server
http3_hq http_v3@1.25.0 flag http server
http3_max_concurrent_streams http_v3@1.25.0 1 http server
http3_stream_buffer_size http_v3@1.25.0 1 http server
if http_rewrite 1+{} server location
if_modified_since http_core 1 http server location
ignore_invalid_headers http_core flag http server
image_filter http_image_filter 1|2|3 location
image_filter_buffer http_image_filter 1 http server location
image_filter_interlace http_image_filter flag http server location
image_filter_jpeg_quality http_image_filter 1 http server location
image_filter_sharpen http_image_filter 1 http server location
image_filter_transparency http_image_filter flag http server location
image_filter_webp_quality http_image_filter 1 http server location
imap_auth mail_imap 1+ mail mail_server
imap_capabilities mail_imap 1+ mail mail_server
imap_client_buffer mail_imap 1 mail mail_server
include conf_file 1 any
index http_index 1+ http server location
internal http_core 0 location
internal_redirect http_internal_redirect! * server location
iocp_threads iocp 1 events
ip_hash http_upstream_ip_hash 0 upstream
issuer http_oidc! * oidc_provider
js_access http_js * location location_if limit_except
js_access stream_js * stream stream_server
js_body_filter http_js * location location_if limit_except
js_content http_js * location location_if limit_except
js_context_reuse http_js * http server location
js_context_reuse stream_js * stream stream_server
js_engine http_js * http server location
js_engine stream_js * stream stream_server
js_fetch_buffer_size http_js * http server location
js_fetch_buffer_size stream_js * stream stream_server
js_fetch_ciphers http_js * http server location
js_fetch_ciphers stream_js * stream stream_server
js_fetch_keepalive http_js * http server location
js_fetch_keepalive stream_js * stream stream_server
js_fetch_keepalive_requests http_js * http server location
js_fetch_keepalive_requests stream_js * stream stream_server
js_fetch_keepalive_time http_js * http server location
js_fetch_keepalive_time stream_js * stream stream_server
js_fetch_keepalive_timeout http_js * http server location
js_fetch_keepalive_timeout stream_js * stream stream_server
js_fetch_max_response_buffer_size http_js * http server location
js_fetch_max_response_buffer_size stream_js * stream stream_server
js_fetch_protocols http_js * http server location
js_fetch_protocols stream_js * stream stream_server
js_fetch_proxy http_js * http server location
js_fetch_proxy stream_js * stream stream_server
js_fetch_timeout http_js * http server location
js_fetch_timeout stream_js * stream stream_server
js_fetch_trusted_certificate http_js * http server location
js_fetch_trusted_certificate stream_js * stream stream_server
js_fetch_verify http_js flag http server location
js_fetch_verify stream_js flag stream stream_server
js_fetch_verify_depth http_js * http server location
js_fetch_verify_depth stream_js * stream stream_server
js_filter stream_js * stream stream_server
js_header_filter http_js * location location_if limit_except
js_import http_js * http server location
js_import stream_js * stream stream_server
js_include http_js * http
js_include stream_js * stream
js_load_http_native_module http_js * main
js_load_stream_native_module stream_js * main
js_path http_js * http server location
js_path stream_js * stream stream_server
js_periodic http_js * location
js_periodic stream_js * stream_server
js_preload_object http_js * http server location
js_preload_object stream_js * stream stream_server
js_preread stream_js * stream stream_server
js_set http_js * http server location
js_set stream_js * stream stream_server
js_shared_dict_zone http_js * http
js_shared_dict_zone stream_js * stream
js_var http_js * http server location
js_var stream_js * stream stream_server
keepalive http_upstream_keepalive 1|2 upstream
keepalive_disable http_core 1|2 http server location
keepalive_min_timeout http_core@1.27.4 1 http server location
keepalive_requests http_core 1 http server location
keepalive_requests http_upstream_keepalive@1.15.3 1 upstream
keepalive_time http_core@1.19.10 1 http server location
keepalive_time http_upstream_keepalive@1.19.10 1 upstream
keepalive_timeout http_core 1|2 http server location
keepalive_timeout http_upstream_keepalive@1.15.3 1 upstream
keyval http_keyval! * http
keyval stream_keyval! * stream
keyval_zone http_keyval! * http
keyval_zone stream_keyval! * stream
kqueue_changes kqueue 1 events
kqueue_events kqueue 1 events
large_client_header_buffers http_core 2 http server
least_conn http_upstream_least_conn 0 upstream
least_conn stream_upstream_least_conn 0 stream_upstream
least_time http_upstream_least_time@1.31.0 1|2 upstream
least_time stream_upstream_least_time@1.31.0 1|2 stream_upstream
license_token mgmt! * mgmt
limit_conn http_limit_conn 2 http server location
limit_conn stream_limit_conn 2 stream stream_server
limit_conn_dry_run http_limit_conn@1.17.6 flag http server location
limit_conn_dry_run stream_limit_conn@1.17.6 flag stream stream_server
limit_conn_log_level http_limit_conn 1 http server location
limit_conn_log_level stream_limit_conn 1 stream stream_server
limit_conn_status http_limit_conn 1 http server location
limit_conn_zone http_limit_conn 2 http
limit_conn_zone stream_limit_conn 2 stream
limit_except http_core 1+{} location
limit_rate http_core 1 http server location location_if
limit_rate_after http_core 1 http server location location_if
limit_req http_limit_req 1|2|3 http server location
limit_req_dry_run http_limit_req@1.17.1 flag http server location
limit_req_log_level http_limit_req 1 http server location
limit_req_status http_limit_req 1 http server location
limit_req_zone http_limit_req 3 http
lingering_close http_core 1 http server location
lingering_time http_core 1 http server location
lingering_timeout http_core 1 http server location
listen http_core 1+ server
listen mail_core 1+ mail_server
listen stream_core 1+ stream_server
load_module nginx 1 main
location http_core 1|2{} server location
lock_file nginx 1 main
log_format http_log 2+ http
log_format stream_log 2+ stream
log_not_found http_core flag http server location
log_subrequest http_core flag http server location
logout_token_hint http_oidc! flag oidc_provider
logout_uri http_oidc! * oidc_provider
mail mail 0{} main
map http_map 2{} http
map stream_map 2{} stream
map_hash_bucket_size http_map 1 http
map_hash_bucket_size stream_map 1 stream
map_hash_max_size http_map 1 http
map_hash_max_size stream_map 1 stream
master_process nginx flag main
match http_upstream_hc! *{} http
match stream_upstream_hc! *{} stream
max_errors mail_core@1.21.0 1 mail mail_server
max_headers http_core@1.29.8 1 http server
max_ranges http_core 1 http server location
memcached_allow_upstream http_memcached! * http server location
memcached_bind http_memcached 1|2 http server location
memcached_bind_dynamic http_memcached! flag http server location
memcached_buffer_size http_memcached 1 http server location
memcached_connect_timeout http_memcached 1 http server location
memcached_gzip_flag http_memcached 1 http server location
memcached_next_upstream http_memcached 1+ http server location
memcached_next_upstream_timeout http_memcached 1 http server location
memcached_next_upstream_tries http_memcached 1 http server location
memcached_pass http_memcached 1 location location_if
memcached_read_timeout http_memcached 1 http server location
memcached_send_timeout http_memcached 1 http server location
memcached_socket_keepalive http_memcached@1.15.6 flag http server location
merge_slashes http_core flag http server
mgmt mgmt! *{} main
min_delete_depth http_dav 1 http server location
mirror http_mirror 1 http server location
mirror_request_body http_mirror flag http server location
modern_browser http_browser 1|2 http server location
modern_browser_value http_browser 1 http server location
mp4 http_mp4 0 location
mp4_buffer_size http_mp4 1 http server location
mp4_limit_rate http_mp4! * http server location
mp4_limit_rate_after http_mp4! * http server location
mp4_max_buffer_size http_mp4 1 http server location
mp4_start_key_frame http_mp4@1.21.4 flag http server location
mqtt stream_mqtt_filter! flag stream stream_server
mqtt_buffers stream_mqtt_filter! * stream stream_server
mqtt_preread stream_mqtt_preread! flag stream stream_server
mqtt_rewrite_buffer_size stream_mqtt_filter! * stream_server
mqtt_set_connect stream_mqtt_filter! * stream_server
msie_padding http_core flag http server location
msie_refresh http_core flag http server location
multi_accept event flag events
ntlm http_upstream! * upstream
num_map http_num_map! *{} http
num_map stream_num_map! *{} stream
oidc_provider http_oidc! *{} http
open_file_cache http_core 1|2 http server location
open_file_cache_errors http_core flag http server location
open_file_cache_events http_core flag http server location
open_file_cache_min_uses http_core 1 http server location
open_file_cache_valid http_core 1 http server location
open_log_file_cache http_log 1|2|3|4 http server location
open_log_file_cache stream_log 1|2|3|4 stream stream_server
otel_exporter otel *{} http
otel_resource_attr otel * http
otel_service_name otel * http
otel_span_attr otel * http server location
otel_span_name otel * http server location
otel_trace otel * http server location
otel_trace_context otel * http server location
output_buffers http_copy_filter 2 http server location
override_charset http_charset_filter flag http server location location_if
pass stream_pass@1.25.5 1 stream_server
pcre_jit regex flag main
perl http_perl 1 location limit_except
perl_modules http_perl 1 http
perl_require http_perl 1 http
perl_set http_perl 2 http
pid nginx 1 main
pkce http_oidc! flag oidc_provider
pop3_auth mail_pop3 1+ mail mail_server
pop3_capabilities mail_pop3 1+ mail mail_server
port_in_redirect http_core flag http server location
post_acceptex iocp 1 events
post_action http_core 1 http server location location_if
post_logout_uri http_oidc! * oidc_provider
postpone_gzipping http_gzip_filter 1 http server location
postpone_output http_core 1 http server location
preferred_chain http_acme * acme_issuer
preread_buffer_size stream_core 1 stream stream_server
preread_timeout stream_core 1 stream stream_server
profile http_acme * acme_issuer
protocol mail_core 1 mail_server
proxy mail_proxy flag mail mail_server
proxy mgmt! * mgmt
proxy_allow_upstream http_proxy! * http server location
proxy_bind http_proxy 1|2 http server location
proxy_bind stream_proxy 1|2 stream stream_server
proxy_bind_dynamic http_proxy! flag http server location
proxy_bind_dynamic stream_proxy! flag stream stream_server
proxy_buffer mail_proxy 1 mail mail_server
proxy_buffer_size http_proxy 1 http server location
proxy_buffer_size stream_proxy 1 stream stream_server
proxy_buffering http_proxy flag http server location
proxy_buffers http_proxy 2 http server location
proxy_busy_buffers_size http_proxy 1 http server location
proxy_cache http_proxy 1 http server location
proxy_cache_background_update http_proxy flag http server location
proxy_cache_bypass http_proxy 1+ http server location
proxy_cache_convert_head http_proxy flag http server location
proxy_cache_key http_proxy 1 http server location
proxy_cache_lock http_proxy flag http server location
proxy_cache_lock_age http_proxy 1 http server location
proxy_cache_lock_timeout http_proxy 1 http server location
proxy_cache_max_range_offset http_proxy 1 http server location
proxy_cache_methods http_proxy 1+ http server location
proxy_cache_min_uses http_proxy 1 http server location
proxy_cache_path http_proxy 2+ http
proxy_cache_purge http_proxy! * http server location
proxy_cache_revalidate http_proxy flag http server location
proxy_cache_use_stale http_proxy 1+ http server location
proxy_cache_valid http_proxy 1+ http server location
proxy_connect_timeout http_proxy 1 http server location
proxy_connect_timeout stream_proxy 1 stream stream_server
proxy_cookie_domain http_proxy 1|2 http server location
proxy_cookie_flags http_proxy@1.19.3 1|2|3|4 http server location
proxy_cookie_path http_proxy 1|2 http server location
proxy_download_rate stream_proxy 1 stream stream_server
proxy_downstream_buffer stream_proxy 1 stream stream_server
proxy_force_ranges http_proxy flag http server location
proxy_half_close stream_proxy@1.21.4 flag stream stream_server
proxy_headers_hash_bucket_size http_proxy 1 http server location
proxy_headers_hash_max_size http_proxy 1 http server location
proxy_hide_header http_proxy 1 http server location
proxy_http_version http_proxy 1 http server location
proxy_ignore_client_abort http_proxy flag http server location
proxy_ignore_headers http_proxy 1+ http server location
proxy_intercept_errors http_proxy flag http server location
proxy_limit_rate http_proxy 1 http server location
proxy_max_temp_file_size http_proxy 1 http server location
proxy_method http_proxy 1 http server location
proxy_next_upstream http_proxy 1+ http server location
proxy_next_upstream stream_proxy flag stream stream_server
proxy_next_upstream_timeout http_proxy 1 http server location
proxy_next_upstream_timeout stream_proxy 1 stream stream_server
proxy_next_upstream_tries http_proxy 1 http server location
proxy_next_upstream_tries stream_proxy 1 stream stream_server
proxy_no_cache http_proxy 1+ http server location
proxy_pass http_proxy 1 location location_if limit_except
proxy_pass stream_proxy 1 stream_server
proxy_pass_error_message mail_proxy flag mail mail_server
proxy_pass_header http_proxy 1 http server location
proxy_pass_request_body http_proxy flag http server location
proxy_pass_request_headers http_proxy flag http server location
proxy_pass_trailers http_proxy@1.27.2 flag http server location
proxy_password mgmt! * mgmt
proxy_protocol mail_proxy@1.19.8 1 mail mail_server
proxy_protocol stream_proxy 1 stream stream_server
proxy_protocol_timeout stream_core 1 stream stream_server
proxy_read_timeout http_proxy 1 http server location
proxy_redirect http_proxy 1|2 http server location
proxy_request_buffering http_proxy flag http server location
proxy_request_dynamic http_proxy! flag http server location
proxy_requests stream_proxy@1.15.7 1 stream stream_server
proxy_responses stream_proxy 1 stream stream_server
proxy_send_lowat http_proxy 1 http server location
proxy_send_timeout http_proxy 1 http server location
proxy_session_drop stream_proxy! flag stream stream_server
proxy_set_body http_proxy 1 http server location
proxy_set_header http_proxy 2 http server location
proxy_smtp_auth mail_proxy@1.19.4 flag mail mail_server
proxy_socket_keepalive http_proxy@1.15.6 flag http server location
proxy_socket_keepalive stream_proxy@1.15.6 flag stream stream_server
proxy_socket_rcvbuf http_proxy@1.31.3 1 http server location
proxy_socket_rcvbuf stream_proxy@1.31.3 1 stream stream_server
proxy_socket_sndbuf http_proxy@1.31.3 1 http server location
proxy_socket_sndbuf stream_proxy@1.31.3 1 stream stream_server
proxy_ssl stream_proxy flag stream stream_server
proxy_ssl_alpn stream_proxy@1.31.0 1+ stream stream_server
proxy_ssl_certificate http_proxy 1 http server location
proxy_ssl_certificate stream_proxy 1 stream stream_server
proxy_ssl_certificate_cache http_proxy@1.27.4 1|2|3 http server location
proxy_ssl_certificate_cache stream_proxy@1.27.4 1|2|3 stream stream_server
proxy_ssl_certificate_key http_proxy 1 http server location
proxy_ssl_certificate_key stream_proxy 1 stream stream_server
proxy_ssl_ciphers http_proxy 1 http server location
proxy_ssl_ciphers stream_proxy 1 stream stream_server
proxy_ssl_conf_command http_proxy@1.19.4 2 http server location
proxy_ssl_conf_command stream_proxy@1.19.4 2 stream stream_server
proxy_ssl_crl http_proxy 1 http server location
proxy_ssl_crl stream_proxy 1 stream stream_server
proxy_ssl_key_log http_proxy! * http server location
proxy_ssl_key_log stream_proxy! * stream stream_server
proxy_ssl_name http_proxy 1 http server location
proxy_ssl_name stream_proxy 1 stream stream_server
proxy_ssl_password_file http_proxy 1 http server location
proxy_ssl_password_file stream_proxy 1 stream stream_server
proxy_ssl_protocols http_proxy 1+ http server location
proxy_ssl_protocols stream_proxy 1+ stream stream_server
proxy_ssl_server_name http_proxy flag http server location
proxy_ssl_server_name stream_proxy flag stream stream_server
proxy_ssl_session_reuse http_proxy flag http server location
proxy_ssl_session_reuse stream_proxy flag stream stream_server
proxy_ssl_trusted_certificate http_proxy 1 http server location
proxy_ssl_trusted_certificate stream_proxy 1 stream stream_server
proxy_ssl_verify http_proxy flag http server location
proxy_ssl_verify stream_proxy flag stream stream_server
proxy_ssl_verify_depth http_proxy 1 http server location
proxy_ssl_verify_depth stream_proxy 1 stream stream_server
proxy_store http_proxy 1 http server location
proxy_store_access http_proxy 1|2|3 http server location
proxy_temp_file_write_size http_proxy 1 http server location
proxy_temp_path http_proxy 1|2|3|4 http server location
proxy_timeout mail_proxy 1 mail mail_server
proxy_timeout stream_proxy 1 stream stream_server
proxy_upload_rate stream_proxy 1 stream stream_server
proxy_upstream_buffer stream_proxy 1 stream stream_server
proxy_username mgmt! * mgmt
queue http_upstream! * upstream
quic_active_connection_id_limit http_v3@1.25.0 1 http server
quic_bpf event_quic_bpf@1.25.0 flag main
quic_gso http_v3@1.25.0 flag http server
quic_host_key http_v3@1.25.0 1 http server
quic_retry http_v3@1.25.0 flag http server
random http_upstream_random@1.15.1 0|1|2 upstream
random stream_upstream_random@1.15.1 0|1|2 stream_upstream
random_index http_random_index flag location
read_ahead http_core 1 http server location
real_ip_header http_realip 1 http server location
real_ip_recursive http_realip flag http server location
recursive_error_pages http_core flag http server location
redirect_uri http_oidc! * oidc_provider
referer_hash_bucket_size http_referer 1 server location
referer_hash_max_size http_referer 1 server location
request_pool_size http_core 1 http server
reset_timedout_connection http_core flag http server location
resolver http_core 1+ http server location
resolver http_upstream@1.27.3 1+ upstream
resolver mail_core 1+ mail mail_server
resolver mgmt! * mgmt
resolver stream_core 1+ stream stream_server
resolver stream_upstream@1.27.3 1+ stream_upstream
resolver_timeout http_core 1 http server location
resolver_timeout http_upstream@1.27.3 1 upstream
resolver_timeout mail_core 1 mail mail_server
resolver_timeout stream_core 1 stream stream_server
resolver_timeout stream_upstream@1.27.3 1 stream_upstream
return http_rewrite 1|2 server location server_if location_if
return stream_return 1 stream_server
rewrite http_rewrite 2|3 server location server_if location_if
rewrite_log http_rewrite flag http server location server_if location_if
root http_core 1 http server location location_if
satisfy http_core 1 http server location
scgi_allow_upstream http_scgi! * http server location
scgi_bind http_scgi 1|2 http server location
scgi_bind_dynamic http_scgi! flag http server location
scgi_buffer_size http_scgi 1 http server location
scgi_buffering http_scgi flag http server location
scgi_buffers http_scgi 2 http server location
scgi_busy_buffers_size http_scgi 1 http server location
scgi_cache http_scgi 1 http server location
scgi_cache_background_update http_scgi flag http server location
scgi_cache_bypass http_scgi 1+ http server location
scgi_cache_key http_scgi 1 http server location
scgi_cache_lock http_scgi flag http server location
scgi_cache_lock_age http_scgi 1 http server location
scgi_cache_lock_timeout http_scgi 1 http server location
scgi_cache_max_range_offset http_scgi 1 http server location
scgi_cache_methods http_scgi 1+ http server location
scgi_cache_min_uses http_scgi 1 http server location
scgi_cache_path http_scgi 2+ http
scgi_cache_purge http_scgi! * http server location
scgi_cache_revalidate http_scgi flag http server location
scgi_cache_use_stale http_scgi 1+ http server location
scgi_cache_valid http_scgi 1+ http server location
scgi_connect_timeout http_scgi 1 http server location
scgi_force_ranges http_scgi flag http server location
scgi_hide_header http_scgi 1 http server location
scgi_ignore_client_abort http_scgi flag http server location
scgi_ignore_headers http_scgi 1+ http server location
scgi_intercept_errors http_scgi flag http server location
scgi_limit_rate http_scgi 1 http server location
scgi_max_temp_file_size http_scgi 1 http server location
scgi_next_upstream http_scgi 1+ http server location
scgi_next_upstream_timeout http_scgi 1 http server location
scgi_next_upstream_tries http_scgi 1 http server location
scgi_no_cache http_scgi 1+ http server location
scgi_param http_scgi 2|3 http server location
scgi_pass http_scgi 1 location location_if
scgi_pass_header http_scgi 1 http server location
scgi_pass_request_body http_scgi flag http server location
scgi_pass_request_headers http_scgi flag http server location
scgi_read_timeout http_scgi 1 http server location
scgi_request_buffering http_scgi flag http server location
scgi_request_dynamic http_scgi! flag http server location
scgi_send_timeout http_scgi 1 http server location
scgi_socket_keepalive http_scgi@1.15.6 flag http server location
scgi_socket_rcvbuf http_scgi@1.31.3 1 http server location
scgi_socket_sndbuf http_scgi@1.31.3 1 http server location
scgi_store http_scgi 1 http server location
scgi_store_access http_scgi 1|2|3 http server location
scgi_temp_file_write_size http_scgi 1 http server location
scgi_temp_path http_scgi 1|2|3|4 http server location
scope http_oidc! * oidc_provider
secure_link http_secure_link 1 http server location
secure_link_md5 http_secure_link 1 http server location
secure_link_secret http_secure_link 1 http server location
send_lowat http_core 1 http server location
send_timeout http_core 1 http server location
sendfile http_core flag http server location location_if
sendfile_max_chunk http_core 1 http server location
server http_core 0{} http
server http_upstream 1+ upstream
server mail_core 0{} mail
server stream_core 0{} stream
server stream_upstream 1+ stream_upstream
server_name http_core 1+ server
server_name mail_core 1 mail mail_server
server_name stream_core@1.25.5 1+ stream_server
server_name_in_redirect http_core flag http server location
server_names_hash_bucket_size http_core 1 http
server_names_hash_bucket_size stream_core@1.25.5 1 stream
server_names_hash_max_size http_core 1 http
server_names_hash_max_size stream_core@1.25.5 1 stream
server_tokens http_core 1 http server location
session_log http_session_log! * http server location
session_log_format http_session_log! * http
session_log_zone http_session_log! * http
session_store http_oidc! * oidc_provider
session_timeout http_oidc! * oidc_provider
set http_rewrite 2 server location server_if location_if
set stream_set@1.19.3 2 stream_server
set_real_ip_from http_realip 1 http server location
set_real_ip_from mail_realip@1.19.8 1 mail mail_server
set_real_ip_from stream_realip 1 stream stream_server
slice http_slice_filter 1 http server location
smtp_auth mail_smtp 1+ mail mail_server
smtp_capabilities mail_smtp 1+ mail mail_server
smtp_client_buffer mail_smtp 1 mail mail_server
smtp_greeting_delay mail_smtp 1 mail mail_server
source_charset http_charset_filter 1 http server location location_if
spdy_chunk_size http_v2<1.19.7 1 http server location
spdy_headers_comp http_v2<1.19.7 1 http server
spdy_keepalive_timeout http_v2<1.19.7 1 http server
spdy_max_concurrent_streams http_v2<1.19.7 1 http server
spdy_pool_size http_v2<1.19.7 1 http server
spdy_recv_buffer_size http_v2<1.19.7 1 http
spdy_recv_timeout http_v2<1.19.7 1 http server
spdy_streams_index_size http_v2<1.19.7 1 http server
split_clients http_split_clients 2{} http
split_clients stream_split_clients 2{} stream
ssi http_ssi_filter flag http server location location_if
ssi_ignore_recycled_buffers http_ssi_filter flag http server location
ssi_last_modified http_ssi_filter flag http server location
ssi_min_file_chunk http_ssi_filter 1 http server location
ssi_silent_errors http_ssi_filter flag http server location
ssi_types http_ssi_filter 1+ http server location
ssi_value_length http_ssi_filter 1 http server location
ssl http_ssl<1.25.1 flag http server
ssl mail_ssl<1.25.1 flag mail mail_server
ssl_alpn stream_ssl@1.21.4 1+ stream stream_server
ssl_buffer_size http_ssl 1 http server
ssl_certificate http_ssl 1 http server
ssl_certificate mail_ssl 1 mail mail_server
ssl_certificate stream_ssl 1 stream stream_server
ssl_certificate_cache http_ssl@1.27.4 1|2|3 http server
ssl_certificate_cache stream_ssl@1.27.4 1|2|3 stream stream_server
ssl_certificate_compression http_ssl@1.29.1 flag http server
ssl_certificate_compression mail_ssl@1.29.1 flag mail mail_server
ssl_certificate_compression stream_ssl@1.29.1 flag stream stream_server
ssl_certificate_key http_ssl 1 http server
ssl_certificate_key mail_ssl 1 mail mail_server
ssl_certificate_key stream_ssl 1 stream stream_server
ssl_ciphers http_ssl 1 http server
ssl_ciphers mail_ssl 1 mail mail_server
ssl_ciphers stream_ssl 1 stream stream_server
ssl_client_certificate http_ssl 1 http server
ssl_client_certificate mail_ssl 1 mail mail_server
ssl_client_certificate stream_ssl 1 stream stream_server
ssl_conf_command http_ssl@1.19.4 2 http server
ssl_conf_command mail_ssl@1.19.4 2 mail mail_server
ssl_conf_command stream_ssl@1.19.4 2 stream stream_server
ssl_crl http_oidc! * oidc_provider
ssl_crl http_ssl 1 http server
ssl_crl mail_ssl 1 mail mail_server
ssl_crl mgmt! * mgmt
ssl_crl stream_ssl 1 stream stream_server
ssl_dhparam http_ssl 1 http server
ssl_dhparam mail_ssl 1 mail mail_server
ssl_dhparam stream_ssl 1 stream stream_server
ssl_early_data http_ssl@1.15.3 flag http server
ssl_ecdh_curve http_ssl 1 http server
ssl_ecdh_curve mail_ssl 1 mail mail_server
ssl_ecdh_curve stream_ssl 1 stream stream_server
ssl_ech_file http_ssl@1.29.4 1 http server
ssl_ech_file stream_ssl@1.29.4 1 stream stream_server
ssl_engine event_openssl 1 main
ssl_handshake_timeout stream_ssl 1 stream stream_server
ssl_key_log http_ssl! * http server
ssl_key_log stream_ssl! * stream stream_server
ssl_object_cache_inheritable event_openssl_cache@1.27.4 flag main
ssl_ocsp http_ssl@1.19.0 1 http server
ssl_ocsp stream_ssl@1.27.2 1 stream stream_server
ssl_ocsp_cache http_ssl@1.19.0 1 http server
ssl_ocsp_cache stream_ssl@1.27.2 1 stream stream_server
ssl_ocsp_responder http_ssl@1.19.0 1 http server
ssl_ocsp_responder stream_ssl@1.27.2 1 stream stream_server
ssl_password_file http_ssl 1 http server
ssl_password_file mail_ssl 1 mail mail_server
ssl_password_file stream_ssl 1 stream stream_server
ssl_prefer_server_ciphers http_ssl flag http server
ssl_prefer_server_ciphers mail_ssl flag mail mail_server
ssl_prefer_server_ciphers stream_ssl flag stream stream_server
ssl_preread stream_ssl_preread flag stream stream_server
ssl_protocols http_ssl 1+ http server
ssl_protocols mail_ssl 1+ mail mail_server
ssl_protocols stream_ssl 1+ stream stream_server
ssl_reject_handshake http_ssl@1.19.4 flag http server
ssl_reject_handshake stream_ssl@1.25.5 flag stream stream_server
ssl_session_cache http_ssl 1|2 http server
ssl_session_cache mail_ssl 1|2 mail mail_server
ssl_session_cache stream_ssl 1|2 stream stream_server
ssl_session_ticket_key http_ssl 1 http server
ssl_session_ticket_key mail_ssl 1 mail mail_server
ssl_session_ticket_key stream_ssl 1 stream stream_server
ssl_session_tickets http_ssl flag http server
ssl_session_tickets mail_ssl flag mail mail_server
ssl_session_tickets stream_ssl flag stream stream_server
ssl_session_timeout http_ssl 1 http server
ssl_session_timeout mail_ssl 1 mail mail_server
ssl_session_timeout stream_ssl 1 stream stream_server
ssl_stapling http_ssl flag http server
ssl_stapling stream_ssl@1.27.2 flag stream stream_server
ssl_stapling_file http_ssl 1 http server
ssl_stapling_file stream_ssl@1.27.2 1 stream stream_server
ssl_stapling_responder http_ssl 1 http server
ssl_stapling_responder stream_ssl@1.27.2 1 stream stream_server
ssl_stapling_verify http_ssl flag http server
ssl_stapling_verify stream_ssl@1.27.2 flag stream stream_server
ssl_trusted_certificate http_acme * acme_issuer
ssl_trusted_certificate http_oidc! * oidc_provider
ssl_trusted_certificate http_ssl 1 http server
ssl_trusted_certificate mail_ssl 1 mail mail_server
ssl_trusted_certificate mgmt! * mgmt
ssl_trusted_certificate stream_ssl 1 stream stream_server
ssl_verify http_acme flag acme_issuer
ssl_verify mgmt! flag mgmt
ssl_verify_client http_ssl 1 http server
ssl_verify_client mail_ssl 1 mail mail_server
ssl_verify_client stream_ssl 1 stream stream_server
ssl_verify_depth http_ssl 1 http server
ssl_verify_depth mail_ssl 1 mail mail_server
ssl_verify_depth stream_ssl 1 stream stream_server
stall_threshold core! * events
starttls mail_ssl 1 mail mail_server
state http_upstream! * upstream
state stream_upstream! * stream_upstream
state_path http_acme * acme_issuer
state_path mgmt! * mgmt
status http_status! * location
status_format http_status! * http server location
status_zone http_api! * server location location_if
status_zone http_status! * server
sticky http_upstream_sticky@1.29.6 2+ upstream
stream stream 0{} main
stub_status http_stub_status 0|1 server location
sub_filter http_sub_filter 2 http server location
sub_filter_last_modified http_sub_filter flag http server location
sub_filter_once http_sub_filter flag http server location
sub_filter_types http_sub_filter 1+ http server location
subrequest_output_buffer_size http_core 1 http server location
tcp_nodelay http_core flag http server location
tcp_nodelay stream_core flag stream stream_server
tcp_nopush http_core flag http server location
thread_pool thread_pool 2|3 main
timeout mail_core 1 mail mail_server
timer_resolution nginx 1 main
try_files http_try_files 2+ server location
tunnel_allow_upstream http_tunnel! * http server location
tunnel_bind http_tunnel@1.31.0 1|2 http server location
tunnel_bind_dynamic http_tunnel! flag http server location
tunnel_buffer_size http_tunnel@1.31.0 1 http server location
tunnel_connect_timeout http_tunnel@1.31.0 1 http server location
tunnel_next_upstream http_tunnel@1.31.0 1+ http server location
tunnel_next_upstream_timeout http_tunnel@1.31.0 1 http server location
tunnel_next_upstream_tries http_tunnel@1.31.0 1 http server location
tunnel_pass http_tunnel@1.31.0 0|1 server location location_if
tunnel_read_timeout http_tunnel@1.31.0 1 http server location
tunnel_send_lowat http_tunnel@1.31.0 1 http server location
tunnel_send_timeout http_tunnel@1.31.0 1 http server location
tunnel_socket_keepalive http_tunnel@1.31.0 flag http server location
tunnel_socket_rcvbuf http_tunnel@1.31.3 1 http server location
tunnel_socket_sndbuf http_tunnel@1.31.3 1 http server location
types http_core 0{} http server location
types_hash_bucket_size http_core 1 http server location
types_hash_max_size http_core 1 http server location
underscores_in_headers http_core flag http server
uninitialized_variable_warn http_rewrite flag http server location server_if location_if
upstream http_upstream 1{} http
upstream stream_upstream 1{} stream
upstream_conf http_upstream_conf! * location
uri http_acme * acme_issuer
usage_report mgmt! * mgmt
use event 1 events
user nginx 1|2 main
userid http_userid_filter 1 http server location
userid_domain http_userid_filter 1 http server location
userid_expires http_userid_filter 1 http server location
userid_flags http_userid_filter@1.19.3 1|2|3 http server location
userid_mark http_userid_filter 1 http server location
userid_name http_userid_filter 1 http server location
userid_p3p http_userid_filter 1 http server location
userid_path http_userid_filter 1 http server location
userid_service http_userid_filter 1 http server location
userinfo http_oidc! flag oidc_provider
uwsgi_allow_upstream http_uwsgi! * http server location
uwsgi_bind http_uwsgi 1|2 http server location
uwsgi_bind_dynamic http_uwsgi! flag http server location
uwsgi_buffer_size http_uwsgi 1 http server location
uwsgi_buffering http_uwsgi flag http server location
uwsgi_buffers http_uwsgi 2 http server location
uwsgi_busy_buffers_size http_uwsgi 1 http server location
uwsgi_cache http_uwsgi 1 http server location
uwsgi_cache_background_update http_uwsgi 1 http server location
uwsgi_cache_bypass http_uwsgi 1+ http server location
uwsgi_cache_key http_uwsgi 1 http server location
uwsgi_cache_lock http_uwsgi flag http server location
uwsgi_cache_lock_age http_uwsgi 1 http server location
uwsgi_cache_lock_timeout http_uwsgi 1 http server location
uwsgi_cache_max_range_offset http_uwsgi 1 http server location
uwsgi_cache_methods http_uwsgi 1+ http server location
uwsgi_cache_min_uses http_uwsgi 1 http server location
uwsgi_cache_path http_uwsgi 2+ http
uwsgi_cache_purge http_uwsgi! * http server location
uwsgi_cache_revalidate http_uwsgi flag http server location
uwsgi_cache_use_stale http_uwsgi 1+ http server location
uwsgi_cache_valid http_uwsgi 1+ http server location
uwsgi_connect_timeout http_uwsgi 1 http server location
uwsgi_force_ranges http_uwsgi flag http server location
uwsgi_hide_header http_uwsgi 1 http server location
uwsgi_ignore_client_abort http_uwsgi flag http server location
uwsgi_ignore_headers http_uwsgi 1+ http server location
uwsgi_intercept_errors http_uwsgi flag http server location
uwsgi_limit_rate http_uwsgi 1 http server location
uwsgi_max_temp_file_size http_uwsgi 1 http server location
uwsgi_modifier1 http_uwsgi 1 http server location
uwsgi_modifier2 http_uwsgi 1 http server location
uwsgi_next_upstream http_uwsgi 1+ http server location
uwsgi_next_upstream_timeout http_uwsgi 1 http server location
uwsgi_next_upstream_tries http_uwsgi 1 http server location
uwsgi_no_cache http_uwsgi 1+ http server location
uwsgi_param http_uwsgi 2|3 http server location
uwsgi_pass http_uwsgi 1 location location_if
uwsgi_pass_header http_uwsgi 1 http server location
uwsgi_pass_request_body http_uwsgi flag http server location
uwsgi_pass_request_headers http_uwsgi flag http server location
uwsgi_read_timeout http_uwsgi 1 http server location
uwsgi_request_buffering http_uwsgi flag http server location
uwsgi_request_dynamic http_uwsgi! flag http server location
uwsgi_send_timeout http_uwsgi 1 http server location
uwsgi_socket_keepalive http_uwsgi@1.15.6 flag http server location
uwsgi_socket_rcvbuf http_uwsgi@1.31.3 1 http server location
uwsgi_socket_sndbuf http_uwsgi@1.31.3 1 http server location
uwsgi_ssl_certificate http_uwsgi 1 http server location
uwsgi_ssl_certificate_cache http_uwsgi@1.27.4 1|2|3 http server location
uwsgi_ssl_certificate_key http_uwsgi 1 http server location
uwsgi_ssl_ciphers http_uwsgi 1 http server location
uwsgi_ssl_conf_command http_uwsgi@1.19.4 2 http server location
uwsgi_ssl_crl http_uwsgi 1 http server location
uwsgi_ssl_key_log http_uwsgi! * http server location
uwsgi_ssl_name http_uwsgi 1 http server location
uwsgi_ssl_password_file http_uwsgi 1 http server location
uwsgi_ssl_protocols http_uwsgi 1+ http server location
uwsgi_ssl_server_name http_uwsgi flag http server location
uwsgi_ssl_session_reuse http_uwsgi flag http server location
uwsgi_ssl_trusted_certificate http_uwsgi 1 http server location
uwsgi_ssl_verify http_uwsgi flag http server location
uwsgi_ssl_verify_depth http_uwsgi 1 http server location
uwsgi_store http_uwsgi 1 http server location
uwsgi_store_access http_uwsgi 1|2|3 http server location
uwsgi_string http_uwsgi 1 http server location
uwsgi_temp_file_write_size http_uwsgi 1 http server location
uwsgi_temp_path http_uwsgi 1|2|3|4 http server location
valid_referers http_referer 1+ server location
variables_hash_bucket_size http_core 1 http
variables_hash_bucket_size stream_core 1 stream
variables_hash_max_size http_core 1 http
variables_hash_max_size stream_core 1 stream
worker_aio_requests epoll 1 events
worker_connections event 1 events
worker_cpu_affinity nginx 1+ main
worker_priority nginx 1 main
worker_processes nginx 1 main
worker_rlimit_core nginx 1 main
worker_rlimit_nofile nginx 1 main
worker_shutdown_timeout nginx 1 main
working_directory nginx 1 main
xclient mail_proxy flag mail mail_server
xml_entities http_xslt_filter 1 http server location
xml_external_entities http_xslt_filter@1.31.3 flag http server location
xslt_last_modified http_xslt_filter flag http server location
xslt_param http_xslt_filter 2 http server location
xslt_string_param http_xslt_filter 2 http server location
xslt_stylesheet http_xslt_filter 1+ location
xslt_types http_xslt_filter 1+ http server location
zone http_upstream_zone 1|2 upstream
zone stream_upstream_zone 1|2 stream_upstream
zone_sync stream_zone_sync! * stream_server
zone_sync_buffers stream_zone_sync! * stream stream_server
zone_sync_connect_retry_interval stream_zone_sync! * stream stream_server
zone_sync_connect_timeout stream_zone_sync! * stream stream_server
zone_sync_interval stream_zone_sync! * stream stream_server
zone_sync_recv_buffer_size stream_zone_sync! * stream stream_server
zone_sync_server stream_zone_sync! * stream_server
zone_sync_ssl stream_zone_sync! flag stream stream_server
zone_sync_ssl_certificate stream_zone_sync! * stream stream_server
zone_sync_ssl_certificate_key stream_zone_sync! * stream stream_server
zone_sync_ssl_ciphers stream_zone_sync! * stream stream_server
zone_sync_ssl_conf_command stream_zone_sync! * stream stream_server
zone_sync_ssl_crl stream_zone_sync! * stream stream_server
zone_sync_ssl_name stream_zone_sync! * stream stream_server
zone_sync_ssl_password_file stream_zone_sync! * stream stream_server
zone_sync_ssl_protocols stream_zone_sync! * stream stream_server
zone_sync_ssl_server_name stream_zone_sync! flag stream stream_server
zone_sync_ssl_trusted_certificate stream_zone_sync! * stream stream_server
zone_sync_ssl_verify stream_zone_sync! flag stream stream_server
zone_sync_ssl_verify_depth stream_zone_sync! * stream stream_server
zone_sync_timeout stream_zone_sync! * stream stream_server
"""

# Parameters that not every release or edition has: the directive, its module, the number of arguments that come before
# parameters, then each with @ its first release, or ! where it belongs to the commercial edition.
PARAMETERS = """
error_log log 1 json!
fastcgi_cache_path http_fastcgi 1 min_free@1.19.1 purger! purger_files! purger_sleep! purger_threshold!
fastcgi_next_upstream http_fastcgi 0 denied!
geo http_geo 1 volatile@1.29.3
geo stream_geo 1 volatile@1.29.3
grpc_next_upstream http_grpc 0 denied!
keepalive http_upstream_keepalive 1 local@1.29.7
limit_req http_limit_req 0 delay@1.15.7
limit_req_zone http_limit_req 1 sync!
listen http_core 0 multipath@1.29.7 quic@1.25.0
listen mail_core 1 multipath@1.29.7 proxy_protocol@1.19.8
listen stream_core 1 accept_filter@1.25.5 default_server@1.25.5 deferred@1.25.5 fastopen@1.21.0 multipath@1.29.7 setfib@1.25.5
memcached_next_upstream http_memcached 0 denied!
proxy_cache_path http_proxy 1 min_free@1.19.1 purger! purger_files! purger_sleep! purger_threshold!
proxy_next_upstream http_proxy 0 denied!
resolver http_core 1 ipv4@1.23.1 status_zone!
resolver http_upstream 1 ipv4@1.23.1 status_zone!
resolver mail_core 0 ipv4@1.23.1 status_zone!
resolver stream_core 1 ipv4@1.23.1 status_zone!
resolver stream_upstream 1 ipv4@1.23.1 status_zone!
scgi_cache_path http_scgi 1 min_free@1.19.1 purger! purger_files! purger_sleep! purger_threshold!
scgi_next_upstream http_scgi 0 denied!
server http_upstream 1 drain@1.29.6 resolve@1.27.3 route@1.29.6 service@1.27.3 slow_start!
server stream_upstream 1 resolve@1.27.3 service@1.27.3 slow_start!
sticky http_upstream_sticky 0 sync!
tunnel_next_upstream http_tunnel 0 denied!
uwsgi_cache_path http_uwsgi 1 min_free@1.19.1 purger! purger_files! purger_sleep! purger_threshold!
uwsgi_next_upstream http_uwsgi 0 denied!
"""
