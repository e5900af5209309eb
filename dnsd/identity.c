/* The four names of class CHAOS; see identity.h. */
#include "identity.h"

#include <string.h>

#define WIRE(literal) (literal), sizeof(literal)

struct slice
identity_find(const struct identity *identity, const struct qname *name)
{
	const struct {
		const char *wire;
		size_t length;
		struct slice text;
	} names[] = {
	    {WIRE("\7version\4bind"), identity->version},
	    {WIRE("\7version\6server"), identity->version},
	    {WIRE("\10hostname\4bind"), identity->hostname},
	    {WIRE("\2id\6server"), identity->id},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].length == name->length &&
		    memcmp(names[i].wire, name->lower, name->length) == 0)
			return names[i].text;
	}
	return (struct slice){NULL, 0};
}
