/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding an instruction that makes a system call, in the memory of a stopped task. */
#include "kernel/call_insn.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/maps.h"
#include "kernel/tracee.h"

enum { CHUNK = 1 << 16, SCAN_LIMIT = 16 << 20 };

struct scan {
	pid_t tid;
	uint64_t ip;
	struct regs_insn insn;
	unsigned char *chunk;
	size_t left;
	uint64_t found;
};

/* The first instruction in the chunk, which was read from address. Not the one that the task stands before: a kernel
 * that is going to restart a call there (aarch64 with a call that has a time limit) puts a number of its own in place
 * of ours. */
static bool scan_chunk(const struct scan *scan, uint64_t address, size_t size, uint64_t *found)
{
	const unsigned char *at = scan->chunk, *end = scan->chunk + size;

	while ((at = memmem(at, (size_t)(end - at), scan->insn.bytes, scan->insn.size))) {
		*found = address + (uint64_t)(at - scan->chunk);
		if (*found != scan->ip && *found % scan->insn.align == 0)
			return true;
		at++;
	}
	return false;
}

static int scan_visit(const struct mapping *mapping, void *data)
{
	struct scan *scan = data;
	uint64_t at = mapping->first;

	if (!mapping->execute || !mapping->read)
		return 0;
	while (at < mapping->last && scan->left) {
		size_t size = mapping->last - at < CHUNK ? (size_t)(mapping->last - at) : CHUNK;

		if (tracee_read(scan->tid, at, scan->chunk, size, NULL) < 0)
			return 0; /* not readable after all, [vsyscall] for one */
		if (scan_chunk(scan, at, size, &scan->found))
			return 1;
		scan->left -= size > scan->left ? scan->left : size;
		if (size < CHUNK)
			return 0;
		at += CHUNK - (scan->insn.size - scan->insn.align);
	}
	return 0;
}

static bool insn_at(pid_t tid, uint64_t address, const struct regs_insn *insn)
{
	unsigned char bytes[4];

	return tracee_read(tid, address, bytes, insn->size, NULL) == 0 && memcmp(bytes, insn->bytes, insn->size) == 0;
}

/* 1: found. */
static int scan_for(pid_t tid, uint64_t ip, const struct regs_insn *insn, struct call_insn *out,
		    struct callgate_err *err)
{
	struct scan scan = { .tid = tid, .ip = ip, .insn = *insn, .left = SCAN_LIMIT };
	int r;

	scan.chunk = malloc(CHUNK);
	if (!scan.chunk)
		return err_nomem(err);
	r = maps_walk(tid, scan_visit, &scan, err);
	free(scan.chunk);
	if (r > 0)
		*out = (struct call_insn){ .address = scan.found, .mode = insn->mode, .is_next = out->is_next };
	return r;
}

int call_insn_find(pid_t tid, const struct regs *regs, struct call_insn *out, struct callgate_err *err)
{
	uint64_t ip = regs_ip(regs);
	struct regs_insn insns[2];
	unsigned count = regs_call_insns(regs, insns);
	int r = 0;

	*out = (struct call_insn){ .is_next = count && insn_at(tid, ip, &insns[0]) };
	if (count && insn_at(tid, ip - insns[0].size, &insns[0])) {
		out->address = ip - insns[0].size;
		out->mode = insns[0].mode;
		return 0;
	}
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = scan_for(tid, ip, &insns[i], out, err);
	if (r == 0 && out->is_next) { /* its only one; who makes a call sees whether the kernel lets us */
		out->address = ip;
		out->mode = insns[0].mode;
		return 0;
	}
	if (r == 0)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld has no instruction that makes a system call",
			       (long)tid);
	return r < 0 ? r : 0;
}
