/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ABI table, the words for its rows, and the ways to a row: by word, by audit architecture, by this machine. */
#include "names/abi.h"

#include <string.h>

#include "base/err.h"

/* AUDIT_ARCH_* are made of an ELF machine and these; spelled here because headers of older kernels lack some. */
#define BITS64 0x80000000u
#define LITTLE 0x40000000u
#define N32 0x20000000u

enum { LITTLE_ENDIAN_ROW = 0, BIG_ENDIAN_ROW = 1 };

static const struct abi table[CALLGATE_ABI_COUNT] = {
#define ROW(id, text, upper, goarch, guard, arch, first, bits, endian) \
	[CALLGATE_ABI_##id] = { .name = (text), \
				.oci = "SCMP_ARCH_" upper, \
				.go = (goarch), \
				.docker = (guard), \
				.audit = (arch), \
				.first_nr = (first), \
				.width = (bits), \
				.big_endian = endian##_ENDIAN_ROW }
	ROW(X86, "x86", "X86", "386", "x86", 3 | LITTLE, 0, 32, LITTLE),
	ROW(X86_64, "x86_64", "X86_64", "amd64", "amd64", 62 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(X32, "x32", "X32", NULL, "x32", 62 | BITS64 | LITTLE, X32_BIT, 32, LITTLE),
	ROW(ARM, "arm", "ARM", "arm", "arm", 40 | LITTLE, 0, 32, LITTLE),
	ROW(AARCH64, "aarch64", "AARCH64", "arm64", "arm64", 183 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(LOONGARCH64, "loongarch64", "LOONGARCH64", "loong64", "loongarch64", 258 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(M68K, "m68k", "M68K", NULL, "m68k", 4, 0, 32, BIG),
	ROW(MIPS, "mips", "MIPS", "mips", "mips", 8, 0, 32, BIG),
	ROW(MIPS64, "mips64", "MIPS64", "mips64", "mips64", 8 | BITS64, 0, 64, BIG),
	ROW(MIPS64N32, "mips64n32", "MIPS64N32", "mips64p32", "mips64n32", 8 | BITS64 | N32, 0, 32, BIG),
	ROW(MIPSEL, "mipsel", "MIPSEL", "mipsle", "mipsel", 8 | LITTLE, 0, 32, LITTLE),
	ROW(MIPSEL64, "mipsel64", "MIPSEL64", "mips64le", "mipsel64", 8 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(MIPSEL64N32, "mipsel64n32", "MIPSEL64N32", "mips64p32le", "mipsel64n32", 8 | BITS64 | LITTLE | N32, 0, 32,
	    LITTLE),
	ROW(PARISC, "parisc", "PARISC", NULL, "parisc", 15, 0, 32, BIG),
	ROW(PARISC64, "parisc64", "PARISC64", NULL, "parisc64", 15 | BITS64, 0, 64, BIG),
	ROW(PPC, "ppc", "PPC", "ppc", "ppc", 20, 0, 32, BIG),
	ROW(PPC64, "ppc64", "PPC64", "ppc64", "ppc64", 21 | BITS64, 0, 64, BIG),
	ROW(PPC64LE, "ppc64le", "PPC64LE", "ppc64le", "ppc64le", 21 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(RISCV64, "riscv64", "RISCV64", "riscv64", "riscv64", 243 | BITS64 | LITTLE, 0, 64, LITTLE),
	ROW(S390, "s390", "S390", "s390", "s390", 22, 0, 32, BIG),
	ROW(S390X, "s390x", "S390X", "s390x", "s390x", 22 | BITS64, 0, 64, BIG),
	ROW(SH, "sh", "SH", NULL, "sh", 42 | LITTLE, 0, 32, LITTLE),
	ROW(SHEB, "sheb", "SHEB", NULL, "sheb", 42, 0, 32, BIG),
#undef ROW
};

/* What uname(2) says where that is none of a row's own words. */
static const struct {
	const char *word;
	enum callgate_abi abi;
} machines[] = {
	{ "i386", CALLGATE_ABI_X86 },   { "i486", CALLGATE_ABI_X86 },     { "i586", CALLGATE_ABI_X86 },
	{ "i686", CALLGATE_ABI_X86 },   { "armv5tel", CALLGATE_ABI_ARM }, { "armv6l", CALLGATE_ABI_ARM },
	{ "armv7l", CALLGATE_ABI_ARM }, { "armv8l", CALLGATE_ABI_ARM },   { "sh4", CALLGATE_ABI_SH },
	{ "sh4a", CALLGATE_ABI_SH },    { "sh4eb", CALLGATE_ABI_SHEB },
};

const struct abi *abi_of(enum callgate_abi abi)
{
	return (int)abi >= 0 && abi < CALLGATE_ABI_COUNT ? &table[abi] : NULL;
}

/* The row whose word at this offset of struct abi is the one asked for. */
static enum callgate_abi row_with(struct slice word, size_t column)
{
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++) {
		const char *text;

		memcpy(&text, (const char *)&table[i] + column, sizeof(text));
		if (text && slice_is(word, text))
			return (enum callgate_abi)i;
	}
	return CALLGATE_ABI_NONE;
}

enum callgate_abi abi_by_oci(struct slice word)
{
	return row_with(word, offsetof(struct abi, oci));
}

enum callgate_abi abi_by_name(struct slice word)
{
	return row_with(word, offsetof(struct abi, name));
}

enum callgate_abi abi_by_docker(struct slice word)
{
	return row_with(word, offsetof(struct abi, docker));
}

static enum callgate_abi abi_by_go(struct slice word)
{
	return row_with(word, offsetof(struct abi, go));
}

static enum callgate_abi abi_by_machine(struct slice word)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (slice_is(word, machines[i].word))
			return machines[i].abi;
	return CALLGATE_ABI_NONE;
}

enum callgate_abi abi_by_word(struct slice word)
{
	/* No word means two ABIs in two vocabularies, so the order is of no matter (tests/unit/test_names.c). */
	static enum callgate_abi (*const ways[])(struct slice) = { abi_by_name, abi_by_oci, abi_by_docker, abi_by_go,
								   abi_by_machine };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		enum callgate_abi abi = ways[i](word);

		if (abi != CALLGATE_ABI_NONE)
			return abi;
	}
	return CALLGATE_ABI_NONE;
}

enum callgate_abi abi_by_audit(uint32_t audit, uint32_t nr)
{
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++) {
		if (table[i].audit != audit)
			continue;
		if (i == CALLGATE_ABI_X86_64 && (nr & X32_BIT) && nr != UINT32_MAX)
			return CALLGATE_ABI_X32;
		return (enum callgate_abi)i;
	}
	return CALLGATE_ABI_NONE;
}

enum callgate_abi abi_native(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return CALLGATE_ABI_X32;
#elif defined(__x86_64__)
	return CALLGATE_ABI_X86_64;
#elif defined(__i386__)
	return CALLGATE_ABI_X86;
#elif defined(__aarch64__)
	return CALLGATE_ABI_AARCH64;
#elif defined(__arm__)
	return CALLGATE_ABI_ARM;
#elif defined(__loongarch_lp64)
	return CALLGATE_ABI_LOONGARCH64;
#elif defined(__m68k__)
	return CALLGATE_ABI_M68K;
#elif defined(__mips__) && defined(__MIPSEB__)
	return _MIPS_SIM == _ABI64    ? CALLGATE_ABI_MIPS64
	       : _MIPS_SIM == _ABIN32 ? CALLGATE_ABI_MIPS64N32
				      : CALLGATE_ABI_MIPS;
#elif defined(__mips__)
	return _MIPS_SIM == _ABI64    ? CALLGATE_ABI_MIPSEL64
	       : _MIPS_SIM == _ABIN32 ? CALLGATE_ABI_MIPSEL64N32
				      : CALLGATE_ABI_MIPSEL;
#elif defined(__hppa64__)
	return CALLGATE_ABI_PARISC64;
#elif defined(__hppa__)
	return CALLGATE_ABI_PARISC;
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return CALLGATE_ABI_PPC64LE;
#elif defined(__powerpc64__)
	return CALLGATE_ABI_PPC64;
#elif defined(__powerpc__)
	return CALLGATE_ABI_PPC;
#elif defined(__riscv) && __riscv_xlen == 64
	return CALLGATE_ABI_RISCV64;
#elif defined(__s390x__)
	return CALLGATE_ABI_S390X;
#elif defined(__s390__)
	return CALLGATE_ABI_S390;
#elif defined(__sh__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return CALLGATE_ABI_SHEB;
#elif defined(__sh__)
	return CALLGATE_ABI_SH;
#else
#error "callgate does not know this architecture: add a row here"
#endif
}

unsigned abi_family(enum callgate_abi host, enum callgate_abi out[3])
{
	static const struct {
		enum callgate_abi abi[3];
		unsigned count;
	} families[] = {
		{ { CALLGATE_ABI_X86_64, CALLGATE_ABI_X86, CALLGATE_ABI_X32 }, 3 },
		{ { CALLGATE_ABI_X32, CALLGATE_ABI_X86_64, CALLGATE_ABI_X86 }, 3 },
		{ { CALLGATE_ABI_AARCH64, CALLGATE_ABI_ARM }, 2 },
		{ { CALLGATE_ABI_MIPS64, CALLGATE_ABI_MIPS, CALLGATE_ABI_MIPS64N32 }, 3 },
		{ { CALLGATE_ABI_MIPS64N32, CALLGATE_ABI_MIPS, CALLGATE_ABI_MIPS64 }, 3 },
		{ { CALLGATE_ABI_MIPSEL64, CALLGATE_ABI_MIPSEL, CALLGATE_ABI_MIPSEL64N32 }, 3 },
		{ { CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, CALLGATE_ABI_MIPSEL64 }, 3 },
		{ { CALLGATE_ABI_PARISC64, CALLGATE_ABI_PARISC }, 2 },
		{ { CALLGATE_ABI_PPC64, CALLGATE_ABI_PPC }, 2 },
		{ { CALLGATE_ABI_S390X, CALLGATE_ABI_S390 }, 2 },
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].abi[0] != host)
			continue;
		for (unsigned j = 0; j < families[i].count; j++)
			out[j] = families[i].abi[j];
		return families[i].count;
	}
	out[0] = host;
	return 1;
}

enum callgate_abi abi_native_narrow(void)
{
	enum callgate_abi family[3];
	unsigned count = abi_family(abi_native(), family);

	return count > 1 && table[family[0]].width == 64 ? family[1] : family[0];
}

unsigned abi_family_lxc(enum callgate_abi host, enum callgate_abi out[3])
{
	switch (host) {
	case CALLGATE_ABI_S390X:
	case CALLGATE_ABI_MIPS64N32:
	case CALLGATE_ABI_MIPSEL64N32:
		out[0] = host;
		return 1;
	case CALLGATE_ABI_RISCV64:
	case CALLGATE_ABI_M68K:
	case CALLGATE_ABI_PARISC:
	case CALLGATE_ABI_PARISC64:
	case CALLGATE_ABI_SH:
	case CALLGATE_ABI_SHEB:
		return 0;
	default:
		return abi_family(host, out);
	}
}

const char *callgate_abi_name(enum callgate_abi abi)
{
	const struct abi *row = abi_of(abi);

	return row ? row->name : NULL;
}

int callgate_abi_parse(const char *word, enum callgate_abi *out)
{
	enum callgate_abi abi;

	REQUIRE(NULL, word && out);
	abi = abi_by_word(slice_of(word));
	if (abi == CALLGATE_ABI_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = abi;
	return 0;
}

int callgate_abi_by_audit(uint32_t audit, uint32_t nr, enum callgate_abi *out)
{
	enum callgate_abi abi = abi_by_audit(audit, nr);

	REQUIRE(NULL, out);
	if (abi == CALLGATE_ABI_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = abi;
	return 0;
}
