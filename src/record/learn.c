/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a record to a profile: names in groups by topic, with counts; conditions where a selector matters and had few
 * values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "names/abi.h"
#include "names/selector.h"
#include "names/syscall.h"
#include "record/learn.h"
#include "record/recording.h"
#include "record/region.h"

enum { CONDITIONS = RECORD_COMBINATIONS, TOPIC_SIZE = 32 };

/* Arguments that become conditions, and the bits of them that do. clone's flags: its namespaces only, so that threads,
 * forks and vforks need not all have been seen. The others of the table of selectors are for people and for covers. */
static const struct learned {
	const char *name;
	uint8_t arg;
	uint64_t mask;
} conditional[] = {
	{ "arch_prctl", 0, UINT64_MAX }, { "bpf", 0, UINT64_MAX },         { "clone", 0, 0x7e020000 },
	{ "ioctl", 1, UINT64_MAX },      { "keyctl", 0, UINT64_MAX },      { "mknod", 1, 0170000 },
	{ "mknodat", 2, 0170000 },       { "personality", 0, UINT64_MAX }, { "prctl", 0, UINT64_MAX },
	{ "ptrace", 0, UINT64_MAX },     { "seccomp", 0, UINT64_MAX },     { "setns", 1, UINT64_MAX },
	{ "socket", 0, UINT64_MAX },     { "socketpair", 0, UINT64_MAX },  { "unshare", 0, UINT64_MAX },
};

/* Everything that is known of a name, over all ABIs. */
struct wish {
	int id;
	bool wanted, is_denied, is_runtime; /* the last two: nothing but that was seen */
	bool is_kernels;                    /* not seen: the kernel makes a process call it */
	bool is_open;                       /* some of its arguments are not known */
	uint64_t count;
	unsigned value_count;
	uint64_t values[CONDITIONS];
};

struct learner {
	const struct callgate_record *record;
	const struct callgate_learn *how;
	struct wish *wishes; /* by the name's row in the table */
	bool abis[CALLGATE_ABI_COUNT];
	struct region_check within, base;
	struct callgate_err *err;
};

static const struct learned *learned_of(const char *name)
{
	for (size_t i = 0; i < sizeof(conditional) / sizeof(conditional[0]); i++)
		if (strcmp(conditional[i].name, name) == 0)
			return &conditional[i];
	return NULL;
}

/* ------------------------------------------------------------------ gathering */

static void add_value(struct wish *wish, uint64_t value)
{
	for (unsigned i = 0; i < wish->value_count; i++)
		if (wish->values[i] == value)
			return;
	if (wish->value_count == CONDITIONS)
		wish->is_open = true;
	else
		wish->values[wish->value_count++] = value;
}

static void add_values(struct wish *wish, const struct learned *learned, const struct record_row *row, unsigned index)
{
	const struct record_values *spread = row->spread ? &row->spread[learned->arg] : NULL;
	unsigned known = spread ? row->known : row->combinations[index].known;

	if (!(known >> learned->arg & 1)) {
		wish->is_open = true;
	} else if (!spread) {
		add_value(wish, row->combinations[index].args[learned->arg] & learned->mask);
	} else if (spread->count) {
		for (unsigned i = 0; i < spread->count; i++)
			add_value(wish, spread->values[i] & learned->mask);
	} else if ((spread->any & learned->mask) == (spread->all & learned->mask)) {
		add_value(wish, spread->any & learned->mask);
	} else {
		wish->is_open = true;
	}
}

/* False through *take: it is covered already, or beyond the limit. */
static int consider(struct learner *learner, const struct record_row *row, unsigned index, bool *take)
{
	struct callgate_uncovered told;
	uint64_t args[RECORD_ARGS];
	bool permitted = false;
	int r = 0;

	*take = true;
	if (learner->base.filter) {
		r = region_check(&learner->base, row, index, &permitted, args, learner->err);
		*take = !permitted;
	}
	if (r < 0 || !*take || !learner->within.filter)
		return r;
	r = region_check(&learner->within, row, index, take, args, learner->err);
	if (r < 0 || *take)
		return r;
	region_tell(learner->within.filter, row, index, args, &told);
	if (learner->how->left_out)
		learner->how->left_out(learner->how->data, &told);
	return 0;
}

static int gather_row(struct learner *learner, const struct record_row *row)
{
	int id = syscall_by_nr(row->abi, row->nr);
	const struct learned *learned;
	struct wish *wish;

	/* A number without a name is one that no profile can allow; covers tells of it. */
	if (id == SYSCALL_NONE ||
	    (row->phase == CALLGATE_PHASE_RUNTIME && learner->how->load == CALLGATE_LEARN_AT_EXEC))
		return 0;
	wish = &learner->wishes[id];
	learned = learner->how->args == CALLGATE_LEARN_ARGS_NONE ? NULL : learned_of(syscall_id_name(id));
	for (unsigned i = 0; i < region_count(row); i++) {
		bool take, first = !wish->wanted;
		int r = consider(learner, row, i, &take);

		if (r < 0)
			return r;
		if (!take)
			continue;
		wish->wanted = true;
		wish->id = id;
		wish->count += region_calls(row, i);
		wish->is_denied =
			(first || wish->is_denied) && (row->answer == RECORD_ERRNO || row->answer == RECORD_SIGSYS);
		wish->is_runtime = (first || wish->is_runtime) && row->phase == CALLGATE_PHASE_RUNTIME;
		if (learned)
			add_values(wish, learned, row, i);
		learner->abis[row->abi] = true;
	}
	return 0;
}

/* ------------------------------------------------------------------ wanted without having been seen */

/* Whether the limit permits it on all ABIs, whatever its arguments are; with only_zero: where the first one is 0. */
static int within_permits(struct learner *learner, int id, bool only_zero, bool *out)
{
	struct record_row row = { .combination_count = 1, .combinations = { { .known = only_zero ? 1 : 0 } } };
	uint64_t args[RECORD_ARGS];
	int r = 0;

	*out = true;
	for (unsigned abi = 0; abi < CALLGATE_ABI_COUNT && learner->within.filter && *out && r == 0; abi++) {
		int64_t nr = syscall_nr(id, (enum callgate_abi)abi);

		row.abi = (enum callgate_abi)abi;
		row.nr = (uint32_t)nr;
		if (learner->abis[abi] && nr != SYSCALL_NONE)
			r = region_check(&learner->within, &row, 0, out, args, learner->err);
	}
	return r;
}

/* Beyond the limit it keeps the arguments that were seen, or gets clone's flags without namespaces, or is left out. */
static int add_unseen(struct learner *learner, int id, struct wish wish)
{
	struct wish *known = &learner->wishes[id];
	const struct learned *learned = learned_of(syscall_id_name(id));
	bool permitted, has_mask = learned && learned->mask != UINT64_MAX;
	int r = within_permits(learner, id, false, &permitted);

	wish.id = id;
	wish.wanted = wish.is_open = true;
	if (r == 0 && permitted) {
		known->is_open = true;
		*known = known->wanted ? *known : wish;
	} else if (r == 0 && !known->wanted && has_mask) {
		r = within_permits(learner, id, true, &permitted);
		wish.is_open = false;
		wish.value_count = 1;
		*known = r == 0 && permitted ? wish : *known;
	}
	return r;
}

/* What comes between loading the profile and the program. */
static int add_runtime(struct learner *learner)
{
	const char *const *names = learn_runtime_names();
	int r = 0;

	for (; *names && r == 0; names++) {
		int id = syscall_find(slice_of(*names));

		if (id != SYSCALL_NONE)
			r = add_unseen(learner, id, (struct wish){ .is_runtime = true });
	}
	return r;
}

static bool is_wanted(const struct learner *learner, const char *name)
{
	int id = syscall_find(slice_of(name));

	return id != SYSCALL_NONE && learner->wishes[id].wanted && !learner->wishes[id].is_denied;
}

/* Whether a process was stopped or a signal came while it was recorded is chance. */
static int add_kernels(struct learner *learner)
{
	const struct learn_consequence *row = learn_consequences();
	int r = 0;

	for (; row->call && r == 0; row++) {
		int id = syscall_find(slice_of(row->makes));

		if (is_wanted(learner, row->call) && id != SYSCALL_NONE && !learner->wishes[id].wanted)
			r = add_unseen(learner, id, (struct wish){ .is_kernels = true });
	}
	return r;
}

static int add_twins(struct learner *learner)
{
	int r = 0;

	for (int id = 0; id < syscall_count() && r == 0; id++) {
		const char *const *names = learn_twins(syscall_id_name(id));

		for (; names && *names && learner->wishes[id].wanted && !learner->wishes[id].is_denied && r == 0;
		     names++) {
			int twin = syscall_find(slice_of(*names));

			if (twin != SYSCALL_NONE && !learner->wishes[twin].wanted)
				r = add_unseen(learner, twin, (struct wish){ 0 });
		}
	}
	return r;
}

static int add_all_unseen(struct learner *learner)
{
	const struct callgate_learn *how = learner->how;
	int r = 0;

	if (how->load == CALLGATE_LEARN_BEFORE_EXEC && !learner->base.filter)
		r = add_runtime(learner);
	if (r == 0 && how->twins == CALLGATE_LEARN_TWINS)
		r = add_twins(learner);
	if (r == 0 && !learner->base.filter)
		r = add_kernels(learner);
	return r;
}

/* ------------------------------------------------------------------ writing */

static bool is_conditional(const struct wish *wish)
{
	return wish->value_count && !wish->is_open;
}

static void topic_of(const struct wish *wish, char topic[TOPIC_SIZE])
{
	const char *sets = syscall_sets(wish->id);
	size_t size = strcspn(sets, ",");

	snprintf(topic, TOPIC_SIZE, "%.*s", (int)(size < TOPIC_SIZE ? size : TOPIC_SIZE - 1), size ? sets : "other");
	if (wish->is_runtime)
		strcpy(topic, "container runtime");
	if (wish->is_kernels)
		strcpy(topic, "signals and stops");
	if (wish->is_denied)
		strcpy(topic, "denied when recorded");
}

static void begin_rule(struct text *text)
{
	text_add(text, "%s\n\t\t{", text->size ? "," : "");
}

static void end_rule(struct text *text, const char *topic, uint64_t count)
{
	text_add(text, ",\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\",\n\t\t\t\"comment\": \"%s: ", topic);
	if (count)
		text_add(text, "recorded %llu time%s", (unsigned long long)count, count == 1 ? "" : "s");
	else
		text_add(text, "not recorded, but needed");
	text_add(text, "\"\n\t\t}");
}

static void add_group(struct text *text, const struct learner *learner, const char *topic)
{
	uint64_t count = 0;
	unsigned names = 0;

	for (int id = 0; id < syscall_count(); id++) {
		const struct wish *wish = &learner->wishes[id];
		char its[TOPIC_SIZE];

		if (!wish->wanted || is_conditional(wish))
			continue;
		topic_of(wish, its);
		if (strcmp(its, topic) != 0)
			continue;
		if (!names)
			begin_rule(text);
		text_add(text, "%s", names++ ? ", " : "\n\t\t\t\"names\": [");
		text_add_json(text, syscall_id_name(id));
		count += wish->count;
	}
	if (names) {
		text_add(text, "]");
		end_rule(text, topic, count);
	}
}

static void add_condition(struct text *text, const struct learned *learned, uint64_t value)
{
	text_add(text, ",\n\t\t\t\"args\": [{ \"index\": %u, ", learned->arg);
	if (learned->mask == UINT64_MAX)
		text_add(text, "\"value\": %llu, \"op\": \"SCMP_CMP_EQ\" }]", (unsigned long long)value);
	else
		text_add(text, "\"value\": %llu, \"valueTwo\": %llu, \"op\": \"SCMP_CMP_MASKED_EQ\" }]",
			 (unsigned long long)learned->mask, (unsigned long long)value);
}

static void add_conditional(struct text *text, const struct learner *learner)
{
	for (int id = 0; id < syscall_count(); id++) {
		const struct wish *wish = &learner->wishes[id];
		const struct learned *learned;
		char topic[TOPIC_SIZE];

		if (!wish->wanted || !is_conditional(wish))
			continue;
		learned = learned_of(syscall_id_name(id));
		topic_of(wish, topic);
		for (unsigned i = 0; learned && i < wish->value_count; i++) {
			begin_rule(text);
			text_add(text, "\n\t\t\t\"names\": [\"%s\"]", syscall_id_name(id));
			add_condition(text, learned, wish->values[i]);
			end_rule(text, topic, wish->count);
		}
	}
}

/* Groups in the order in which their first name stands in the table. */
static void add_rules(struct text *text, const struct learner *learner)
{
	char done[32][TOPIC_SIZE];
	unsigned count = 0;

	for (int id = 0; id < syscall_count(); id++) {
		char topic[TOPIC_SIZE];
		unsigned i = 0;

		if (!learner->wishes[id].wanted || is_conditional(&learner->wishes[id]))
			continue;
		topic_of(&learner->wishes[id], topic);
		while (i < count && strcmp(done[i], topic) != 0)
			i++;
		if (i < count || count == sizeof(done) / sizeof(done[0]))
			continue;
		strcpy(done[count++], topic);
		add_group(text, learner, topic);
	}
	add_conditional(text, learner);
}

static void add_new(struct text *text, const struct learner *learner, const struct text *rules)
{
	const char *comma = "";
	bool any = false;

	for (unsigned abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
		any |= learner->abis[abi];
	text_add(text,
		 "{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"defaultErrnoRet\": 1,\n\t\"architectures\": [");
	for (unsigned abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		if (!learner->abis[abi] && (any || abi != (unsigned)abi_native()))
			continue;
		text_add(text, "%s\"%s\"", comma, abi_of((enum callgate_abi)abi)->oci);
		comma = ", ";
	}
	text_add(text, "],\n\t\"syscalls\": [");
	text_add_bytes(text, rules->bytes, rules->size);
	text_add(text, "\n\t]\n}\n");
}

static int write_profile(const struct learner *learner, struct text *out)
{
	struct text rules = { 0 };
	int r = 0;

	add_rules(&rules, learner);
	if (learner->how->base)
		r = learn_widen(learner->how->base, learner->how->base_size, &rules, out, learner->err);
	else
		add_new(out, learner, &rules);
	if (rules.failed && r == 0)
		r = err_nomem(learner->err);
	text_release(&rules);
	return r;
}

/* ------------------------------------------------------------------ the whole */

static int start_checks(struct learner *learner)
{
	const struct callgate_learn *how = learner->how;
	int r = 0;

	if (how->within)
		r = region_check_start(&learner->within, how->within, learner->err);
	if (r == 0 && how->base_filter)
		r = region_check_start(&learner->base, how->base_filter, learner->err);
	return r;
}

static int learn(struct learner *learner, char **out, size_t *size)
{
	struct text text = { 0 };
	int r = start_checks(learner);

	for (size_t i = 0; i < learner->record->count && r == 0; i++)
		r = gather_row(learner, &learner->record->rows[i]);
	if (r == 0)
		r = add_all_unseen(learner);
	if (r < 0)
		return r;
	r = write_profile(learner, &text);
	if (r < 0) {
		text_release(&text);
		return r;
	}
	return text_take(&text, out, size, learner->err);
}

int callgate_record_learn(const struct callgate_record *record, const struct callgate_learn *how, char **out,
			  size_t *size, struct callgate_err *err)
{
	static const struct callgate_learn usual = { 0 };
	struct learner learner = { .record = record, .how = how ? how : &usual, .err = err };
	int r;

	if (!record || !out || !size || !learner.how->base != !learner.how->base_filter)
		return err_missing(err);
	learner.wishes = calloc((size_t)syscall_count(), sizeof(*learner.wishes));
	r = learner.wishes ? learn(&learner, out, size) : err_nomem(err);
	region_check_release(&learner.within);
	region_check_release(&learner.base);
	free(learner.wishes);
	return r;
}
