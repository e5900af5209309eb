/*
 * OpenSSL's memory in apid: what it gives back is wiped. Some of what it made of a private key on the way from the file
 * it gives back as it is (3.0: the octets of an elliptic key), where a key that was replaced would stay for good.
 */
#ifndef APID_WIPED_MEMORY_H
#define APID_WIPED_MEMORY_H

/* From now on. Call before anything of OpenSSL's is; fatal when it has allocated already. */
void wiped_memory_begin(void);

#endif
