/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resolve: names of system calls to numbers and back, on any architecture. */
#include <string.h>

#include "compat/arch.h"
#include "compat/interface.h"

char *seccomp_syscall_resolve_num_arch(uint32_t arch_token, int num)
{
	const struct arch *arch = arch_by_token(arch_token);
	const char *call = arch ? arch_call(arch, num) : NULL;

	return call ? strdup(call) : NULL;
}

int seccomp_syscall_resolve_name_arch(uint32_t arch_token, const char *name)
{
	const struct arch *arch = arch_by_token(arch_token);

	return arch && name ? arch_number(arch, name) : NR_ERROR;
}

/* A member of a multiplexer becomes the multiplexer. */
int seccomp_syscall_resolve_name_rewrite(uint32_t arch_token, const char *name)
{
	const struct arch *arch = arch_by_token(arch_token);
	int nr = arch && name ? arch_number(arch, name) : NR_ERROR;
	struct member member;

	if (nr >= NR_ERROR)
		return nr;
	member = arch_member(arch, nr);
	return member.mux ? member.mux_nr : nr;
}

int seccomp_syscall_resolve_name(const char *name)
{
	return seccomp_syscall_resolve_name_arch(0, name);
}
