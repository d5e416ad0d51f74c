/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's type information: what is found in it, and information that is damaged. */
#include <criterion/criterion.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "callgate.h"
#include "kernel/btf.h"

static const char names[] = "\0task_struct\0pid\0seccomp\0inner\0bpf_iter_task";
enum { AT_TASK = 1, AT_PID = 13, AT_SECCOMP = 17, AT_INNER = 25, AT_FUNC = 31 };

struct made {
	struct btf_header head;
	struct {
		struct btf_type type;
		uint32_t data;
	} number; /* 1 */
	struct {
		struct btf_type type;
		struct btf_member members[1];
	} unnamed; /* 2 */
	struct {
		struct btf_type type;
		struct btf_member members[2];
	} task;               /* 3 */
	struct btf_type func; /* 4 */
	char strings[sizeof(names)];
} __attribute__((packed));

static struct made make(void)
{
	struct made made = {
		.head = { .magic = BTF_MAGIC,
			  .version = BTF_VERSION,
			  .hdr_len = sizeof(struct btf_header),
			  .type_len = offsetof(struct made, strings) - sizeof(struct btf_header),
			  .str_off = offsetof(struct made, strings) - sizeof(struct btf_header),
			  .str_len = sizeof(names) },
		.number = { { .info = BTF_KIND_INT << 24, .size = 4 }, 32 },
		.unnamed = { { .info = BTF_KIND_STRUCT << 24 | 1, .size = 16 },
			     { { .name_off = AT_SECCOMP, .type = 1, .offset = 64 } } },
		.task = { { .name_off = AT_TASK, .info = BTF_KIND_STRUCT << 24 | 2, .size = 64 },
			  { { .name_off = AT_PID, .type = 1, .offset = 32 },
			    { .name_off = 0, .type = 2, .offset = 128 } } },
		.func = { .name_off = AT_FUNC, .info = BTF_KIND_FUNC << 24, .type = 1 },
	};

	memcpy(made.strings, names, sizeof(names));
	return made;
}

Test(btf, answers_members_through_unnamed_ones_and_functions)
{
	struct btf_query queries[] = { { "task_struct", "pid", 0 },
				       { "task_struct", "seccomp", 0 },
				       { "bpf_iter_task", NULL, 0 } };
	struct made made = make();

	cr_assert_eq(btf_ask_bytes(&made, sizeof(made), queries, 3, NULL), 0);
	cr_assert_eq(queries[0].answer, 4);
	cr_assert_eq(queries[1].answer, 24);
	cr_assert_eq(queries[2].answer, 4);
}

Test(btf, refuses_what_is_not_there_or_damaged)
{
	struct btf_query lacks = { "task_struct", "nothing", 0 }, pid = { "task_struct", "pid", 0 };
	struct made made = make();

	cr_assert_eq(btf_ask_bytes(&made, sizeof(made), &lacks, 1, NULL), CALLGATE_E_UNSUPPORTED);
	for (size_t size = 0; size < sizeof(made); size++)
		cr_assert_lt(btf_ask_bytes(&made, size, &pid, 1, NULL), 0, "%zu bytes", size);
	/*
	 * Whatever one byte is: an answer or a refusal, nothing outside the bytes is touched (a sanitizer would tell).
	 */
	for (size_t at = 0; at < sizeof(made); at++) {
		for (unsigned value = 0; value < 256; value += 51) {
			struct made *damaged = malloc(sizeof(*damaged));

			*damaged = made;
			((unsigned char *)damaged)[at] = (unsigned char)value;
			(void)btf_ask_bytes(damaged, sizeof(*damaged), &pid, 1, NULL);
			free(damaged);
		}
	}
}
