/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arch: the table of tokens, and system calls by libseccomp's numbers: real ones, and pseudo numbers below -100. */
#include "compat/arch.h"

#include <linux/audit.h>
#include <linux/elf-em.h>
#include <stdlib.h>
#include <string.h>

#include "compat/interface.h"

enum { LE = __AUDIT_ARCH_LE, N32 = 0x20000000 };
#define WIDE __AUDIT_ARCH_64BIT

/* clang-format off */
static const struct arch arches[] = {
	/* token                    name           abi                        wide   big    socketcall, ipc */
	{ EM_386 | LE,              "x86",         CALLGATE_ABI_X86,          false, false, 102, 117 },
	{ EM_X86_64 | WIDE | LE,    "x86_64",      CALLGATE_ABI_X86_64,       true,  false, 0, 0 },
	{ EM_X86_64 | LE,           "x32",         CALLGATE_ABI_X32,          false, false, 0, 0 },
	{ EM_ARM | LE,              "arm",         CALLGATE_ABI_ARM,          false, false, 0, 0 },
	{ EM_AARCH64 | WIDE | LE,   "aarch64",     CALLGATE_ABI_AARCH64,      true,  false, 0, 0 },
	{ 258 | WIDE | LE,          "loongarch64", CALLGATE_ABI_LOONGARCH64,  true,  false, 0, 0 },
	{ EM_68K,                   "m68k",        CALLGATE_ABI_M68K,         false, true,  102, 117 },
	{ EM_MIPS,                  "mips",        CALLGATE_ABI_MIPS,         false, true,  4102, 4117 },
	{ EM_MIPS | WIDE,           "mips64",      CALLGATE_ABI_MIPS64,       true,  true,  0, 0 },
	{ EM_MIPS | WIDE | N32,     "mips64n32",   CALLGATE_ABI_MIPS64N32,    false, true,  0, 0 },
	{ EM_MIPS | LE,             "mipsel",      CALLGATE_ABI_MIPSEL,       false, false, 4102, 4117 },
	{ EM_MIPS | WIDE | LE,      "mipsel64",    CALLGATE_ABI_MIPSEL64,     true,  false, 0, 0 },
	{ EM_MIPS | WIDE | LE | N32, "mipsel64n32", CALLGATE_ABI_MIPSEL64N32,  false, false, 0, 0 },
	{ EM_PARISC,                "parisc",      CALLGATE_ABI_PARISC,       false, true,  0, 0 },
	{ EM_PARISC | WIDE,         "parisc64",    CALLGATE_ABI_PARISC64,     true,  true,  0, 0 },
	{ EM_PPC,                   "ppc",         CALLGATE_ABI_PPC,          false, true,  102, 117 },
	{ EM_PPC64 | WIDE,          "ppc64",       CALLGATE_ABI_PPC64,        true,  true,  102, 117 },
	{ EM_PPC64 | WIDE | LE,     "ppc64le",     CALLGATE_ABI_PPC64LE,      true,  false, 102, 117 },
	{ 243 | WIDE | LE,          "riscv64",     CALLGATE_ABI_RISCV64,      true,  false, 0, 0 },
	{ EM_S390,                  "s390",        CALLGATE_ABI_S390,         false, true,  102, 117 },
	{ EM_S390 | WIDE,           "s390x",       CALLGATE_ABI_S390X,        true,  true,  102, 117 },
	{ EM_SH,                    "sheb",        CALLGATE_ABI_SHEB,         false, true,  102, 117 },
	{ EM_SH | LE,               "sh",          CALLGATE_ABI_SH,           false, false, 102, 117 },
};
/* clang-format on */
enum { ARCHES = sizeof(arches) / sizeof(arches[0]) };

const struct arch *arch_native(void)
{
	static const struct arch *native;
	struct callgate_target target = CALLGATE_TARGET_INIT;

	if (!native && callgate_target_host(&target, NULL) == 0)
		for (int i = 0; i < ARCHES; i++)
			if (arches[i].abi == target.host)
				native = &arches[i];
	return native ? native : &arches[1];
}

const struct arch *arch_by_token(uint32_t token)
{
	if (!token)
		return arch_native();
	for (int i = 0; i < ARCHES; i++)
		if (arches[i].token == token)
			return &arches[i];
	return NULL;
}

const struct arch *arch_by_name(const char *name)
{
	for (int i = 0; i < ARCHES; i++)
		if (strcmp(arches[i].name, name) == 0)
			return &arches[i];
	return NULL;
}

uint32_t arch_audit(const struct arch *arch)
{
	return arch->abi == CALLGATE_ABI_X32 ? (EM_X86_64 | WIDE | LE) : arch->token;
}

/* ------------------------------------------------------------------ pseudo numbers */

static const struct pseudo {
	const char *name;
	int nr;
} pseudos[] = {
#define PSEUDO(name, nr) { #name, nr },
#include "compat/pseudo_numbers.h"
#undef PSEUDO
};
enum {
	PSEUDOS = sizeof(pseudos) / sizeof(pseudos[0]),
	SOCKET_FIRST = -101,
	SOCKET_LAST = -120,
	IPC_FIRST = -201,
	IPC_LAST = -224
};

static int compare_names(const void *name, const void *pseudo)
{
	return strcmp(name, ((const struct pseudo *)pseudo)->name);
}

static int pseudo_number(const char *call)
{
	const struct pseudo *found = bsearch(call, pseudos, PSEUDOS, sizeof(pseudos[0]), compare_names);

	return found ? found->nr : NR_ERROR;
}

static bool is_socket_member(int nr)
{
	return nr <= SOCKET_FIRST && nr >= SOCKET_LAST;
}

static bool is_ipc_member(int nr)
{
	return nr <= IPC_FIRST && nr >= IPC_LAST;
}

/* ------------------------------------------------------------------ calls */

static int direct_number(const struct arch *arch, const char *call)
{
	uint32_t nr;

	return callgate_syscall_number(arch->abi, call, &nr) == 0 ? (int)nr : NR_ERROR;
}

int arch_number(const struct arch *arch, const char *call)
{
	int nr, pseudo;

	if (arch->socketcall) {
		pseudo = pseudo_number(call);
		if (is_socket_member(pseudo) || is_ipc_member(pseudo))
			return pseudo;
	}
	nr = direct_number(arch, call);
	return nr != NR_ERROR ? nr : pseudo_number(call);
}

const char *arch_call(const struct arch *arch, int nr)
{
	if (nr >= 0)
		return callgate_syscall_name(arch->abi, (uint32_t)nr);
	for (int i = 0; i < PSEUDOS; i++)
		if (pseudos[i].nr == nr && arch_number(arch, pseudos[i].name) == nr)
			return pseudos[i].name;
	return NULL;
}

bool arch_translate(const struct arch *arch, int *nr)
{
	const char *call;
	int there;

	if (*nr == -1 || arch == arch_native())
		return true;
	call = arch_call(arch_native(), *nr);
	there = call ? arch_number(arch, call) : NR_ERROR;
	if (there == NR_ERROR)
		return false;
	*nr = there;
	return true;
}

static struct member member_of(const struct arch *arch, int pseudo, int direct)
{
	struct member member = { .mux = pseudo, .direct = direct };

	member.mux_nr = is_ipc_member(pseudo) ? arch->ipc : arch->socketcall;
	member.selector = (uint32_t)-pseudo % (is_ipc_member(pseudo) ? 200 : 100);
	return member;
}

struct member arch_member(const struct arch *arch, int nr)
{
	const char *call;
	int pseudo;

	if (!arch->socketcall || (nr < 0 && !is_socket_member(nr) && !is_ipc_member(nr)))
		return (struct member){ 0 };
	call = arch_call(arch, nr);
	pseudo = call ? pseudo_number(call) : NR_ERROR;
	if (nr < 0)
		return member_of(arch, nr, call ? direct_number(arch, call) : NR_ERROR);
	if (!is_socket_member(pseudo) && !is_ipc_member(pseudo))
		return (struct member){ 0 };
	return member_of(arch, pseudo, nr);
}
