/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4): digests of canonical forms in state files. Not for secrets. */
#ifndef CALLGATE_BASE_SHA256_H
#define CALLGATE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_TEXT = 65 };

struct sha256 {
	uint32_t state[8];
	uint64_t size;     /* bytes taken so far */
	uint8_t block[64]; /* the first size % 64 bytes are waiting */
};

void sha256_start(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);
/* Numbers go in little-endian, so that a digest does not depend on the machine. */
void sha256_add_u32(struct sha256 *sha, uint32_t value);
void sha256_finish(struct sha256 *sha, uint8_t out[SHA256_SIZE]);
/* Lower-case hex with a NUL behind it. */
void sha256_text(const uint8_t digest[SHA256_SIZE], char out[SHA256_TEXT]);

#endif
