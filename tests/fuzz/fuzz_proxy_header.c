/* The PROXY header: the same whether it comes at once or byte by byte, and never longer than it may be. */
#include "proxy_header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, part;
	enum proxy_header_result result = proxy_header_read(&whole, data, size), piece;
	size_t length = 0;

	if (result == PROXY_HEADER_MORE && size >= PROXY_HEADER_MAX)
		abort();
	if (result == PROXY_HEADER_DONE && (whole.length > size || whole.length > PROXY_HEADER_MAX))
		abort();
	do
		piece = proxy_header_read(&part, data, length);
	while (piece == PROXY_HEADER_MORE && ++length <= size);
	if (piece != result || memcmp(&whole, &part, sizeof(whole)) != 0)
		abort();
	if (result == PROXY_HEADER_DONE && length != whole.length)
		abort();
	return 0;
}
