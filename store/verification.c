#include "verification.h"

#include "log.h"
#include "page_origin.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum table { META, ACCOUNTS, NAMES, TOKENS, TOKEN_HASHES, TABLES };

static const char *const table_names[TABLES] = {
    "meta", "accounts", "names", "tokens", "token_hashes"};

enum { LMDB_FREE_PAGES = 0, LMDB_TABLES = 1, LMDB_META_PAGES = 2, LMDB_MAX_KEY = 511 };

#define STRAYS "its page stands in the place of another"

struct verification {
	const struct verification_config *config;
	struct verification_totals *totals;
	MDB_txn *transaction; /* of walks */
	MDB_txn *
	    looking; /* of single records of other tables; of the same commit, unless there was damage */
	MDB_dbi tables[TABLES];
	int opened[TABLES];
	struct page_origins origins;
};

static void
find(struct verification *verification, const char *table, const char *where, const char *what)
{
	verification->totals->findings++;
	verification->config->found(verification->config->context, table, where, what);
}

void
verification_where(char where[VERIFICATION_WHERE], const char *table, struct slice key)
{
	struct uuid username;

	if (strcmp(table, table_names[ACCOUNTS]) == 0 && key.length == sizeof(username.bytes)) {
		memcpy(username.bytes, key.data, sizeof(username.bytes));
		uuid_to_text(&username, where);
		return;
	}
	log_safe(where, VERIFICATION_WHERE, key.data, key.length);
}

static void
find_at(struct verification *verification, enum table table, struct slice key, const char *what)
{
	char where[VERIFICATION_WHERE];

	verification_where(where, table_names[table], key);
	find(verification, table_names[table], where, what);
}

static void
find_code(struct verification *verification, const char *table, const char *what, int code)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s: %s", what, mdb_strerror(code));
	find(verification, table, "", text);
}

/* A transaction in which LMDB met damage refuses everything else: what is read then may be of a later commit. */
static void
renew(MDB_txn *transaction)
{
	mdb_txn_reset(transaction);
	/* Where it fails every use fails, and is a finding. */
	(void)mdb_txn_renew(transaction);
}

/* The record of another table; 0, MDB_NOTFOUND, or another code: it cannot be read. */
static int
look_up(struct verification *verification, enum table table, struct slice key, struct slice *record)
{
	MDB_val name = {.mv_size = key.length}, value;
	int code;

	/* LMDB only reads the key. */
	memcpy(&name.mv_data, &key.data, sizeof(key.data));
	if (!verification->opened[table] || key.length == 0 || key.length > LMDB_MAX_KEY)
		return MDB_NOTFOUND;
	code = mdb_get(verification->looking, verification->tables[table], &name, &value);
	if (code != 0 && code != MDB_NOTFOUND)
		renew(verification->looking);
	if (code == 0 && value.mv_size > RECORD_MAX)
		code = MDB_CORRUPTED;
	if (code != 0)
		return code;
	*record = (struct slice){value.mv_data, value.mv_size};
	return 0;
}

static int
slices_equal(struct slice a, struct slice b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static void
check_account(struct verification *verification, struct slice key, struct slice record)
{
	struct account_record account;
	struct name_record name;
	struct uuid username;
	struct slice found;
	int code;

	verification->totals->accounts++;
	if (key.length != sizeof(username.bytes)) {
		find_at(verification, ACCOUNTS, key, "the key is not a user name");
		return;
	}
	memcpy(username.bytes, key.data, sizeof(username.bytes));
	if (account_record_decode(&account, &username, record) != 0)
		find_at(verification, ACCOUNTS, key, "the record is damaged");
	else if ((code = look_up(verification, NAMES, account.subdomain, &found)) != 0)
		find_at(verification, ACCOUNTS, key,
		    code == MDB_NOTFOUND ? "its name is missing" : "its name cannot be read");
	/* A damaged name is its own finding. */
	else if (name_record_decode(&name, account.subdomain, found) == 0 &&
		 (name.retired || !uuid_equal(&name.owner, &username)))
		find_at(verification, ACCOUNTS, key, "its name belongs to somebody else");
}

static void
check_sequences(struct verification *verification, struct slice key, const struct name_record *name)
{
	if (name->sequence > verification->totals->sequence)
		find_at(verification, NAMES, key, "it is of a commit that there was not yet");
	for (unsigned i = 0; i < name->count; i++) {
		if (name->values[i].sequence > name->sequence) {
			find_at(verification, NAMES, key, "a value is newer than its name");
			return;
		}
	}
}

static void
check_name(struct verification *verification, struct slice key, struct slice record)
{
	struct account_record account;
	struct name_record name;
	struct slice owner, found;
	int code;

	if (name_record_decode(&name, key, record) != 0) {
		verification->totals->names++;
		find_at(verification, NAMES, key, "the record is damaged");
		return;
	}
	verification->totals->names += !name.retired;
	verification->totals->retired += name.retired;
	verification->totals->values += name.count;
	check_sequences(verification, key, &name);
	owner = (struct slice){name.owner.bytes, sizeof(name.owner.bytes)};
	if (name.retired)
		return;
	if ((code = look_up(verification, ACCOUNTS, owner, &found)) != 0)
		find_at(verification, NAMES, key,
		    code == MDB_NOTFOUND ? "its account is missing" : "its account cannot be read");
	else if (account_record_decode(&account, &name.owner, found) == 0 &&
		 !slices_equal(account.subdomain, key))
		find_at(verification, NAMES, key, "its account has another name");
}

static void
check_token(struct verification *verification, struct slice key, struct slice record)
{
	struct token_record token;
	struct slice found, hash = {token.hash, sizeof(token.hash)};
	int code;

	verification->totals->tokens++;
	if (token_record_decode(&token, key, record) != 0)
		find_at(verification, TOKENS, key, "the record is damaged");
	else if ((code = look_up(verification, TOKEN_HASHES, hash, &found)) != 0)
		find_at(verification, TOKENS, key,
		    code == MDB_NOTFOUND ? "its hash is missing" : "its hash cannot be read");
	else if (!slices_equal(found, key))
		find_at(verification, TOKENS, key, "its hash belongs to another token");
}

static void
check_token_hash(struct verification *verification, struct slice key, struct slice name)
{
	struct token_record token;
	struct slice found;
	int code;

	if (key.length != sizeof(token.hash))
		find_at(verification, TOKEN_HASHES, key, "the key is not a hash");
	else if ((code = look_up(verification, TOKENS, name, &found)) != 0)
		find_at(verification, TOKEN_HASHES, key,
		    code == MDB_NOTFOUND ? "its token is missing" : "its token cannot be read");
	else if (token_record_decode(&token, name, found) == 0 &&
		 memcmp(token.hash, key.data, key.length) != 0)
		find_at(verification, TOKEN_HASHES, key, "its token has another hash");
}

/* 1 if it makes sense to look at the record, and at those behind it. */
static int
may_go_on(struct verification *verification, enum table table, struct slice last,
    const MDB_val *key, const MDB_val *value)
{
	struct slice found = {key->mv_data, key->mv_size};

	if (found.length == 0 || found.length > LMDB_MAX_KEY || value->mv_size > RECORD_MAX) {
		find_at(
		    verification, table, last, "a damaged page follows: lengths that cannot be");
		return 0;
	}
	if (last.length > 0 && slice_compare(last, found) >= 0) {
		find_at(verification, table, last, "a damaged page follows: keys out of order");
		return 0;
	}
	return 1;
}

static void
walk(struct verification *verification, enum table table,
    void (*check)(struct verification *verification, struct slice key, struct slice record))
{
	unsigned char last_bytes[LMDB_MAX_KEY];
	struct slice last = {last_bytes, 0};
	uint64_t count = 0;
	MDB_cursor *cursor;
	MDB_stat status;
	MDB_val key, value;
	int code;

	if (!verification->opened[table])
		return;
	if ((code = mdb_stat(verification->transaction, verification->tables[table], &status)) !=
		0 ||
	    (code = mdb_cursor_open(
		 verification->transaction, verification->tables[table], &cursor)) != 0) {
		find_code(verification, table_names[table], "cannot be walked through", code);
		return;
	}
	verification->config->reached(verification->config->context, table_names[table], last);
	while (
	    (code = mdb_cursor_get(cursor, &key, &value, count == 0 ? MDB_FIRST : MDB_NEXT)) == 0) {
		if (++count > status.ms_entries ||
		    !may_go_on(verification, table, last, &key, &value))
			break;
		last.length = key.mv_size;
		memcpy(last_bytes, key.mv_data, key.mv_size);
		verification->config->reached(
		    verification->config->context, table_names[table], last);
		/* The leaf, and the page of its own that a large record has. */
		page_origins_note(&verification->origins, key.mv_data, table, last);
		page_origins_note(&verification->origins, value.mv_data, table, last);
		check(verification, last, (struct slice){value.mv_data, value.mv_size});
	}
	mdb_cursor_close(cursor);
	if (code != 0 && code != MDB_NOTFOUND)
		find_code(verification, table_names[table], "cannot be walked to its end", code);
	else if (count > status.ms_entries)
		find(verification, table_names[table], "", "it has more records than it counts");
	else if (code == MDB_NOTFOUND && count < status.ms_entries)
		find(verification, table_names[table], "", "it has fewer records than it counts");
	if (code != 0 && code != MDB_NOTFOUND)
		renew(verification->transaction);
}

static void
check_origins(struct verification *verification)
{
	const struct page_origin *stray;
	unsigned place = 0;

	while ((stray = page_origins_stray(&verification->origins, &place)) != NULL) {
		if (stray->table == TABLES)
			find(verification, "free pages", "", STRAYS);
		else
			find_at(verification, stray->table,
			    (struct slice){stray->key, stray->length}, STRAYS);
	}
}

static void
read_number(struct verification *verification, const char *name, uint64_t *number)
{
	struct slice key = {(const unsigned char *)name, strlen(name)}, record;
	struct reader reader;
	int code = look_up(verification, META, key, &record);

	if (code != 0) {
		find(verification, table_names[META], name,
		    code == MDB_NOTFOUND ? "it is missing" : "it cannot be read");
		return;
	}
	reader_init(&reader, record.data, record.length);
	*number = reader_u64(&reader);
	if (reader_end(&reader) != 0)
		find(verification, table_names[META], name, "it is not a number");
}

/* Adds the pages of a table up; 0 or LMDB's code. */
static int
add_pages(struct verification *verification, MDB_dbi table, uint64_t *pages)
{
	MDB_stat status;
	int code = mdb_stat(verification->transaction, table, &status);

	if (code == 0)
		*pages += (uint64_t)status.ms_branch_pages + status.ms_leaf_pages +
			  status.ms_overflow_pages;
	return code;
}

/* Counts the pages that are free: each record of LMDB's own table is a list of them, its length first. */
static int
add_free_pages(struct verification *verification, uint64_t *pages)
{
	MDB_cursor *cursor;
	const struct slice nowhere = {(const unsigned char *)"", 0};
	MDB_val key, value;
	uint64_t count = 0;
	MDB_stat status;
	int code = mdb_cursor_open(verification->transaction, LMDB_FREE_PAGES, &cursor);

	if (code != 0)
		return code;
	code = mdb_stat(verification->transaction, LMDB_FREE_PAGES, &status);
	while (code == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t length = 0;

		if (value.mv_size >= sizeof(length))
			memcpy(&length, value.mv_data, sizeof(length));
		if (++count > status.ms_entries || key.mv_size != sizeof(size_t) ||
		    length > value.mv_size / sizeof(length) - 1)
			code = MDB_CORRUPTED;
		*pages += length;
		page_origins_note(&verification->origins, key.mv_data, TABLES, nowhere);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

/* Every page of the file is free, or in use once. */
static void
check_pages(struct verification *verification, uint64_t all)
{
	uint64_t pages = LMDB_META_PAGES;
	char text[128];
	int code;

	verification->config->reached(
	    verification->config->context, "free pages", (struct slice){NULL, 0});
	if ((code = add_pages(verification, LMDB_FREE_PAGES, &pages)) == 0 &&
	    (code = add_pages(verification, LMDB_TABLES, &pages)) == 0)
		code = add_free_pages(verification, &pages);
	for (unsigned i = 0; code == 0 && i < TABLES; i++) {
		if (verification->opened[i])
			code = add_pages(verification, verification->tables[i], &pages);
	}
	if (code != 0) {
		find_code(verification, "free pages", "cannot be counted", code);
		renew(verification->transaction);
	} else if (pages != all) {
		(void)snprintf(text, sizeof(text),
		    "%llu pages are in use or free, and there are %llu", (unsigned long long)pages,
		    (unsigned long long)all);
		find(verification, "free pages", "", text);
	}
}

/* Begins both transactions. 0, or LMDB's code: there is none. */
static int
begin_both(struct verification *verification)
{
	MDB_env *environment = verification->config->environment;
	int code = mdb_txn_begin(environment, NULL, MDB_RDONLY, &verification->transaction);

	if (code != 0)
		return code;
	code = mdb_txn_begin(environment, NULL, MDB_RDONLY, &verification->looking);
	if (code != 0)
		mdb_txn_abort(verification->transaction);
	return code;
}

static void
end_both(struct verification *verification)
{
	mdb_txn_abort(verification->looking);
	mdb_txn_abort(verification->transaction);
}

/* Others commit meanwhile: begins anew until the number of pages is that of both transactions. */
static int
begin(struct verification *verification, uint64_t *pages)
{
	MDB_env *environment = verification->config->environment;
	MDB_envinfo information;
	int code;

	*pages = 0;
	for (unsigned attempt = 0; attempt < 1000; attempt++) {
		code = begin_both(verification);
		if (code != 0)
			return code;
		mdb_env_info(environment, &information);
		*pages = (uint64_t)information.me_last_pgno + 1;
		/* Commits ascend: what is in between is the same, too. */
		if (information.me_last_txnid == mdb_txn_id(verification->transaction))
			return 0;
		end_both(verification);
	}
	*pages = 0;
	return begin_both(verification);
}

/* Each in a transaction of its own, which has to be committed before others can use it. */
static void
open_tables(struct verification *verification)
{
	MDB_txn *transaction;
	int code;

	for (unsigned i = 0; i < TABLES; i++) {
		code = mdb_txn_begin(
		    verification->config->environment, NULL, MDB_RDONLY, &transaction);
		if (code == 0) {
			code =
			    mdb_dbi_open(transaction, table_names[i], 0, &verification->tables[i]);
			(void)mdb_txn_commit(transaction);
		}
		verification->opened[i] = code == 0;
		if (code != 0)
			find_code(verification, table_names[i], "cannot be opened", code);
	}
}

void
verification_run(const struct verification_config *config, struct verification_totals *totals)
{
	struct verification verification = {.config = config, .totals = totals};
	MDB_stat status;
	uint64_t pages;
	int code;

	memset(totals, 0, sizeof(*totals));
	mdb_env_stat(config->environment, &status);
	verification.origins.page_size = status.ms_psize;
	open_tables(&verification);
	code = begin(&verification, &pages);
	if (code != 0) {
		find_code(&verification, "", "cannot be read", code);
		return;
	}
	read_number(&verification, "schema", &totals->schema);
	read_number(&verification, "sequence", &totals->sequence);
	if (pages > 0)
		check_pages(&verification, pages);
	walk(&verification, ACCOUNTS, check_account);
	walk(&verification, NAMES, check_name);
	walk(&verification, TOKENS, check_token);
	walk(&verification, TOKEN_HASHES, check_token_hash);
	check_origins(&verification);
	end_both(&verification);
}
