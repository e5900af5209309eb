#include "export.h"

#include "accounts.h"
#include "output_file.h"

static int
export_all(struct control_client *client, FILE *out)
{
	struct account_print *print = account_print_new(out, 1);
	int failed = print == NULL || accounts_print_all(client, print, 1) != 0;

	return account_print_end(print) != 0 || failed ? -1 : 0;
}

int
accounts_export(const struct invocation *invocation)
{
	struct control_client *client;
	struct output_file file;
	int code = control_client_open(&client, invocation->config, 0);

	if (code != 0)
		return code;
	code = output_file_open(&file,
		   invocation->argument_count > 0 ? invocation->arguments[0] : NULL, 1) == 0 &&
		       export_all(client, file.out) == 0 && output_file_finish(&file) == 0
		   ? 0
		   : 1;
	output_file_close(&file);
	control_client_close(client);
	return code;
}
