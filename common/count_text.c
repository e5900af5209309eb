#include "count_text.h"

#include <stddef.h>

const char *
count_text(char text[COUNT_TEXT], uint64_t count)
{
	char reversed[COUNT_TEXT];
	size_t length = 0;
	unsigned digits = 0;

	do {
		if (digits > 0 && digits % 3 == 0)
			reversed[length++] = ',';
		reversed[length++] = (char)('0' + count % 10);
		count /= 10;
		digits++;
	} while (count > 0);
	for (size_t i = 0; i < length; i++)
		text[i] = reversed[length - 1 - i];
	text[length] = '\0';
	return text;
}
