/*
 * A system call filter as the kernel takes it. libseccomp writes it in processes of their own, which hand over nothing but the
 * finished instructions: where memory is short it falls over, turns in circles or loses rules, and says nothing. So it writes each
 * filter twice, and only what is the same both times is used.
 */
#ifndef COMMON_FILTER_PROGRAM_H
#define COMMON_FILTER_PROGRAM_H

#include <linux/filter.h>
#include <seccomp.h>
#include <stdint.h>

struct filter_program {
	unsigned short count; /* of instructions */
	struct sock_filter instructions[BPF_MAXINSNS];
};

/* Adds the rules: fatal when libseccomp refuses one. */
typedef void filter_rules(scmp_filter_ctx filter, const void *context);

/*
 * Writes the filter in which `rules` are, and which answers other calls with `otherwise` (an action of libseccomp's), and calls of
 * another architecture with death. Before any thread exists and before another filter is loaded. Fatal when that is not
 * done twice, with one result, within a minute each.
 */
void filter_program_write(
    struct filter_program *program, uint32_t otherwise, filter_rules *rules, const void *context);

/* Has it send SIGSYS where it would end the process. */
void filter_program_soften(struct filter_program *program);

/* Puts it in force for all threads. Fatal on failure. */
void filter_program_load(struct filter_program *program);

#endif
