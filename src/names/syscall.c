/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-ups in the table of system calls, which syscalls.awk lays out from syscalls.tsv. */
#include "names/syscall.h"

#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/words.h"

struct row {
	uint16_t name, args, arg_names, sets; /* offsets into blob */
	uint16_t kernel;
	uint8_t mux, selector; /* the multiplexer that has it as a member: 0 none, 1 socketcall, 2 ipc */
	uint32_t release;
};

/* One per set of numbers: ABIs that differ only in byte order share one. */
struct column {
	const uint16_t *numbers; /* per row, packed */
	const uint16_t *order;   /* rows by number */
	uint16_t count;
};

#include "names/syscall_table.h"

/* ARM's private calls sit at 0xf0000: the only numbers that 16 bits do not hold. */
enum { EMPTY = 0xffff, PACKED_PRIVATE = 0xf000, PRIVATE = 0x0f0000 };

static uint32_t hash_of(struct slice name)
{
	uint32_t h = 0;

	for (size_t i = 0; i < name.size; i++)
		h = h * 31 + (unsigned char)name.at[i];
	h %= 1048576; /* what syscalls.awk, whose numbers are no integers, can compute */
	return (h + h / TABLE_SLOTS) % TABLE_SLOTS;
}

int syscall_find(struct slice name)
{
	if (name.size == 0 || name.size > TABLE_LONGEST)
		return SYSCALL_NONE;
	/* Half of the slots are empty, so this ends. */
	for (uint32_t slot = hash_of(name); hash_slots[slot] != EMPTY; slot = (slot + 1) % TABLE_SLOTS)
		if (slice_is(name, blob + rows[hash_slots[slot]].name))
			return hash_slots[slot];
	return SYSCALL_NONE;
}

static const struct row *row_of(int id)
{
	return id >= 0 && id < TABLE_ROWS ? &rows[id] : NULL;
}

static const struct column *column_for(enum callgate_abi abi)
{
	return (unsigned)abi < CALLGATE_ABI_COUNT ? &columns[column_of[abi]] : NULL;
}

static uint32_t unpack(uint16_t packed, enum callgate_abi abi)
{
	uint32_t nr = packed < PACKED_PRIVATE ? packed : packed - PACKED_PRIVATE + 0u + PRIVATE;

	return abi == CALLGATE_ABI_X32 ? nr | X32_BIT : nr;
}

const char *syscall_id_name(int id)
{
	const struct row *row = row_of(id);

	return row ? blob + row->name : NULL;
}

int syscall_count(void)
{
	return TABLE_ROWS;
}

int64_t syscall_nr(int id, enum callgate_abi abi)
{
	const struct column *column = column_for(abi);

	if (!row_of(id) || !column || column->numbers[id] == EMPTY)
		return SYSCALL_NONE;
	return unpack(column->numbers[id], abi);
}

int syscall_by_nr(enum callgate_abi abi, uint32_t nr)
{
	const struct column *column = column_for(abi);
	int low = 0, high, middle;

	if (!column)
		return SYSCALL_NONE;
	high = column->count;
	/* Most tables begin without a gap: a number's first place to look at is the number itself. */
	middle = nr - abi_of(abi)->first_nr < (uint32_t)high ? (int)(nr - abi_of(abi)->first_nr) : high / 2;
	for (; low < high; middle = low + (high - low) / 2) {
		int id = column->order[middle];
		uint32_t here = unpack(column->numbers[id], abi);

		if (here == nr)
			return id;
		if (here < nr)
			low = middle + 1;
		else
			high = middle;
	}
	return SYSCALL_NONE;
}

uint32_t syscall_max_nr(enum callgate_abi abi)
{
	const struct column *column = column_for(abi);

	return column ? unpack(column->numbers[column->order[column->count - 1]], abi) : 0;
}

uint16_t syscall_first_kernel(int id)
{
	const struct row *row = row_of(id);

	return row ? row->kernel : 0;
}

bool syscall_in_release(int id, uint32_t release)
{
	const struct row *row = row_of(id);

	return row && (release == 0 || row->release <= release);
}

/* The members of a multiplexer by selector; NULL when the row is none. */
static const uint16_t *members_of(int mux, uint32_t *count)
{
	switch (mux) {
	case ROW_SOCKETCALL:
		*count = sizeof(members_socketcall) / sizeof(members_socketcall[0]);
		return members_socketcall;
	case ROW_IPC:
		*count = sizeof(members_ipc) / sizeof(members_ipc[0]);
		return members_ipc;
	default:
		return NULL;
	}
}

int syscall_mux_member(int mux, uint32_t selector)
{
	uint32_t count;
	const uint16_t *members = members_of(mux, &count);

	return members && selector < count && members[selector] != EMPTY ? members[selector] : SYSCALL_NONE;
}

bool syscall_behind_mux(int id, enum callgate_abi abi, int *mux, uint32_t *selector)
{
	static const int muxes[] = { SYSCALL_NONE, ROW_SOCKETCALL, ROW_IPC };
	const struct row *row = row_of(id);

	if (!row || !row->mux || syscall_nr(muxes[row->mux], abi) == SYSCALL_NONE)
		return false;
	*mux = muxes[row->mux];
	*selector = row->selector;
	return true;
}

const char *syscall_args(int id)
{
	const struct row *row = row_of(id);

	return row ? blob + row->args : "";
}

const char *syscall_arg_names(int id)
{
	const struct row *row = row_of(id);

	return row ? blob + row->arg_names : "";
}

const char *syscall_sets(int id)
{
	const struct row *row = row_of(id);

	return row ? blob + row->sets : "";
}

const char *syscall_nearest(struct slice name)
{
	struct near near;

	/* People copy these from headers and from the kernel's sources. */
	if (name.size > 4 && memcmp(name.at, "sys_", 4) == 0)
		name = (struct slice){ name.at + 4, name.size - 4 };
	else if (name.size > 5 && memcmp(name.at, "__NR_", 5) == 0)
		name = (struct slice){ name.at + 5, name.size - 5 };
	near = near_start(name);
	for (int i = 0; i < TABLE_ROWS; i++)
		near_offer(&near, blob + rows[i].name);
	return near.found;
}

int callgate_syscall_number(enum callgate_abi abi, const char *name, uint32_t *out)
{
	int64_t nr;

	REQUIRE(NULL, name && out && abi_of(abi));
	nr = syscall_nr(syscall_find(slice_of(name)), abi);
	if (nr == SYSCALL_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = (uint32_t)nr;
	return 0;
}

const char *callgate_syscall_name(enum callgate_abi abi, uint32_t nr)
{
	return syscall_id_name(syscall_by_nr(abi, nr));
}

const char *callgate_syscall_nearest(const char *name)
{
	return name ? syscall_nearest(slice_of(name)) : NULL;
}

int callgate_syscall_info(const char *name, struct callgate_syscall_info *out)
{
	int id;

	REQUIRE(NULL, name && out);
	id = syscall_find(slice_of(name));
	if (id < 0)
		return CALLGATE_E_NOTFOUND;
	*out = (struct callgate_syscall_info){
		.name = syscall_id_name(id),
		.kernel_major = syscall_first_kernel(id) >> 8,
		.kernel_minor = syscall_first_kernel(id) & 0xff,
		.arg_kinds = syscall_args(id),
		.arg_names = syscall_arg_names(id),
		.sets = syscall_sets(id),
	};
	return 0;
}

int callgate_syscall_mux(enum callgate_abi abi, const char *name, const char **mux, uint32_t *selector)
{
	int id, through;

	REQUIRE(NULL, name && mux && selector);
	id = syscall_find(slice_of(name));
	if (id < 0 || !abi_of(abi) || !syscall_behind_mux(id, abi, &through, selector))
		return CALLGATE_E_NOTFOUND;
	*mux = syscall_id_name(through);
	return 0;
}
