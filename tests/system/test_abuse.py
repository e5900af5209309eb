"""
apid under those who mean harm or do not know better: each is answered or closed as RFC 9110 and RFC 9112 say,
and whoever means well is served meanwhile. Sizes, time-outs and the commonest shapes are in test_http.
"""

import concurrent.futures
import contextlib
import resource
import select
import socket

import pytest

from sallyport import (DEADLINE, credentials, http_request, process_status, random_txt,
                       update_body, update_request, wait_closed, wait_until)

HOST = b"Host: x\r\n"
REGISTER = b"POST /register HTTP/1.1\r\n" + HOST
CHUNKED = REGISTER + b"Transfer-Encoding: chunked\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST


def raw(server, request):
    with server.http_connection() as connection:
        return connection.ask(request)


def whole(connection, data):
    """All at once; the server may close before it has read everything."""
    with contextlib.suppress(ConnectionError):
        connection.send(data)


def byte_by_byte(connection, data):
    """The first kilobyte, where all is decided but sizes."""
    connection.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(ConnectionError):
        for byte in data[:1024]:
            connection.send(bytes([byte]))
        connection.send(data[1024:])


# --- requests that could mean two things: status, bytes ---

AMBIGUOUS = {
    # RFC 9112, 6.3: lengths that differ, lists, and whatever is no number. Equal ones may be refused, too.
    "length_and_chunked": (400, CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    "chunked_and_length": (400, REGISTER + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two_lengths": (400, REGISTER + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "two_equal_lengths": (400, REGISTER + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    "list_of_equal_lengths": (400, REGISTER + b"Content-Length: 2, 2\r\n\r\n{}"),
    "length_empty": (400, REGISTER + b"Content-Length:\r\n\r\n"),
    "length_behind_a_vertical_tab": (400, REGISTER + b"Content-Length: \x0b2\r\n\r\n{}"),
    "length_list": (400, REGISTER + b"Content-Length: 2, 3\r\n\r\n{} "),
    "length_hex": (400, REGISTER + b"Content-Length: 0x2\r\n\r\n{}"),
    "length_words": (400, REGISTER + b"Content-Length: two\r\n\r\n{}"),
    "length_split": (400, REGISTER + b"Content-Length: 1 2\r\n\r\n{}"),
    "length_negative": (400, REGISTER + b"Content-Length: -2\r\n\r\n{}"),
    "length_plus": (400, REGISTER + b"Content-Length: +2\r\n\r\n{}"),
    "length_of_21_digits": (400, REGISTER + b"Content-Length: 184467440737095516162\r\n\r\n{}"),
    "length_of_64_bits": (400, REGISTER + b"Content-Length: 18446744073709551618\r\n\r\n{}"),
    "length_with_a_nul": (400, REGISTER + b"Content-Length: 2\x00\r\n\r\n{}"),
    # 6.1: one coding, chunked, and in HTTP/1.1 only.
    "coding_on_two_lines": (400, CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "coding_twice": ((400, 501), REGISTER + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "coding_unknown": (501, REGISTER + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "coding_not_last": ((400, 501), REGISTER + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "coding_folded": (400, REGISTER + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "coding_identity": (501, REGISTER + b"Transfer-Encoding: identity\r\n\r\n"),
    "coding_empty": (501, REGISTER + b"Transfer-Encoding:\r\n\r\n"),
    "coding_with_parameter": (501, REGISTER + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
    "coding_quoted": (501, REGISTER + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'),
    "coding_gzip_first": (501, REGISTER + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "coding_and_comma": ((400, 501), REGISTER + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
    "coding_behind_a_vertical_tab": (400, REGISTER + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "coding_in_1_0": (400, b"POST /register HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "space_before_colon_of_coding": (400, REGISTER + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "space_before_colon_of_host": (400, b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n"),
    "space_before_colon_of_length": (400, REGISTER + b"Content-Length : 2\r\n\r\n{}"),
    "tab_before_colon": (400, HEALTH + b"X\t: y\r\n\r\n"),
    # 7.1: chunks.
    "chunk_size_plus": (400, CHUNKED + b"\r\n+2\r\n{}\r\n0\r\n\r\n"),
    "chunk_size_words": (400, CHUNKED + b"\r\nxyz\r\n"),
    "chunk_size_negative": (400, CHUNKED + b"\r\n-1\r\n"),
    "chunk_longer_than_said": (400, CHUNKED + b"\r\n2\r\n{}xx0\r\n\r\n"),
    "chunk_size_ends_in_lf": (400, CHUNKED + b"\r\n2\n{}\r\n0\r\n\r\n"),
    "chunk_size_0x": (400, CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n"),
    "chunk_size_empty": (400, CHUNKED + b"\r\n\r\n{}\r\n0\r\n\r\n"),
    "chunk_size_missing": (400, CHUNKED + b"\r\n;a\r\n{}\r\n0\r\n\r\n"),
    "chunk_size_behind_a_space": (400, CHUNKED + b"\r\n 2\r\n{}\r\n0\r\n\r\n"),
    "chunk_size_wraps_round": (400, CHUNKED + b"\r\n10000000000000002\r\n{}\r\n0\r\n\r\n"),
    "chunk_extension_with_lf": (400, CHUNKED + b"\r\n2;a\nb\r\n{}\r\n0\r\n\r\n"),
    "chunk_extension_with_cr": (400, CHUNKED + b"\r\n2;a\rb\r\n{}\r\n0\r\n\r\n"),
    "chunk_extension_with_nul": (400, CHUNKED + b"\r\n2;a\0b\r\n{}\r\n0\r\n\r\n"),
    "chunk_ends_in_lf": (400, CHUNKED + b"\r\n2\r\n{}\n0\r\n\r\n"),
    "chunk_size_ends_in_cr": (400, CHUNKED + b"\r\n2\r{}\r\n0\r\n\r\n"),
    "chunks_end_in_lf": (400, CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\n"),
    "trailer_ends_in_lf": (400, CHUNKED + b"\r\n0\r\nX: y\n\r\n"),
    "trailer_folded": (400, CHUNKED + b"\r\n0\r\nX: y\r\n z\r\n\r\n"),
    "trailer_with_space_before_colon": (400, CHUNKED + b"\r\n0\r\nX : y\r\n\r\n"),
    # 2.2 and 5: lines and fields; 5.2: obsolete line folding ("folded").
    "lf_only": (400, HEALTH.replace(b"\r\n", b"\n") + b"\n"),
    "lf_once": (400, HEALTH.replace(b"Host: x\r\n", b"Host: x\n") + b"\r\n"),
    "cr_in_a_value": (400, HEALTH + b"X: a\rb\r\n\r\n"),
    "nul_in_a_value": (400, HEALTH + b"X: a\0b\r\n\r\n"),
    "nul_in_a_name": (400, HEALTH + b"X\0: a\r\n\r\n"),
    "folded_by_blank": (400, HEALTH + b"X: a\r\n b\r\n\r\n"),
    "folded_by_tab": (400, HEALTH + b"X: a\r\n\tb\r\n\r\n"),
    "folded_at_first": (400, b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n"),
    "field_name_with_blank": (400, HEALTH + b"X y: a\r\n\r\n"),
    "field_without_colon": (400, HEALTH + b"X\r\n\r\n"),
    "lf_first": (400, b"\n" + HEALTH + b"\r\n"),
    "cr_cr_lf": (400, HEALTH + b"X: y\r\r\n\r\n"),
    "blank_first": (400, b" " + HEALTH + b"\r\n"),
    "byte_order_mark_first": (400, b"\xef\xbb\xbf" + HEALTH + b"\r\n"),
    "folded_host": (400, b"GET /health HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
    "field_without_name": (400, HEALTH + b": y\r\n\r\n"),
    "field_name_with_parenthesis": (400, HEALTH + b"X(Y: z\r\n\r\n"),
    "field_name_not_ascii": (400, HEALTH + b"X\x80: y\r\n\r\n"),
    "field_value_with_control": (400, HEALTH + b"X: a\x01b\r\n\r\n"),
    "field_value_with_delete": (400, HEALTH + b"X: a\x7fb\r\n\r\n"),
    # 3.2: Host and targets.
    "no_host": (400, b"GET /health HTTP/1.1\r\n\r\n"),
    "no_host_but_absolute": (400, b"GET http://x/health HTTP/1.1\r\n\r\n"),
    "two_hosts": (400, HEALTH + b"Host: y\r\n\r\n"),
    "two_equal_hosts": (400, HEALTH + HOST + b"\r\n"),
    "two_hosts_in_1_0": (400, b"GET /health HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),
    "host_with_blank": (400, b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "host_with_path": (400, b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "host_with_user": (400, b"GET /health HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    "host_of_300_bytes": (400, b"GET /health HTTP/1.1\r\nHost: " + b"a" * 300 + b"\r\n\r\n"),
    "absolute_without_host": (400, b"GET http:///health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "absolute_with_password": (400, b"GET http://u:p@x/health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_relative": (400, b"GET health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_empty": (400, b"GET  HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_blank": (400, b"GET /hea lth HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_tab": (400, b"GET /hea\tlth HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_nul": (400, b"GET /health\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_control": (400, b"GET /health\x01 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_not_ascii": (400, b"GET /health\xff HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_backslash": (400, b"GET \\health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two_blanks_before_the_target": (400, b"GET  /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two_blanks_behind_the_target": (400, b"GET /health  HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tabs_between_the_words": (400, HEALTH.replace(b" ", b"\t") + b"\r\n"),
    # 2.3: versions, and other protocols.
    "http_0_9": (400, b"GET /health\r\n"),
    "http_0_9_by_name": (505, b"GET /health HTTP/0.9\r\n\r\n"),
    "http_1_2": (505, b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n"),
    "http_1_10": ((400, 505), b"GET /health HTTP/1.10\r\n" + HOST + b"\r\n"),
    "http_1": ((400, 505), b"GET /health HTTP/1\r\n" + HOST + b"\r\n"),
    "http_2": (505, b"GET /health HTTP/2.0\r\n" + HOST + b"\r\n"),
    "http_2_preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    "http_3": (505, b"GET /health HTTP/3.0\r\n" + HOST + b"\r\n"),
    "http_in_lower_case": (400, b"GET /health http/1.1\r\n" + HOST + b"\r\n"),
    "rtsp": (400, b"OPTIONS /health RTSP/1.0\r\n" + HOST + b"\r\n"),
    "icecast": (400, b"SOURCE /health ICE/1.0\r\n" + HOST + b"\r\n"),
    "sip": (400, b"OPTIONS /health SIP/2.0\r\n" + HOST + b"\r\n"),
    "tls": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)),
    "zeroes": (400, bytes(100)),
    "no_ascii_at_all": (400, bytes(range(128, 256))),
    "an_answer": ((400, 501), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    # RFC 9110, 9.1: methods are tokens in which case counts; those not known are 501.
    "method_unknown": (501, b"BREW /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_in_lower_case": (501, b"get /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_with_punctuation": (501, b"G!T /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_that_begins_well": (501, b"GETS /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_of_20000_bytes": (501, b"A" * 20000 + b" /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_no_token": (400, b"(GET) /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "method_with_control": (400, b"GE\x01T /health HTTP/1.1\r\n" + HOST + b"\r\n"),
    # RFC 9110, 10.1.1.
    "expect_something_else": (417, REGISTER + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}"),
    "expect_more": (417, REGISTER + b"Expect: 100-continue, 200-ok\r\nContent-Length: 2\r\n\r\n{}"),
    "expect_much": (417, REGISTER + b"Expect: " + b"x" * 300 + b"\r\n\r\n"),
    # Bounds.
    "target_of_8001_bytes": (414, b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "query_of_8001_bytes": (414, b"GET /health?" + b"a" * 7993 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fields_4000": (431, HEALTH + b"".join(b"X-%d: y\r\n" % number for number in range(4000)) + b"\r\n"),
    "empty_lines_without_end": (431, b"\r\n" * 9000),
    "trailers_without_end": (431, CHUNKED + b"\r\n0\r\n" + b"X: y\r\n" * 3000),
    "chunk_of_64_kib_and_one": (413, CHUNKED + b"\r\n10001\r\n"),
    "chunk_of_4_gib": (413, CHUNKED + b"\r\n100000000\r\n"),
    "chunk_of_16_eib_less_one": (413, CHUNKED + b"\r\nffffffffffffffff\r\n"),
    "chunks_of_more_than_64_kib": (413, CHUNKED + b"\r\n8000\r\n" + b" " * 0x8000 + b"\r\n8001\r\n"),
    "chunk_extensions_of_600_kb": (413, CHUNKED + b"\r\n" + (b"1;" + b"x" * 10000 + b"\r\n \r\n") * 60),
}


@pytest.mark.parametrize("send", [whole, byte_by_byte])
@pytest.mark.parametrize("case", AMBIGUOUS)
def test_refused_and_closed(server, account, case, send):
    """One error, the end, and the update that came behind is nobody's request."""
    expected, request = AMBIGUOUS[case]
    with server.http_connection() as connection:
        send(connection, request + update_request(account, random_txt()))
        answer = connection.answer()
        assert answer.status in (expected if isinstance(expected, tuple) else (expected,)), answer.head
        assert answer.error
        assert answer.headers["connection"] == "close"
        assert connection.closed()
    assert server.txt(account["subdomain"]) == []


# --- what looks odd and is right ---

ODD = {
    "length_with_zeroes": (201, REGISTER + b"Content-Length: 0000000002\r\n\r\n{}"),
    "coding_in_upper_case": (201, REGISTER + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n"),
    "chunk_size_with_zeroes": (201, CHUNKED + b"\r\n" + b"0" * 100 + b"2\r\n{}\r\n000\r\n\r\n"),
    "chunk_extensions": (201, CHUNKED + b'\r\n2;name="quo; ted"\r\n{}\r\n0;last\r\n\r\n'),
    "trailers": (201, CHUNKED + b"\r\n2\r\n{}\r\n0\r\nX: y\r\nHost: z\r\n\r\n"),
    "host_empty": (200, b"GET /health HTTP/1.1\r\nHost:\r\n\r\n"),
    "host_ipv6": (200, b"GET /health HTTP/1.1\r\nHost: [2001:db8::1]:8053\r\n\r\n"),
    "absolute": (200, b"GET http://other.example:80/health?x HTTP/1.1\r\nHost: x\r\n\r\n"),
    "absolute_https": (200, b"GET HTTPS://other.example/health HTTP/1.1\r\nHost: x\r\n\r\n"),
    "absolute_other_scheme": (404, b"GET ftp://x/health HTTP/1.1\r\nHost: x\r\n\r\n"),
    "value_not_ascii": (200, HEALTH + b"X: \x80\xff\r\n\r\n"),
    "value_with_tab": (200, HEALTH + b"X:\ta\tb\t\r\n\r\n"),
    "value_empty": (200, HEALTH + b"X:\r\n\r\n"),
    "upgrade_ignored": (200, HEALTH + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "target_of_8000_bytes": (200, b"GET /health?" + b"a" * 7992 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_dots": (404, b"GET /x/../health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_above_the_root": (404, b"GET /../health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "target_with_encoded_nul": (404, b"GET /health%00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "connect": (404, b"CONNECT x:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "trace": (405, b"TRACE /health HTTP/1.1\r\n" + HOST + b"X: secret\r\n\r\n"),
    "star_for_get": (405, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "expect_on_two_lines": (201, REGISTER + b"Expect: 100-continue\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}"),
    "expect_without_body": (201, REGISTER + b"Expect: 100-continue\r\n\r\n"),
    "expect_with_empty_body": (201, REGISTER + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
    "fields_1000": (200, HEALTH + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n"),
}


@pytest.mark.parametrize("field", [b"Content-Length: 5", b"Content-Length: 0", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("send", [whole, byte_by_byte])
def test_framing_in_trailers_frames_nothing(server, account, field, send):
    """Ignored or, by later versions of llhttp, refused (RFC 9110, 6.5.1); what comes behind is never its body."""
    txt = random_txt()
    with server.http_connection() as connection:
        send(connection, CHUNKED + b"\r\n2\r\n{}\r\n0\r\n" + field + b"\r\n\r\n" + update_request(account, txt))
        answer = connection.answer()
        if answer.status == 201:
            assert connection.answer().body == b'{"txt": "%s"}' % txt.encode()
        else:
            assert answer.status == 400 and connection.closed()
            assert server.txt(account["subdomain"]) == []


def final_answer(connection):
    answer = connection.answer()
    return connection.answer() if answer.status == 100 else answer


@pytest.mark.parametrize("send", [whole, byte_by_byte])
@pytest.mark.parametrize("case", ODD)
def test_served_and_kept(server, account, case, send):
    """The request behind it is found where it begins."""
    status, request = ODD[case]
    txt = random_txt()
    with server.http_connection() as connection:
        send(connection, request + update_request(account, txt))
        answer = final_answer(connection)
        assert answer.status == status, answer.head
        assert b"secret" not in answer.head + answer.body
        assert connection.answer().body == b'{"txt": "%s"}' % txt.encode()
    assert server.txt(account["subdomain"]) == [txt]


def test_expect_of_http_1_0_is_ignored(server):
    """RFC 9110, 10.1.1: such a client knows no interim answer."""
    request = b"POST /register HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with server.http_connection() as connection:
        connection.send(request)
        connection.peer.settimeout(1)
        with pytest.raises(TimeoutError):
            connection.answer()
        connection.peer.settimeout(DEADLINE)
        assert connection.ask(b"{}").status == 201


def test_expect_is_refused_before_the_body(server, account):
    """404 and 405 at once; the connection then ends, because a body may or may not come."""
    for method, path, status in [("POST", "/nothing", 404), ("PUT", "/update", 405)]:
        with server.http_connection() as connection:
            answer = connection.ask(http_request(method, path, headers=[
                ("Expect", "100-continue"), ("Content-Length", "5")]))
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            whole(connection, update_request(account, random_txt()))
            assert connection.closed()
    assert server.txt(account["subdomain"]) == []


# --- pipelines that turn bad ---

@pytest.mark.parametrize("garbage", [b"\0", b"\x16\x03\x01", b"GARBAGE\r\n\r\n", b"\r\n\r\n\x80\r\n", b"{}\r\n", bytes(range(256))])
def test_garbage_in_a_pipeline(server, account, garbage):
    """What came before is answered in its order, the garbage once, and nothing behind it."""
    first, second, third = (random_txt() for _ in range(3))
    with server.http_connection() as connection:
        whole(connection, update_request(account, first) + HEALTH + b"\r\n" + update_request(account, second)
              + garbage + update_request(account, third))
        assert connection.answer().body == b'{"txt": "%s"}' % first.encode()
        assert connection.answer().status == 200
        assert connection.answer().body == b'{"txt": "%s"}' % second.encode()
        answer = connection.answer()
        assert answer.status in (400, 501) and answer.error
        assert connection.closed()
    assert sorted(server.txt(account["subdomain"])) == sorted([first, second])


def test_a_body_longer_than_said_is_the_next_request(server, account):
    """What is left of it is no request, so that is the end."""
    body = update_body(account, random_txt())
    with server.http_connection() as connection:
        whole(connection, http_request("POST", "/update", b"", [*credentials(account).items(), (
            "Content-Length", len(body))]) + body + b"more" + HEALTH + b"\r\n")
        assert connection.answer().status == 200
        assert connection.answer().status == 501
        assert connection.closed()


# --- those who take their time ---

def drips():
    """What has come so far, and the byte that follows again and again."""
    return {
        "request_line": (b"POST /upd", b"a"),
        "field_name": (HEALTH + b"X", b"a"),
        "field_value": (HEALTH + b"X: ", b"a"),
        "fields": (HEALTH, b"a: b\r\n"),
        "body": (REGISTER + b"Content-Length: 9999\r\n\r\n", b" "),
        "chunk": (CHUNKED + b"\r\nfff\r\n", b" "),
        "chunks": (CHUNKED + b"\r\n", b"1\r\n \r\n"),
        "chunk_size": (CHUNKED + b"\r\n", b"0"),
        "chunk_extension": (CHUNKED + b"\r\n1;", b"a"),
        "trailers": (CHUNKED + b"\r\n0\r\n", b"a: b\r\n"),
    }


def test_drips_are_408(server):
    """A byte now and then is no progress, wherever in a request. All at once: their time-outs pass together."""
    def drip(start, more):
        with server.http_connection() as connection:
            connection.send(start)
            connection.peer.settimeout(0.5)
            while True:
                try:
                    answer = connection.answer()
                except TimeoutError:
                    connection.send(more)
                    continue
                connection.peer.settimeout(DEADLINE)
                return answer.status, answer.error, connection.closed()
    with concurrent.futures.ThreadPoolExecutor(len(drips())) as pool:
        results = dict(zip(drips(), pool.map(lambda case: drip(*case), drips().values()), strict=True))
    assert results == {name: (408, "request_timeout", True) for name in drips()}


def test_who_never_reads_is_cut_off(server):
    """An answer that finds no room within its time ends the connection."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", server.api_port))
    with peer:
        peer.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                peer.send((HEALTH + b"\r\n") * 100)
        poll = select.poll()
        poll.register(peer, select.POLLRDHUP)
        assert poll.poll(DEADLINE * 1000)


# --- those who are many ---

CROWD = 10000
CONNECTIONS = 1024


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CROWD + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def crowd(server, many_files):
    """Opens connections, a thousand from each of several loopback addresses, and keeps them."""
    peers = []

    def come(count, first=b""):
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", server.api_port), DEADLINE,
                                            (f"127.0.1.{1 + len(peers) // 1000}", 0))
            peers.append(peer)
            if first:
                with contextlib.suppress(ConnectionError):
                    peer.send(first)
        return peers
    yield come
    for peer in peers:
        peer.close()


def open_files(server):
    return int(process_status(server.pids()["apid"])["FDSize"].split()[0])


@pytest.mark.root
@pytest.mark.parametrize("first", [b"", b"POST /update HTTP/1.1\r\nHost: x\r\nX-Api-User: ",
                                   REGISTER + b"Content-Length: 100\r\n\r\n{"],
                         ids=["idle", "in_the_head", "in_the_body"])
def test_ten_thousand_connections_do_not_keep_a_client_out(server, account, crowd, first):
    """Those that have waited longest for a request give way; who asks is served, on an old or a new connection."""
    with server.http_connection() as faithful:
        for _ in range(CROWD // 500):
            crowd(500, first)
            txt = random_txt()
            assert faithful.ask(update_request(account, txt)).status == 200
            assert txt in server.txt(account["subdomain"])
            server.set_value(account)
    assert open_files(server) <= 2 * CONNECTIONS
    assert "1024 connections are open" in server.log()


def test_dripping_crowd(server, account, crowd):
    """Slowloris: everybody's head grows, nobody's is ever complete."""
    peers = crowd(2 * CONNECTIONS, b"POST /update HTTP/1.1\r\n")
    for _ in range(5):
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.send(b"X: y\r\n")
        server.set_value(account)

    poll = select.poll()
    poll.register(peers[-1], select.POLLIN)

    def last_one_is_answered():
        with contextlib.suppress(OSError):
            peers[-1].send(b"X")
        return poll.poll(10)
    wait_until(last_one_is_answered, "the answer to the last one")
    assert wait_closed(peers[-1]).startswith(b"HTTP/1.1 408 ")
