/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small vocabularies, one table each: text <-> number. Parsers take exact words and answer true when known. */
#ifndef CALLGATE_NAMES_WORDS_H
#define CALLGATE_NAMES_WORDS_H

#include "base/source.h"
#include "callgate.h"

/*
 * names/action.c: "SCMP_ACT_ERRNO" <-> kind. SCMP_ACT_KILL is KILL_THREAD, as everywhere. The data of the result is 0.
 */
bool action_by_oci(struct slice word, enum callgate_action_kind *out);
const char *action_oci(enum callgate_action_kind kind);
const char *action_name(enum callgate_action_kind kind);             /* "ERRNO" */
bool action_by_name(struct slice word, struct callgate_action *out); /* "ERRNO(EPERM)", "TRACE(7)", "ALLOW" */
/* SECCOMP_RET_* word and back. From a word as the kernel does: errno above 4095 is 4095, unknown is KILL_PROCESS. */
uint32_t action_word(struct callgate_action action);
struct callgate_action action_from_word(uint32_t word);
bool action_equal(struct callgate_action a, struct callgate_action b);
const char *action_nearest_oci(struct slice word);

/* names/errno.c: "EPERM" <-> 1, generic Linux numbers (same on every ABI but MIPS, PA-RISC, SPARC, Alpha: there the
 * number given by the author counts and names are those of asm-generic, as libseccomp-based readers on x86 do). */
bool errno_by_name(struct slice word, uint16_t *out);
/* Numbers by asm-generic, as profiles mean them on every ABI. */
enum { ERRNO_EPERM = 1, ERRNO_ENOSYS = 38 };
enum { ERRNO_MAX = 4095 }; /* MAX_ERRNO: what the kernel passes on (include/linux/err.h) */
/* "0" to "4095", one to four decimal digits. */
bool errno_by_digits(struct slice word, uint16_t *out);
const char *errno_name(unsigned value); /* NULL for none */

/* names/cap.c: "CAP_SYS_ADMIN" <-> 21. */
bool cap_by_name(struct slice word, unsigned *out);
const char *cap_name(unsigned cap);
unsigned cap_count(void);
extern const uint64_t cap_docker14; /* Docker's and containerd's default bounding set */
const char *cap_nearest(struct slice word);

/* names/op.c: OCI's comparison words. */
enum op { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ };
bool op_by_oci(struct slice word, enum op *out);
const char *op_oci(enum op op);
bool op_by_lxc(struct slice word, enum op *out); /* "==", "&=", SCMP_CMP_EQ ... */
const char *op_lxc(enum op op);

/* names/flag.c: "SECCOMP_FILTER_FLAG_LOG" <-> bit of seccomp(2). */
bool flag_by_oci(struct slice word, uint32_t *out);
const char *flag_oci(uint32_t bit);

/* names/reader.c: "docker" <-> enum callgate_reader. */
const char *reader_name(enum callgate_reader reader); /* CALLGATE is "callgate" */
bool reader_by_name(struct slice word, enum callgate_reader *out);

/* names/near.c: Damerau-Levenshtein distance of two words, or limit + 1 when it is larger than limit. Words up to 64
 * bytes. */
unsigned near_distance(struct slice a, struct slice b, unsigned limit);

/* Did you mean: offer every known word, found is the nearest within 1 or 2 edits (of words of 2, 4 letters 0, 1), the
 * first of equal ones; only another case counts as no edit at all. NULL: nothing near. */
struct near {
	struct slice word;
	unsigned best;
	const char *found;
};
struct near near_start(struct slice word);
void near_offer(struct near *near, const char *known);

/* names/release.c: "1.1.5": 0x010105. False: not three small numbers. */
bool release_parse(const char *text, uint32_t *out);

#endif
