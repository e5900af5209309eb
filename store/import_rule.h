/* What is right about an account that is imported, by itself. Pure. */
#ifndef STORE_IMPORT_RULE_H
#define STORE_IMPORT_RULE_H

#include "control_message.h"
#include "record.h"

/* Of a bcrypt hash, log2: its check takes 0.2 s, and each step doubles that. */
enum { IMPORT_RULE_MAX_COST = 12 };

/*
 * Judges what an account's record says by itself, and makes of its values what the name is to keep, with the
 * newest last; its texts are borrowed. `now`: seconds since 1970. An enum control_imported that refuses it, or CONTROL_ADDED, perhaps with
 * CONTROL_VALUES_LEFT_OUT.
 */
unsigned import_rule_judge(const struct control_import *import, const struct record_limits *limits,
    uint64_t now, struct uuid *username, struct name_record *state);

#endif
