/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4), written for being short: a digest is a few kilobytes once per container. */
#include "base/sha256.h"

#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constant[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

/* One round; the word that was first stands turn places further left. */
static inline void take_round(uint32_t v[8], unsigned turn, uint32_t input)
{
	uint32_t a = v[-turn % 8], b = v[(1 - turn) % 8], c = v[(2 - turn) % 8];
	uint32_t e = v[(4 - turn) % 8], f = v[(5 - turn) % 8], g = v[(6 - turn) % 8];
	uint32_t one =
		v[(7 - turn) % 8] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + input;
	uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

	v[(3 - turn) % 8] += one;
	v[(7 - turn) % 8] = one + two;
}

static void take_block(uint32_t state[8], const uint8_t block[64])
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof(v));
	/* Eight rounds turn the eight words once: which word plays which part is known when this is compiled. */
	for (int i = 0; i < 64; i += 8) {
		take_round(v, 0, round_constant[i] + w[i]);
		take_round(v, 1, round_constant[i + 1] + w[i + 1]);
		take_round(v, 2, round_constant[i + 2] + w[i + 2]);
		take_round(v, 3, round_constant[i + 3] + w[i + 3]);
		take_round(v, 4, round_constant[i + 4] + w[i + 4]);
		take_round(v, 5, round_constant[i + 5] + w[i + 5]);
		take_round(v, 6, round_constant[i + 6] + w[i + 6]);
		take_round(v, 7, round_constant[i + 7] + w[i + 7]);
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_start(struct sha256 *sha)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(sha->state, first, sizeof(first));
	sha->size = 0;
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size) {
		size_t used = sha->size % 64, n = 64 - used < size ? 64 - used : size;

		memcpy(sha->block + used, at, n);
		sha->size += n;
		at += n;
		size -= n;
		if (used + n == 64)
			take_block(sha->state, sha->block);
	}
}

void sha256_add_u32(struct sha256 *sha, uint32_t value)
{
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	sha256_add(sha, bytes, sizeof(bytes));
}

void sha256_finish(struct sha256 *sha, uint8_t out[SHA256_SIZE])
{
	uint64_t bits = sha->size * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(sha, "\x80", 1);
	while (sha->size % 64 != 56)
		sha256_add(sha, "", 1);
	sha256_add(sha, length, sizeof(length));
	for (int i = 0; i < SHA256_SIZE; i++)
		out[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_text(const uint8_t digest[SHA256_SIZE], char out[SHA256_TEXT])
{
	for (int i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	out[SHA256_TEXT - 1] = '\0';
}
