PRAGMA foreign_keys=OFF;
/* comment ' */
CREATE TABLE IF NOT EXISTS "records"(Username TEXT UNIQUE, Password TEXT, Subdomain TEXT, AllowFrom TEXT, PRIMARY KEY (Username));
INSERT INTO "records" VALUES('u',X'24326124','it''s',NULL);
INSERT INTO public.txt (lastupdate, subdomain, value) OVERRIDING SYSTEM VALUE VALUES
	(-5, E'a\'b', 'c'),
	(1.5e3, 's', '');
CREATE FUNCTION f() AS $b$ ; ' $b$;
