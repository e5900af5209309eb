#include "control_message.h"

static void
put_networks(struct writer *writer, const struct slice *networks, uint16_t count)
{
	writer_u16(writer, count);
	for (unsigned i = 0; i < count; i++)
		writer_string8(writer, networks[i].data, networks[i].length);
}

static int
get_networks(struct reader *reader, struct slice *networks, uint16_t *count)
{
	*count = reader_u16(reader);
	if (*count > MESSAGE_MAX_NETWORKS)
		return -1;
	for (unsigned i = 0; i < *count; i++)
		networks[i] = reader_string8(reader, NETWORK_MAX_TEXT - 1);
	return reader->failed ? -1 : 0;
}

void
control_put_account(struct writer *writer, const struct control_account *account)
{
	writer_string8(writer, account->username.data, account->username.length);
	writer_string8(writer, account->subdomain.data, account->subdomain.length);
	writer_string8(writer, account->hash.data, account->hash.length);
	writer_string8(writer, account->token.data, account->token.length);
	writer_u64(writer, account->created);
	writer_u64(writer, account->updated);
	put_networks(writer, account->networks, account->network_count);
	writer_u8(writer, account->value_count);
	for (unsigned i = 0; i < account->value_count; i++) {
		const struct control_value *value = &account->values[i];

		writer_u64(writer, value->time);
		writer_string16(writer, value->text.data, value->text.length);
	}
}

int
control_get_account(struct reader *reader, struct control_account *account)
{
	account->username = reader_string8(reader, CONTROL_USERNAME);
	account->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	account->hash = reader_string8(reader, CONTROL_MAX_HASH);
	account->token = reader_string8(reader, CONTROL_MAX_TOKEN);
	account->created = reader_u64(reader);
	account->updated = reader_u64(reader);
	if (account->username.length != CONTROL_USERNAME || account->subdomain.length == 0 ||
	    get_networks(reader, account->networks, &account->network_count) != 0)
		return -1;
	account->value_count = reader_u8(reader);
	if (account->value_count > MESSAGE_MAX_VALUES)
		return -1;
	for (unsigned i = 0; i < account->value_count; i++) {
		account->values[i].time = reader_u64(reader);
		account->values[i].text = reader_string16(reader, MESSAGE_MAX_TXT);
	}
	return reader->failed ? -1 : 0;
}

void
control_put_list(struct writer *writer, const struct control_list *request)
{
	writer_string8(writer, request->after.data, request->after.length);
	writer_u16(writer, request->maximum);
	writer_u8(writer, request->hashes);
}

int
control_get_list(struct reader *reader, struct control_list *request)
{
	request->after = reader_string8(reader, CONTROL_USERNAME);
	request->maximum = reader_u16(reader);
	request->hashes = reader_u8(reader);
	if ((request->after.length != 0 && request->after.length != CONTROL_USERNAME) ||
	    request->maximum == 0 || request->maximum > CONTROL_PAGE || request->hashes > 1)
		return -1;
	return reader_end(reader);
}

void
control_put_page(struct writer *writer, const struct control_page *page)
{
	writer_u8(writer, page->result);
	writer_u16(writer, page->count);
}

int
control_get_page(struct reader *reader, struct control_page *page)
{
	page->result = reader_u8(reader);
	page->count = reader_u16(reader);
	if (page->result >= MESSAGE_RESULTS || page->count > CONTROL_PAGE)
		return -1;
	return reader->failed ? -1 : 0;
}

void
control_put_next(struct writer *writer, struct slice next)
{
	writer_string8(writer, next.data, next.length);
}

int
control_get_next(struct reader *reader, struct slice *next)
{
	*next = reader_string8(reader, CONTROL_USERNAME);
	if (next->length != 0 && next->length != CONTROL_USERNAME)
		return -1;
	return reader_end(reader);
}

void
control_put_find(struct writer *writer, struct slice who)
{
	writer_string8(writer, who.data, who.length);
}

int
control_get_find(struct reader *reader, struct slice *who)
{
	*who = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	return who->length == 0 ? -1 : reader_end(reader);
}

void
control_put_found(struct writer *writer, enum control_found found)
{
	writer_u8(writer, (uint8_t)found);
}

int
control_get_found(struct reader *reader, enum control_found *found)
{
	uint8_t number = reader_u8(reader);

	if (reader->failed || number > CONTROL_FOUND_FAILED)
		return -1;
	*found = (enum control_found)number;
	return 0;
}

void
control_put_candidates(struct writer *writer, const struct control_candidates *candidates)
{
	writer_u8(writer, candidates->count);
	writer_u8(writer, candidates->more);
	for (unsigned i = 0; i < candidates->count; i++)
		writer_string8(writer, candidates->names[i].data, candidates->names[i].length);
}

int
control_get_candidates(struct reader *reader, struct control_candidates *candidates)
{
	candidates->count = reader_u8(reader);
	candidates->more = reader_u8(reader);
	if (candidates->count > CONTROL_CANDIDATES || candidates->more > 1)
		return -1;
	for (unsigned i = 0; i < candidates->count; i++) {
		candidates->names[i] = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
		if (candidates->names[i].length == 0)
			return -1;
	}
	return reader_end(reader);
}

void
control_put_add(struct writer *writer, const struct control_add *request)
{
	writer_string8(writer, request->subdomain.data, request->subdomain.length);
	put_networks(writer, request->networks, request->network_count);
}

int
control_get_add(struct reader *reader, struct control_add *request)
{
	request->subdomain = reader_string8(reader, MESSAGE_MAX_SUBDOMAIN);
	if (get_networks(reader, request->networks, &request->network_count) != 0)
		return -1;
	return reader_end(reader);
}

void
control_put_change(struct writer *writer, const struct control_change *request)
{
	writer_u8(writer, request->action);
	writer_string8(writer, request->username.data, request->username.length);
	writer_string16(writer, request->text.data, request->text.length);
	put_networks(writer, request->networks, request->network_count);
}

int
control_get_change(struct reader *reader, struct control_change *request)
{
	request->action = reader_u8(reader);
	request->username = reader_string8(reader, CONTROL_USERNAME);
	request->text = reader_string16(reader, MESSAGE_MAX_TXT);
	if (request->action >= CONTROL_ACTIONS || request->username.length != CONTROL_USERNAME ||
	    get_networks(reader, request->networks, &request->network_count) != 0)
		return -1;
	if ((request->text.length > 0) !=
		(request->action == CONTROL_SET_VALUE || request->action == CONTROL_REMOVE_VALUE) ||
	    (request->network_count > 0 && request->action != CONTROL_CHANGE_NETWORKS))
		return -1;
	return reader_end(reader);
}

void
control_put_changed(struct writer *writer, const struct control_changed *answer)
{
	writer_u8(writer, answer->result);
	writer_string8(writer, answer->key.data, answer->key.length);
}

int
control_get_changed(struct reader *reader, struct control_changed *answer)
{
	answer->result = reader_u8(reader);
	answer->key = reader_string8(reader, MESSAGE_KEY);
	if (answer->result >= MESSAGE_RESULTS ||
	    (answer->key.length != 0 && answer->key.length != MESSAGE_KEY))
		return -1;
	return reader_end(reader);
}

void
control_put_import(struct writer *writer, const struct control_import *import)
{
	control_put_account(writer, &import->account);
	writer_string8(writer, import->key.data, import->key.length);
}

int
control_get_import(struct reader *reader, struct control_import *import)
{
	if (control_get_account(reader, &import->account) != 0)
		return -1;
	import->key = reader_string8(reader, CONTROL_MAX_KEY);
	return reader->failed ? -1 : 0;
}

void
control_put_trial(struct writer *writer, const struct control_trial *trial)
{
	writer_u8(writer, trial->result);
	writer_string8(writer, trial->label.data, trial->label.length);
	writer_string8(writer, trial->value.data, trial->value.length);
}

int
control_get_trial(struct reader *reader, struct control_trial *trial)
{
	int is_shown;

	trial->result = reader_u8(reader);
	trial->label = reader_string8(reader, CONTROL_TRIAL_LABEL);
	trial->value = reader_string8(reader, CONTROL_TRIAL_VALUE);
	is_shown = trial->result == MESSAGE_RESULT_OK;
	if ((!is_shown && trial->result != MESSAGE_RESULT_BUSY) ||
	    trial->label.length != (is_shown ? CONTROL_TRIAL_LABEL : 0) ||
	    trial->value.length != (is_shown ? CONTROL_TRIAL_VALUE : 0))
		return -1;
	return reader_end(reader);
}
