/* The journal's own socket, where standard error leads there (systemd.exec(5), JOURNAL_STREAM). */
#ifndef COMMON_JOURNAL_H
#define COMMON_JOURNAL_H

/* 1 if standard error is the stream that JOURNAL_STREAM names; what merely inherited the variable is elsewhere. */
int journal_is_stderr(void);

/*
 * Its socket, connected: one write(2) of at most LOG_MAX_RECORD bytes is one entry, or fails at once. -1: it cannot be
 * had. It stays good when the journal is started again, since systemd holds the other end.
 */
int journal_open(void);

#endif
