/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 against vectors of FIPS 180-4 and of NIST's CAVP short messages. */
#include <criterion/criterion.h>

#include "base/sha256.h"

/* Vectors of FIPS 180-4's examples and of NIST's CAVP short messages. */
static const struct {
	const char *bytes;
	size_t size, times;
	const char *want;
} vectors[] = {
	{ "", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ "\xd3", 1, 1, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
};

Test(sha256, answers_the_published_vectors)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t digest[SHA256_SIZE];
		char text[SHA256_TEXT];
		struct sha256 sha;

		sha256_start(&sha);
		for (size_t n = 0; n < vectors[i].times; n++)
			sha256_add(&sha, vectors[i].bytes, vectors[i].size);
		sha256_finish(&sha, digest);
		sha256_text(digest, text);
		cr_assert_str_eq(text, vectors[i].want, "vector %zu: %s", i, text);
	}
}

Test(sha256, does_not_care_how_bytes_arrive)
{
	static const uint8_t bytes[300] = { 1, 2, 3, [150] = 9, [299] = 7 };
	uint8_t whole[SHA256_SIZE], parts[SHA256_SIZE];
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, bytes, sizeof(bytes));
	sha256_finish(&sha, whole);
	for (size_t step = 1; step < 130; step += 7) {
		sha256_start(&sha);
		for (size_t at = 0; at < sizeof(bytes); at += step)
			sha256_add(&sha, bytes + at, sizeof(bytes) - at < step ? sizeof(bytes) - at : step);
		sha256_finish(&sha, parts);
		cr_assert_arr_eq(parts, whole, SHA256_SIZE, "step %zu", step);
	}
}
