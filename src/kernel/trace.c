/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tracing: maps made, programs attached, counts collected. */
#include "kernel/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/fd.h"
#include "names/abi.h"
#include "names/selector.h"
#include "record/recording.h"

static int make_maps(struct trace_maps *maps, struct callgate_err *err)
{
	static const struct ebpf_map tasks = { BPF_MAP_TYPE_HASH, 8, sizeof(struct trace_task), TRACE_TASKS,
					       "callgate_tasks" };
	static const struct ebpf_map calls = { BPF_MAP_TYPE_HASH, sizeof(struct trace_key), sizeof(struct trace_count),
					       TRACE_KEYS, "callgate_calls" };
	static const struct ebpf_map classes = { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct trace_class), TRACE_CLASSES,
						 "callgate_class" };
	static const struct ebpf_map spill = { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct trace_spill), 4 * TRACE_CLASSES,
					       "callgate_spill" };
	static const struct ebpf_map exes = { BPF_MAP_TYPE_HASH, 4, 16, TRACE_EXES, "callgate_exes" };
	static const struct ebpf_map seeds = { BPF_MAP_TYPE_HASH, 4, 1, TRACE_SEEDS + 1, "callgate_seeds" };
	static const struct ebpf_map lost = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, "callgate_lost" };
	int r = ebpf_map_new(&tasks, &maps->tasks, err);

	if (r == 0)
		r = ebpf_map_new(&calls, &maps->calls, err);
	if (r == 0)
		r = ebpf_map_new(&classes, &maps->classes, err);
	if (r == 0)
		r = ebpf_map_new(&spill, &maps->spill, err);
	if (r == 0)
		r = ebpf_map_new(&exes, &maps->exes, err);
	if (r == 0)
		r = ebpf_map_new(&seeds, &maps->seeds, err);
	return r < 0 ? r : ebpf_map_new(&lost, &maps->lost, err);
}

static uint32_t number_of(unsigned abi, uint32_t nr)
{
	return nr | (trace_abis[abi] == CALLGATE_ABI_X32 ? (uint32_t)X32_BIT : 0);
}

/* Only classes with arguments differ from what the kernel made of the map: zeros. */
static int fill_classes(const struct trace *trace, struct callgate_err *err)
{
	for (unsigned abi = 0; abi < TRACE_ABIS; abi++) {
		for (uint32_t nr = 0; nr < TRACE_NUMBERS; nr++) {
			uint32_t index = abi * TRACE_NUMBERS + nr;
			struct trace_class class;

			if (trace_class_init(&class, trace_abis[abi], number_of(abi, nr)) < 0)
				return err_set(err, CALLGATE_E_UNSUPPORTED,
					       "recording by tracepoints is not made for this machine");
			if (class.count && ebpf_map_put(trace->maps.classes, &index, &class) < 0)
				return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot fill a map");
		}
	}
	return 0;
}

static int load_program(const struct trace *trace, const struct trace_scope *scope, trace_build *build,
			const char *name, int *out, struct callgate_err *err)
{
	struct ebpf code = { 0 };

	build(&code, &trace->maps, scope);
	return ebpf_load(&code, name, out, err);
}

static int attach(struct trace *trace, const struct trace_scope *scope, unsigned i, struct callgate_err *err)
{
	const struct trace_program *program = &trace_programs[i];
	int r = load_program(trace, scope, program->build, program->tracepoint, &trace->programs[i], err);

	if (program->otherwise && r == 0)
		trace->sees_killed_threads = true;
	if (program->otherwise && r < 0)
		r = load_program(trace, scope, program->otherwise, program->tracepoint, &trace->programs[i], err);
	return r < 0 ? r : ebpf_attach(trace->programs[i], program->tracepoint, &trace->links[i], err);
}

int trace_add_pids(struct trace *trace, const pid_t *pids, size_t count, struct callgate_err *err)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t key = (uint32_t)pids[i];
		uint8_t yes = 1;

		if (ebpf_map_put(trace->maps.seeds, &key, &yes) < 0)
			return err_set_errno(err, CALLGATE_E_LIMIT, errno, NULL, "more than %d processes to begin with",
					     TRACE_SEEDS);
	}
	return 0;
}

int trace_start(struct trace *trace, const struct trace_scope *scope, struct callgate_err *err)
{
	const pid_t open = TRACE_OPEN;
	int r;

	memset(trace, -1, sizeof(*trace));
	trace->sees_killed_threads = false;
	r = make_maps(&trace->maps, err);
	if (r == 0)
		r = fill_classes(trace, err);
	if (r == 0)
		r = trace_add_pids(trace, &open, 1, err);
	if (r == 0)
		r = trace_add_pids(trace, scope->pids, scope->pid_count, err);
	for (unsigned i = 0; i < TRACE_PROGRAMS && r == 0; i++)
		r = attach(trace, scope, i, err);
	if (r < 0)
		trace_release(trace);
	return r;
}

/* Who ends between the program on enters and the one on ends is not taken for killed. */
void trace_stop(struct trace *trace)
{
	const uint32_t open = TRACE_OPEN;

	if (trace->maps.seeds >= 0)
		ebpf_map_remove(trace->maps.seeds, &open);
	for (unsigned i = TRACE_PROGRAMS; i-- > 0;) {
		trace->links[i] = fd_close(trace->links[i]);
		trace->programs[i] = fd_close(trace->programs[i]);
	}
}

void trace_release(struct trace *trace)
{
	int *maps[] = { &trace->maps.tasks, &trace->maps.calls, &trace->maps.classes, &trace->maps.spill,
			&trace->maps.exes,  &trace->maps.seeds, &trace->maps.lost };

	trace_stop(trace);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		*maps[i] = fd_close(*maps[i]);
}

/* ------------------------------------------------------------------ collecting */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What the kernel counts in times since boot, in times of day. Its coarse clocks move once in a tick. */
static void set_times(struct record_event *event, const struct trace_count *count)
{
	uint64_t since = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	event->count = count->count;
	event->first = count->first + since;
	event->last = event->first + (count->last_tick - count->born_tick) * (uint64_t)tick.tv_nsec;
}

/* Numbers beyond the classes keep theirs; the ABI is the class's. */
static enum callgate_abi abi_of_class(uint32_t class)
{
	uint32_t last = TRACE_ABIS * TRACE_NUMBERS;

	return trace_abis[class < last ? class / TRACE_NUMBERS : class - last];
}

static int add_counted(const struct trace *trace, const struct trace_key *key, struct callgate_record *record,
		       struct callgate_err *err)
{
	struct record_event event = { .abi = abi_of_class(key->class),
				      .nr = key->nr,
				      .phase = key->phase,
				      .answer = key->answer,
				      .data = (uint16_t)key->data };
	struct selector selectors[SELECTORS];
	unsigned count = selectors_of(event.abi, event.nr, selectors);
	struct trace_count counted;
	char exe[17] = "";

	if (ebpf_map_get(trace->maps.calls, key, &counted) < 0)
		return 0; /* it cannot go: keys are never taken out */
	for (unsigned i = 0; i < count; i++) {
		event.args[selectors[i].arg] = key->args[i];
		event.known |= (uint8_t)(1u << selectors[i].arg);
	}
	if (key->exe && ebpf_map_get(trace->maps.exes, &key->exe, exe) == 0)
		event.exe = exe;
	set_times(&event, &counted);
	return record_add(record, &event, err);
}

static int collect_calls(const struct trace *trace, struct callgate_record *record, struct callgate_err *err)
{
	struct trace_key key, next;
	bool more = ebpf_map_next(trace->maps.calls, NULL, &next) == 0;

	while (more) {
		int r;

		key = next;
		r = add_counted(trace, &key, record, err);
		if (r < 0)
			return r;
		more = ebpf_map_next(trace->maps.calls, &key, &next) == 0;
	}
	return 0;
}

/* Of calls that got no rows of their own only the bits of their arguments are left. Numbers that nothing has a name for
 * are lost. */
static int add_spilled(const struct trace_spill *spill, uint32_t index, struct callgate_record *record,
		       struct callgate_err *err)
{
	uint32_t class = index / 4;
	struct record_event event = { .abi = abi_of_class(class),
				      .phase = index / 2 % 2,
				      .answer = (enum record_answer)spill->answer,
				      .data = (uint16_t)spill->data };
	struct record_values spread[RECORD_ARGS] = { 0 };
	struct selector selectors[SELECTORS];
	struct record_row row;
	unsigned count;

	if (class >= TRACE_ABIS * TRACE_NUMBERS) {
		record->lost += spill->count.count;
		return 0;
	}
	event.nr = number_of(class / TRACE_NUMBERS, class % TRACE_NUMBERS);
	set_times(&event, &spill->count);
	row = (struct record_row){ .abi = event.abi,
				   .nr = event.nr,
				   .phase = event.phase,
				   .answer = event.answer,
				   .data = event.data,
				   .count = event.count,
				   .first = event.first,
				   .last = event.last,
				   .spread = spread };
	count = selectors_of(event.abi, event.nr, selectors);
	for (unsigned i = 0; i < count; i++) {
		uint64_t any = spill->ones[i], all = ~spill->zeros[i] & selectors[i].mask;

		spread[selectors[i].arg] = (struct record_values){ .least = all, .most = any, .any = any, .all = all };
		row.known |= (uint8_t)(1u << selectors[i].arg);
	}
	return record_add_row(record, &row, record, err);
}

static int collect_spilled(const struct trace *trace, struct callgate_record *record, struct callgate_err *err)
{
	for (uint32_t i = 0; i < 4 * TRACE_CLASSES; i++) {
		struct trace_spill spill;
		int r;

		if (ebpf_map_get(trace->maps.spill, &i, &spill) < 0)
			return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot read a map");
		r = spill.count.count ? add_spilled(&spill, i, record, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int trace_collect(const struct trace *trace, struct callgate_record *record, struct callgate_err *err)
{
	uint32_t only = 0;
	uint64_t lost = 0;
	int r = collect_calls(trace, record, err);

	if (r == 0)
		r = collect_spilled(trace, record, err);
	if (r == 0 && ebpf_map_get(trace->maps.lost, &only, &lost) == 0)
		record->lost += lost;
	return r;
}
