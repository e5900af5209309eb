--
-- PostgreSQL database dump
--

\restrict 5yHLyQ

SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.records (
    username text NOT NULL,
    password text NOT NULL,
    subdomain text NOT NULL,
    allowfrom text
);

COPY public.records (username, password, subdomain, allowfrom) FROM stdin;
c36f50e8-4632-44f0-83fe-e070fef28a10	$2a$10$x	8e5700ea-a4bf-41c7-8a77-e990661dcc6a	["192.0.2.0/24"]
a\\b\x41\101\n	p	s	\N
\.


COPY public.txt (rowid, subdomain, value, lastupdate) FROM stdin;
1	8e5700ea-a4bf-41c7-8a77-e990661dcc6a	v	1700000000
\.

\unrestrict 5yHLyQ
