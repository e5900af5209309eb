"""
Databases as acme-dns leaves them: SQLite's file with the schema that its versions 0.3 to 2 make, and the same tables
for PostgreSQL. Most accounts have a hash that nobody has the key of, because making hashes is slow; those whose
keys are known are given back.
"""

import contextlib
import ctypes
import json
import random
import secrets
import sqlite3
import string
import uuid

from sallyport import random_txt

SQLITE = """
CREATE TABLE IF NOT EXISTS acmedns(
    Name TEXT,
    Value TEXT
);
CREATE TABLE IF NOT EXISTS records(
    Username TEXT UNIQUE NOT NULL PRIMARY KEY,
    Password TEXT UNIQUE NOT NULL,
    Subdomain TEXT UNIQUE NOT NULL,
    AllowFrom TEXT
);
CREATE TABLE IF NOT EXISTS txt(
    Subdomain TEXT NOT NULL,
    Value   TEXT NOT NULL DEFAULT '',
    LastUpdate INT
);
INSERT INTO acmedns (Name, Value) values('db_version', '1');
"""
POSTGRESQL = SQLITE.replace("CREATE TABLE IF NOT EXISTS txt(", "CREATE TABLE IF NOT EXISTS txt(\n    rowid SERIAL,")

# Later versions of Python have no module for it.
LIBCRYPT = ctypes.CDLL("libcrypt.so.1")
LIBCRYPT.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
LIBCRYPT.crypt.restype = ctypes.c_char_p

BCRYPT = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
EARLIEST = 1500000000


def make_key():
    """What acme-dns hands out: 40 characters of base64url."""
    return "".join(secrets.choice(string.ascii_letters + string.digits + "-_") for _ in range(40))


def hash_key(key, cost=4):
    """As acme-dns has them, but quicker to make: it uses cost 10."""
    salt = "".join(random.choices(BCRYPT, k=21)) + random.choice(".Oeu")
    hashed = LIBCRYPT.crypt(key.encode(), f"$2a${cost:02}${salt}".encode())
    assert hashed and len(hashed) == 60
    return hashed.decode()


def unknown_hash():
    return "$2a$10$" + "".join(random.choices(BCRYPT, k=53))


def make_uuid():
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def make_account(known=False, values=None, allowfrom=(), cost=4):
    """values: (text, time) with the oldest first; None: none, one or two, at random."""
    if values is None:
        times = sorted(random.sample(range(EARLIEST, EARLIEST + 200000000), random.randrange(3)))
        values = [(random_txt() if known else "".join(random.choices(string.ascii_letters, k=43)), time)
                  for time in times]
    key = make_key() if known else None
    return {"username": make_uuid(), "password": key, "hash": hash_key(key, cost) if known else unknown_hash(),
            "subdomain": make_uuid(), "allowfrom": list(allowfrom), "values": values}


def record_row(account):
    # The driver that acme-dns writes with makes a blob of the hash.
    return account["username"], account["hash"].encode(), account["subdomain"], json.dumps(account["allowfrom"])


def txt_rows(account):
    """Two rows always; those never set are empty."""
    rows = [(account["subdomain"], text, time) for text, time in account["values"]]
    return rows + [(account["subdomain"], "", 0)] * (2 - len(rows))


def write_sqlite(path, accounts):
    """Writes a database of these accounts, which may be a generator."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(SQLITE)
        for account in accounts:
            database.execute("INSERT INTO records VALUES (?, ?, ?, ?)", record_row(account))
            database.executemany("INSERT INTO txt VALUES (?, ?, ?)", txt_rows(account))
        database.commit()
    return path
