/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs as bytes and as text, and the public functions for programs. */
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/prog.h"
#include "bpf/text.h"
#include "callgate.h"
#include "filter/filter.h"
#include "names/words.h"

/* mkdir is refused, personality(8) and everything else allowed, other architectures killed. */
static struct callgate_filter *small_filter(uint32_t audit, uint32_t mkdir, uint32_t personality)
{
	const struct callgate_origin origin = { CALLGATE_BY_DEFAULT };
	struct callgate_filter *filter;
	const struct node *allow, *eperm;
	struct span_map map = { 0 };

	cr_assert_eq(filter_new("small", &filter, NULL), 0);
	filter->other_arch = filter_leaf(filter, (struct callgate_action){ CALLGATE_KILL_THREAD, 0 }, origin);
	allow = filter_leaf(filter, (struct callgate_action){ CALLGATE_ALLOW, 0 }, origin);
	eperm = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 1 }, origin);
	span_map_add(&map, (struct span){ .first = 0, .node = allow });
	span_map_add(&map, (struct span){ .first = mkdir, .node = eperm });
	span_map_add(&map, (struct span){ .first = mkdir + 1, .node = allow });
	span_map_add(&map, (struct span){ .first = personality,
		                          .node = filter_test(filter, (struct test){ .mask = UINT64_MAX, .value = 8 }, allow, eperm) });
	span_map_add(&map, (struct span){ .first = personality + 1, .node = allow });
	cr_assert_eq(filter_add_arch(filter, audit, &map, NULL), 0);
	return filter;
}

static struct callgate_prog *small_prog(uint32_t audit, uint32_t mkdir, uint32_t personality)
{
	struct callgate_filter *filter = small_filter(audit, mkdir, personality);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;

	filter->flags = SECCOMP_FILTER_FLAG_LOG;
	cr_assert_eq(callgate_filter_compile(filter, &prog, &err), 0, "%s", err.text);
	callgate_filter_free(filter);
	return prog;
}

Test(prog, is_compiled_run_and_measured)
{
	struct callgate_prog *prog = small_prog(AUDIT_ARCH_X86_64, 83, 135);
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = 83 };
	struct callgate_prog_stats stats;
	struct callgate_action action;
	unsigned steps;

	cr_assert_eq(callgate_prog_flags(prog), SECCOMP_FILTER_FLAG_LOG);
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, &steps), 0);
	cr_assert(action.kind == CALLGATE_ERRNO && action.data == 1 && steps > 3);
	call.nr = 135;
	call.args[0] = 8;
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, NULL), 0);
	cr_assert_eq(action.kind, CALLGATE_ALLOW);
	call.abi = CALLGATE_ABI_AARCH64;
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, NULL), 0);
	cr_assert_eq(action.kind, CALLGATE_KILL_THREAD);
	call.abi = CALLGATE_ABI_COUNT;
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_prog_measure(prog, CALLGATE_ABI_X86_64, &stats), 0);
	cr_assert_eq(stats.instructions, callgate_prog_count(prog));
	/* ld, jeq, ld, jeq, ld, jeq, ld, jeq, ret */
	cr_assert_eq(stats.longest_path, 9, "%u", stats.longest_path);
	cr_assert(stats.mean_path_x100 > 500 && stats.mean_path_x100 < 700, "%u", stats.mean_path_x100);
	callgate_prog_free(prog);
}

Test(prog, is_the_same_after_writing_and_reading)
{
	static const struct {
		uint32_t audit, mkdir, personality;
		enum callgate_abi abi;
		unsigned char first[2]; /* the first opcode, ld [4]: 0x20 */
	} rows[] = { { AUDIT_ARCH_X86_64, 83, 135, CALLGATE_ABI_X86_64, { 0x20, 0 } },
		     { AUDIT_ARCH_S390X, 39, 136, CALLGATE_ABI_S390X, { 0, 0x20 } } };

	for (size_t i = 0; i < 2; i++) {
		struct callgate_prog *prog = small_prog(rows[i].audit, rows[i].mkdir, rows[i].personality), *again = NULL;
		struct callgate_err err = CALLGATE_ERR_INIT;
		size_t size = 0;
		char *raw = NULL;

		cr_assert_eq(callgate_prog_write(prog, CALLGATE_PROG_RAW, &raw, &size, &err), 0);
		cr_assert_eq(size, callgate_prog_count(prog) * 8);
		cr_assert_eq(memcmp(raw, rows[i].first, 2), 0);
		cr_assert_eq(callgate_prog_parse(raw, size, rows[i].abi, &again, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_prog_count(again), callgate_prog_count(prog));
		cr_assert_eq(memcmp(callgate_prog_words(again), callgate_prog_words(prog), size), 0);
		cr_assert_eq(again->big_endian, prog->big_endian);
		callgate_prog_free(again);
		cr_assert_eq(callgate_prog_parse(raw, size - 3, rows[i].abi, &again, &err), CALLGATE_E_FORMAT);
		cr_assert_eq(callgate_prog_parse(raw, size - 8 * 8, rows[i].abi, &again, &err), CALLGATE_E_PROFILE);
		cr_assert_eq(callgate_prog_parse(raw, 0, rows[i].abi, &again, &err), CALLGATE_E_FORMAT);
		free(raw);
		callgate_prog_free(prog);
	}
}

Test(prog, is_base64_and_c)
{
	/* What `printf ... | base64` says of these sixteen bytes. */
	static const struct sock_filter insns[] = { { 0x20, 0, 0, 4 }, { 0x06, 0, 0, 0x7fff0000 } };
	struct callgate_prog *prog;
	char *text;
	size_t size;

	cr_assert_eq(prog_new(insns, 2, &prog, NULL), 0);
	prog->big_endian = false;
	cr_assert_eq(callgate_prog_write(prog, CALLGATE_PROG_BASE64, &text, &size, NULL), 0);
	cr_assert_str_eq(text, "IAAAAAQAAAAGAAAAAAD/fw==");
	cr_assert_eq(size, strlen(text));
	free(text);
	cr_assert_eq(callgate_prog_write(prog, CALLGATE_PROG_C, &text, &size, NULL), 0);
	cr_assert_str_eq(text, "/* 2 instructions of classic BPF for seccomp(2). */\n"
	                       "static const struct sock_filter filter[] = {\n"
	                       "\t{ 0x20, 0, 0, 0x00000004 },\n"
	                       "\t{ 0x06, 0, 0, 0x7fff0000 },\n"
	                       "};\n");
	free(text);
	callgate_prog_free(prog);
}
