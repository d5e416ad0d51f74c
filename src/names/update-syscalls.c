/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The maintainer's program that renews src/names/syscalls.tsv; no normal build runs it.
 *
 *   make src/names/update-syscalls
 *   src/names/update-syscalls src/names/syscalls.tsv [ABI=asm/unistd.h ...] > new.tsv
 *
 * Numbers come from the installed libseccomp, for the ABIs that it has tables of, and from kernel headers where an ABI
 * is named with one (m68k and sh: packages linux-libc-dev-m68k-cross, linux-libc-dev-sh4-cross; loongarch64 is
 * asm-generic). Both win over the file; every change is said on standard error, and a number is never taken away. A
 * name that is new gets a row with '?' in the columns that only people can fill: kernel, release, args, argnames, sets,
 * mux. The build refuses rows with a '?'. Look the first kernel up in the kernel's history and the arguments in its
 * SYSCALL_DEFINE, and derive the release by the rule on top of the table. A name that no library knows yet is written
 * into the table by hand: since 5.1 a new call has the same number everywhere, MIPS adds its base. Then `make check`:
 * tests/unit/test_syscalls.c compares the compiled table with the installed libseccomp.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/abi.h"

enum { WORDS = 7, FIELDS = WORDS + CALLGATE_ABI_COUNT, ROWS = 2000, LINE = 1024, NONE = -1, ARM_PRIVATE = 0x0f0000 };

struct row {
	char *words[WORDS]; /* name and what people fill in */
	long nr[CALLGATE_ABI_COUNT];
};

struct sheet {
	struct row rows[ROWS];
	int count;
};

static void die(const char *what, const char *about)
{
	fprintf(stderr, "update-syscalls: %s: %s\n", what, about);
	exit(1);
}

static char *copy(const char *text)
{
	char *made = strdup(text);

	if (!made)
		die("memory", strerror(errno));
	return made;
}

/* Comments go straight through: they stand on top of the table. */
static void read_sheet(struct sheet *sheet, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE];

	if (!file)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		struct row *row = &sheet->rows[sheet->count];
		char *rest = line, *field;

		if (line[0] == '#' || strncmp(line, "name\t", 5) == 0) {
			fputs(line, stdout);
			continue;
		}
		if (sheet->count == ROWS - 1)
			die(path, "too many rows");
		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < FIELDS; i++) {
			field = strsep(&rest, "\t");
			if (!field || (i == FIELDS - 1 && rest))
				die("wrong number of fields", line);
			if (i < WORDS)
				row->words[i] = copy(field);
			else
				row->nr[i - WORDS] = strcmp(field, "-") == 0 ? NONE : strtol(field, NULL, 10);
		}
		sheet->count++;
	}
	fclose(file);
}

static struct row *row_of(struct sheet *sheet, const char *name)
{
	struct row *row;

	for (int i = 0; i < sheet->count; i++)
		if (strcmp(sheet->rows[i].words[0], name) == 0)
			return &sheet->rows[i];
	if (sheet->count == ROWS - 1)
		die(name, "too many rows");
	row = &sheet->rows[sheet->count++];
	row->words[0] = copy(name);
	for (int i = 1; i < WORDS; i++)
		row->words[i] = copy("?");
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++)
		row->nr[i] = NONE;
	fprintf(stderr, "new: %s\n", name);
	return row;
}

static void put(struct sheet *sheet, const char *name, int abi, long nr)
{
	struct row *row = row_of(sheet, name);

	if (abi == CALLGATE_ABI_X32)
		nr &= ~(long)X32_BIT;
	if (row->nr[abi] != nr)
		fprintf(stderr, "%s %s: %ld -> %ld\n", abi_of((enum callgate_abi)abi)->name, name, row->nr[abi], nr);
	row->nr[abi] = nr;
}

/* Where an ABI's ordinary numbers begin. Below them the library answers too, but the kernel does not. */
static int base_of(int abi)
{
	switch (abi) {
	case CALLGATE_ABI_X32:
		return X32_BIT;
	case CALLGATE_ABI_MIPS:
	case CALLGATE_ABI_MIPSEL:
		return 4000;
	case CALLGATE_ABI_MIPS64:
	case CALLGATE_ABI_MIPSEL64:
		return 5000;
	case CALLGATE_ABI_MIPS64N32:
	case CALLGATE_ABI_MIPSEL64N32:
		return 6000;
	default:
		return 0;
	}
}

/* Both ways: by number finds the direct calls that the library hides behind socketcall and ipc, by name the second of
 * two names for one number. */
static void ask_library(struct sheet *sheet, int abi)
{
	const int ranges[][2] = { { base_of(abi), base_of(abi) + 1000 }, { ARM_PRIVATE, ARM_PRIVATE + 32 } };
	uint32_t arch = seccomp_arch_resolve_name(abi_of((enum callgate_abi)abi)->name);

	if (!arch)
		return;
	for (int i = 0; i < (abi == CALLGATE_ABI_ARM ? 2 : 1); i++) {
		for (int nr = ranges[i][0]; nr < ranges[i][1]; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(arch, nr);

			if (name)
				put(sheet, name, abi, nr);
			free(name);
		}
	}
	for (int i = 0; i < sheet->count; i++) {
		int nr = seccomp_syscall_resolve_name_arch(arch, sheet->rows[i].words[0]);

		if (nr >= 0)
			put(sheet, sheet->rows[i].words[0], abi, nr);
	}
}

/* Rows of the form `#define __NR_name 123`. */
static void read_header(struct sheet *sheet, char *argument)
{
	char *path = strchr(argument, '='), line[LINE], name[64];
	enum callgate_abi abi;
	FILE *file;
	int nr;

	if (!path)
		die(argument, "not of the form ABI=FILE");
	*path++ = '\0';
	abi = abi_by_name((struct slice){ argument, strlen(argument) });
	if (abi == CALLGATE_ABI_NONE)
		die(argument, "no such ABI");
	file = fopen(path, "r");
	if (!file)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "#define __NR_%63[a-z0-9_] %d", name, &nr) == 2)
			put(sheet, name, (int)abi, nr);
	fclose(file);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->words[0], ((const struct row *)b)->words[0]);
}

int main(int argc, char **argv)
{
	static struct sheet sheet;

	if (argc < 2)
		die("usage", "update-syscalls syscalls.tsv [ABI=asm/unistd.h ...]");
	read_sheet(&sheet, argv[1]);
	for (int i = 2; i < argc; i++)
		read_header(&sheet, argv[i]);
	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
		ask_library(&sheet, abi);
	qsort(sheet.rows, (size_t)sheet.count, sizeof(sheet.rows[0]), by_name);
	for (int i = 0; i < sheet.count; i++) {
		for (int j = 0; j < WORDS; j++)
			printf("%s%s", j ? "\t" : "", sheet.rows[i].words[j]);
		for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
			if (sheet.rows[i].nr[abi] == NONE)
				fputs("\t-", stdout);
			else
				printf("\t%ld", sheet.rows[i].nr[abi]);
		}
		putchar('\n');
	}
	return 0;
}
