/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arguments: the table has one prototype per name. Here is where an ABI differs: its own order of arguments, a pointer
 * to them instead, and 64-bit values that take two registers, on some ABIs an even and the next one.
 */
#include "names/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/private.h"
#include "names/abi.h"
#include "names/syscall.h"

enum { REGISTERS = 6 };

#define ON(id) (UINT32_C(1) << CALLGATE_ABI_##id)
#define MIPS_O32 (ON(MIPS) | ON(MIPSEL))
#define MIPS_ALL (MIPS_O32 | ON(MIPS64) | ON(MIPS64N32) | ON(MIPSEL64) | ON(MIPSEL64N32))
#define PARISC_ALL (ON(PARISC) | ON(PARISC64))
#define PPC_ALL (ON(PPC) | ON(PPC64) | ON(PPC64LE))
#define S390_ALL (ON(S390) | ON(S390X))
#define SH_ALL (ON(SH) | ON(SHEB))

/* clone: CONFIG_CLONE_BACKWARDS and BACKWARDS2 of the kernel, sigsuspend: OLD_SIGSUSPEND and 3. mmap and select: the
 * first versions, which take a structure. preadv on x32: the offset in one register, so that flags come earlier. */
static const struct own_order {
	const char *name;
	uint32_t abis;
	const char *kinds, *names;
} own_orders[] = {
	{ "clone", S390_ALL, "plppl", "stack,flags,parent_tid,child_tid,tls" },
	{ "clone", ON(X86) | ON(ARM) | ON(AARCH64) | ON(RISCV64) | MIPS_ALL | PARISC_ALL | PPC_ALL, "lpplp",
	  "flags,stack,parent_tid,tls,child_tid" },
	{ "fadvise64_64", ON(PPC), "ii66", "fd,advice,offset,len" },
	{ "fadvise64_64", ON(S390), "p", "args" },
	{ "fadvise64", MIPS_O32, "i66i", "fd,offset,len,advice" },
	{ "mmap", ON(X86) | ON(M68K) | S390_ALL, "p", "args" },
	{ "select", ON(X86) | ON(M68K), "p", "args" },
	{ "pread64", SH_ALL, "iplx6", "fd,buf,count,-,offset" },
	{ "pwrite64", SH_ALL, "iplx6", "fd,buf,count,-,offset" },
	{ "preadv", ON(X32), "lpl6", "fd,iov,iovcnt,offset" },
	{ "pwritev", ON(X32), "lpl6", "fd,iov,iovcnt,offset" },
	{ "preadv2", ON(X32), "lpl6i", "fd,iov,iovcnt,offset,flags" },
	{ "pwritev2", ON(X32), "lpl6i", "fd,iov,iovcnt,offset,flags" },
	{ "sigsuspend", PPC_ALL | SH_ALL, "l", "mask" },
	{ "sigsuspend", MIPS_O32, "p", "mask" },
	{ "cacheflush", ON(ARM), "ppi", "start,end,flags" },
	{ "cacheflush", ON(M68K), "piil", "addr,scope,cache,len" },
	{ "cacheflush", SH_ALL, "pli", "addr,len,op" },
	{ "set_thread_area", MIPS_ALL | ON(M68K), "l", "tp" },
};

/* Registers of 32 bits, by which a 64-bit value comes in two. x32 and n32 have 64-bit registers. */
static bool has_halves(enum callgate_abi abi)
{
	return abi != CALLGATE_ABI_NONE && abi_of(abi)->width == 32 &&
	       !((ON(X32) | ON(MIPS64N32) | ON(MIPSEL64N32)) >> abi & 1);
}

/* Whose calling convention begins a pair at an even register. */
static bool has_even_pairs(enum callgate_abi abi)
{
	return ((ON(ARM) | ON(PPC) | MIPS_O32) >> abi & 1) != 0;
}

static void add(struct callgate_arguments *out, char kind, const char *name, int size, const char *half)
{
	size_t count = strlen(out->kinds), used = strlen(out->names), rest = strlen(half);

	if (count == REGISTERS || used + 1 + (size_t)size + rest >= sizeof(out->names))
		return;
	out->kinds[count] = kind;
	if (count)
		out->names[used++] = ',';
	memcpy(out->names + used, name, (size_t)size);
	memcpy(out->names + used + size, half, rest + 1);
}

static void add_halves(struct callgate_arguments *out, enum callgate_abi abi, const char *name, int size)
{
	bool high_first = abi_of(abi)->big_endian;

	if (has_even_pairs(abi) && strlen(out->kinds) % 2)
		add(out, 'x', "-", 1, "");
	add(out, 'h', name, size, high_first ? "_high" : "_low");
	add(out, 'h', name, size, high_first ? "_low" : "_high");
}

/* The ABI's own order; NULL: that of most. */
static const struct own_order *own_order_of(int id, enum callgate_abi abi)
{
	const char *call = syscall_id_name(id);

	for (size_t i = 0; call && abi != CALLGATE_ABI_NONE && i < sizeof(own_orders) / sizeof(own_orders[0]); i++)
		if ((own_orders[i].abis >> abi & 1) && strcmp(own_orders[i].name, call) == 0)
			return &own_orders[i];
	return NULL;
}

/* Empty strings for an unknown id, or where the arguments are not known. abi NONE: as the table has them, one letter
 * per argument. */
static void arguments_of(int id, enum callgate_abi abi, struct callgate_arguments *out)
{
	const struct own_order *own = own_order_of(id, abi);
	const char *kinds = own ? own->kinds : syscall_args(id), *names = own ? own->names : syscall_arg_names(id);

	*out = (struct callgate_arguments){ .kinds = "" };
	for (; *kinds; kinds++) {
		size_t size = strcspn(names, ",");

		if (*kinds == '6' && has_halves(abi))
			add_halves(out, abi, names, (int)size);
		else
			add(out, *kinds, names, (int)size, "");
		names += size + (names[size] == ',');
	}
}

char argument_kind(int id, enum callgate_abi abi, unsigned index)
{
	const struct own_order *own = own_order_of(id, abi);
	const char *kinds = own ? own->kinds : syscall_args(id);
	struct callgate_arguments arguments;

	/* Without 64-bit values in two registers the letters are the registers. */
	if (!strchr(kinds, '6'))
		return index < strlen(kinds) ? kinds[index] : '\0';
	arguments_of(id, abi, &arguments);
	return index < strlen(arguments.kinds) ? arguments.kinds[index] : '\0';
}

int callgate_syscall_arguments(enum callgate_abi abi, const char *name, struct callgate_arguments *out)
{
	int id;

	if (!name || !out || !abi_of(abi))
		return CALLGATE_E_ARG;
	id = syscall_find(slice_of(name));
	if (id < 0)
		return CALLGATE_E_NOTFOUND;
	arguments_of(id, abi, out);
	return 0;
}
