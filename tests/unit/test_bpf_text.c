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
	span_map_add(&map, &(struct span){ .first = 0, .node = allow });
	span_map_add(&map, &(struct span){ .first = mkdir, .node = eperm });
	span_map_add(&map, &(struct span){ .first = mkdir + 1, .node = allow });
	span_map_add(&map, &(struct span){ .first = personality,
					   .node = filter_test(filter, (struct test){ .mask = UINT64_MAX, .value = 8 },
							       allow, eperm) });
	span_map_add(&map, &(struct span){ .first = personality + 1, .node = allow });
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
		struct callgate_prog *prog = small_prog(rows[i].audit, rows[i].mkdir, rows[i].personality),
				     *again = NULL;
		struct callgate_err err = CALLGATE_ERR_INIT;
		size_t size = 0;
		char *raw = NULL;

		cr_assert_eq(callgate_prog_write(prog, CALLGATE_PROG_RAW, &raw, &size, &err), 0);
		cr_assert_eq(size, callgate_prog_count(prog) * 8);
		cr_assert_eq(memcmp(raw, rows[i].first, 2), 0);
		cr_assert_eq(callgate_prog_parse(raw, size, rows[i].abi, &again, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_prog_count(again), callgate_prog_count(prog));
		cr_assert_eq(memcmp(callgate_prog_instructions(again), callgate_prog_instructions(prog), size), 0);
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

static char *written(int (*write)(const struct callgate_prog *, char **, size_t *, struct callgate_err *),
		     const struct sock_filter *insns, unsigned count)
{
	struct callgate_prog *prog;
	char *text;
	size_t size;

	cr_assert_eq(prog_new(insns, count, &prog, NULL), 0);
	prog->big_endian = false;
	cr_assert_eq(prog_check(prog, NULL), 0);
	cr_assert_eq(write(prog, &text, &size, NULL), 0);
	cr_assert_eq(strlen(text), size);
	callgate_prog_free(prog);
	return text;
}

Test(disasm, names_only_what_is_certain)
{
	static const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 2, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 83, 1, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 39, 0, 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
	};
	char *text = written(prog_write_asm, insns, sizeof(insns) / sizeof(insns[0]));

	cr_assert_str_eq(text,
			 "    0  ld   [4]                                 ; architecture\n"
			 "    1  jeq  #0xc000003e   -> 3                  ; x86_64\n"
			 "    2  jeq  #0x40000003   -> 5, else -> 9       ; x86\n"
			 "    3  ld   [0]                                 ; syscall number\n"
			 "    4  jeq  #0x53         -> 6, else -> 7       ; x86_64: mkdir\n"
			 "    5  ld   [0]                                 ; syscall number\n"
			 "    6  jge  #0x27         else -> 8\n"
			 "    7  ld   [28]                                ; argument 1, upper half\n"
			 "    8  ret  #0x7fff0000                         ; ALLOW\n"
			 "    9  ret  #0x50026                            ; ERRNO(ENOSYS)\n",
			 "%s", text);
	free(text);
}

Test(disasm, has_a_word_for_every_opcode)
{
	static const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 7),
		BPF_STMT(BPF_ST, 1),
		BPF_STMT(BPF_LDX | BPF_MEM, 1),
		BPF_STMT(BPF_STX, 2),
		BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 3),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_NEG, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 0, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	char *text = written(prog_write_asm, insns, sizeof(insns) / sizeof(insns[0]));

	cr_assert_str_eq(
		text,
		"    0  ld   #0x7\n"
		"    1  st   M[1]\n"
		"    2  ldx  M[1]\n"
		"    3  stx  M[2]\n"
		"    4  ldx  #len\n"
		"    5  txa\n"
		"    6  xor  #0x3\n"
		"    7  rsh  x\n"
		"    8  neg\n"
		"    9  tax\n"
		"   10  ja                 -> 12\n"
		"   11  ld   [8]                                 ; instruction pointer, lower half, never reached\n"
		"   12  jset x             -> 13\n"
		"   13  ret  a\n",
		"%s", text);
	free(text);
}

Test(pfc, says_numbers_conditions_and_actions)
{
	struct callgate_filter *filter = small_filter(AUDIT_ARCH_X86_64, 83, 135);
	char *text;
	size_t size;

	cr_assert_eq(callgate_filter_write_pfc(filter, &text, &size, NULL), 0);
	cr_assert_str_eq(text,
			 "#\n# pseudo filter code: the first action whose conditions hold\n#\n"
			 "# x86_64\n"
			 "if ($arch == 0xc000003e)\n"
			 "  # read .. rename\n"
			 "  if ($syscall >= 0 and $syscall <= 82)\n"
			 "    action ALLOW;\n"
			 "  # mkdir\n"
			 "  if ($syscall == 83)\n"
			 "    action ERRNO(EPERM);\n"
			 "  # rmdir .. uselib\n"
			 "  if ($syscall >= 84 and $syscall <= 134)\n"
			 "    action ALLOW;\n"
			 "  # personality\n"
			 "  if ($syscall == 135)\n"
			 "    if ($a0 == 0x8)\n"
			 "      action ALLOW;\n"
			 "    action ERRNO(EPERM);\n"
			 "  # ustat .. ?\n"
			 "  if ($syscall >= 136 and $syscall <= 4294967295)\n"
			 "    action ALLOW;\n"
			 "# any other architecture\n"
			 "action KILL_THREAD;\n",
			 "%s", text);
	free(text);
	callgate_filter_free(filter);
}

/*
 * Whatever passes prog_check() can be run, measured and listed: random words, most of them from the opcodes that pass.
 */
Test(prog, survives_any_program_that_is_checked)
{
	static const uint16_t codes[] = { 0x20, 0x80, 0x00, 0x60, 0x81, 0x01, 0x61, 0x02, 0x03, 0x04, 0x0c,
					  0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64,
					  0x6c, 0x74, 0x7c, 0x84, 0xa4, 0xac, 0x05, 0x15, 0x1d, 0x25, 0x2d,
					  0x35, 0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87 };
	uint64_t state = 11;
	unsigned good = 0;

	for (unsigned i = 0; i < 20000; i++) {
		struct sock_filter insns[24];
		struct callgate_prog_stats stats;
		struct callgate_prog *prog;
		unsigned count = 1 + i % 24, steps;
		char *text;
		size_t size;

		for (unsigned pc = 0; pc < count; pc++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			insns[pc] = (struct sock_filter){ codes[(state >> 33) % (sizeof(codes) / sizeof(codes[0]))],
							  (state >> 40) % 3 % (count - pc),
							  (state >> 45) % 3 % (count - pc), (state >> 50) % 64 };
			if (insns[pc].code == 0x20)
				insns[pc].k &= ~3u;
			if (insns[pc].code == 0x05)
				insns[pc].k %= count - pc;
			if (insns[pc].code == 0x02 || insns[pc].code == 0x60)
				insns[pc].k = pc ? insns[pc].k : 0;
		}
		insns[count - 1].code = i % 3 ? 0x06 : 0x16;
		cr_assert_eq(prog_new(insns, count, &prog, NULL), 0);
		if (prog_check(prog, NULL) == 0) {
			good++;
			prog_eval(prog, &(struct prog_data){ .nr = i, .args = { state, i } }, &steps);
			cr_assert(steps >= 1 && steps <= count);
			cr_assert_eq(callgate_prog_measure(prog, CALLGATE_ABI_X86_64, &stats), 0);
			cr_assert_leq(steps, stats.longest_path);
			cr_assert_eq(callgate_prog_write(prog, CALLGATE_PROG_ASM, &text, &size, NULL), 0);
			free(text);
		}
		callgate_prog_free(prog);
	}
	cr_assert_gt(good, 2000, "%u", good);
}
