/* acme-dns's configuration with any bytes: refused, or turned into YAML. */
#include "acme_dns_config.h"

#include <stdlib.h>
#include <yaml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was converted may break rules of our configuration, but not of YAML. */
static void
insist_yaml(const struct buf *yaml)
{
	yaml_parser_t parser;
	yaml_document_t document;

	if (!yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_input_string(&parser, yaml->data, yaml->length);
	if (!yaml_parser_load(&parser, &document))
		abort();
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_report report;
	struct toml toml;
	struct buf yaml;

	conf_report_init(&report, "config.cfg");
	buf_init(&yaml, ACME_DNS_CONFIG_MAX);
	if (toml_read(&toml, (const char *)data, size, &report) == 0 &&
	    acme_dns_config_convert(&toml, "config.cfg", &yaml, &report) == 0)
		insist_yaml(&yaml);
	buf_free(&yaml);
	toml_free(&toml);
	conf_report_free(&report);
	return 0;
}
