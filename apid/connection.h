/*
 * One client's connection: bytes to requests, answers to bytes, and the time limits.
 *
 * It reads one request and at most one packet behind it, and goes on when the answer to it is written: so answers
 * are in order, and a client holds at most one request, one packet behind it and one answer in our
 * memory, however much it pipelines and however slowly it reads.
 *
 * Where the listener is for a proxy, its PROXY header comes before all else (proxy_header.h).
 * Where the listener speaks TLS there is a handshake first (tls.h), and all bytes go through it. A client
 * that speaks plain HTTP there is told so in plain HTTP.
 *
 * After an answer that ends the connection it lingers (RFC 9112, 9.6): our side is shut
 * down, and what still comes is thrown away for a moment, or else the client would get a
 * reset instead of the answer.
 */
#ifndef APID_CONNECTION_H
#define APID_CONNECTION_H

#include "address.h"
#include "api.h"
#include "forwarded.h"
#include "request.h"
#include "response.h"
#include "statistic.h"
#include "tls.h"

#include <uv.h>

enum {
	CONNECTION_READ = 16 * 1024, /* bytes of one read */
	/* One read's, and with TLS those of a record that it completes. */
	CONNECTION_AHEAD = CONNECTION_READ + TLS_MAX_PLAIN,
	CONNECTION_GREETING_MS = 10 * 1000, /* for PROXY header and TLS handshake together */
	CONNECTION_IDLE_MS = 60 * 1000,	    /* until the first byte of a request */
	CONNECTION_COME_MS = 1,		    /* when we stop: to read what has come already */
	CONNECTION_FIRST_MS =
	    1000, /* when we stop: for one who has connected and said nothing yet */
	CONNECTION_HEAD_MS = 10 * 1000, /* for the whole head */
	CONNECTION_BODY_MS = 10 * 1000, /* for the whole body */
	CONNECTION_WRITE_MS = 10 * 1000,
	CONNECTION_LINGER_MS = 2 * 1000,
	CONNECTION_LINGER_BYTES = 2 * 1024 * 1024
};

struct connection;

/* Whom a connection works for. */
struct connection_host {
	void *context;
	/* Judges a head before "100 Continue": 0, or -1 with the response set. */
	int (*judge)(void *context, const struct request *request, struct response *response);
	/* Calls connection_answer(), at once or later; `request` is gone when it returns. */
	void (*serve)(void *context, struct connection *connection, const struct request *request);
	/* The connection is going; it must not be used after that. */
	void (*closed)(void *context, struct connection *connection);
	struct statistic_counters *counters; /* what is answered is counted here */
};

/* How a listener's connections are served. */
struct connection_terms {
	const struct tls_context *tls; /* NULL: in plain HTTP; needed while it is accepted only */
	uint32_t hsts; /* seconds for which a browser shall insist on TLS (RFC 6797); 0: not said */
	/*
	 * NULL: no PROXY header. With it each connection begins with one, and whoever claims something in it is
	 * one of these, or is closed. Outlives the connection.
	 */
	const struct forwarded_trust *proxies;
};

enum connection_phase {
	CONNECTION_GREETING, /* a PROXY header, the TLS handshake */
	CONNECTION_READING,
	CONNECTION_SERVING, /* connection_answer() is awaited */
	CONNECTION_WRITING,
	CONNECTION_LINGERING,
	CONNECTION_CLOSING
};

struct connection {
	/* For whoever serves. */
	struct client_address peer;   /* who is connected, or who the PROXY header says */
	int has_proxy_header;	      /* as the listener wants it: no forwarding header counts */
	struct client_address client; /* whose request is being served, through proxies or not */
	enum route route;     /* of the request that is being served; ROUTE_NONE: not known yet */
	uint64_t ticket;      /* at the broker; 0: none */
	struct api_echo echo; /* likewise, of an update */
	struct response_cors cors; /* of that request's answer */

	/* The host's list. */
	struct connection *younger, *older;

	/* Its own. */
	const struct connection_host *host;
	enum connection_phase phase;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} socket;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct request request;
	enum request_phase timed; /* the phase of the request that the timer runs for */
	struct buf ahead;	  /* came behind the request that is being served */
	struct buf answer;	  /* as it goes out */
	struct tls *tls;	  /* NULL: plain HTTP */
	int tls_begun;		  /* the client has sent something */
	int flight;		  /* `answer` is being written, and is TLS's own talk */
	int ended;		  /* nothing follows: TLS or the client has said so */
	const struct forwarded_trust *proxies; /* NULL: no PROXY header is awaited any more */
	struct buf header;		       /* what is here of it */
	uint32_t hsts;
	struct response_framing framing;
	uint64_t begun; /* uv_hrtime() when the request that is served was complete; 0: none is */
	size_t drained;
	int pumping; /* the loop over what was read is running */
	int used;    /* a request has been answered */
	int last;    /* no request after this one */
	int open_handles;
};

/*
 * Takes a connection over, `is_local`: of a Unix socket. Returns NULL, and it is closed, when that failed at the client's end, or when there
 * is no memory for TLS; fatal when memory is short otherwise.
 */
struct connection *connection_open(uv_loop_t *loop, int fd, int is_local,
    const struct connection_host *host, const struct connection_terms *terms);

/* Starts reading. */
void connection_start(struct connection *connection);

/* Closes at once, whatever is under way (RFC 9112, 9.5). */
void connection_close(struct connection *connection);

/* Answers the request that is being served; `response` stays the caller's. */
void connection_answer(struct connection *connection, const struct response *response);

/*
 * Answers what has begun and what has come, if anything, and closes. Who has only just connected gets the time for one request:
 * to him it would be lost, while one on a connection that was used before is sent again (RFC 9112, 9.3.1).
 */
void connection_finish(struct connection *connection);

#endif
