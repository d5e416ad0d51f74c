/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Context: made, reset, merged and released; its architectures, attributes, rules and transactions. */
#include "compat/context.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compat/kernel.h"

struct context *context_of(scmp_filter_ctx ctx)
{
	struct context *context = ctx;

	return context && context->magic == CONTEXT_MAGIC && context->filter_count ? context : NULL;
}

/* Anything changed: what was computed is worth nothing any more. */
static void context_touch(struct context *context)
{
	free(context->program.words);
	context->program = (struct program){ 0 };
}

/* ------------------------------------------------------------------ its life */

static void release_filters(struct rules **filters, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		rules_free(filters[i]);
	free(filters);
}

static void drop_snapshot(struct context *context)
{
	struct snapshot *snapshot = context->snapshots;

	context->snapshots = snapshot->next;
	release_filters(snapshot->filters, snapshot->count);
	free(snapshot);
}

static void release_all(struct context *context)
{
	context_touch(context);
	while (context->snapshots)
		drop_snapshot(context);
	release_filters(context->filters, context->filter_count);
	context->filters = NULL;
	context->filter_count = 0;
}

static int add_arch(struct context *context, const struct arch *arch)
{
	struct rules **filters;

	if (context->filter_count && context->filters[0]->arch->big_endian != arch->big_endian)
		return -EDOM;
	filters = realloc(context->filters, (context->filter_count + 1) * sizeof(struct rules *));
	if (!filters)
		return -ENOMEM;
	context->filters = filters;
	filters[context->filter_count] = rules_new(arch);
	if (!filters[context->filter_count])
		return -ENOMEM;
	context->filter_count++;
	context_touch(context);
	return 0;
}

static int fill(struct context *context, uint32_t def_action)
{
	context->magic = CONTEXT_MAGIC;
	context->notifies = def_action == SECCOMP_RET_USER_NOTIF;
	context->attributes = (struct attributes){
		.act_default = def_action,
		.act_badarch = SECCOMP_RET_KILL_THREAD,
		.nnp = 1,
		.optimize = 1,
	};
	return add_arch(context, arch_native());
}

scmp_filter_ctx seccomp_init(uint32_t def_action)
{
	struct context *context;

	kernel_level();
	if (!kernel_takes_action(def_action))
		return NULL;
	context = calloc(1, sizeof(*context));
	if (!context)
		return NULL;
	if (fill(context, def_action) == 0)
		return context;
	seccomp_release(context);
	return NULL;
}

int seccomp_reset(scmp_filter_ctx ctx, uint32_t def_action)
{
	struct context *context = ctx;

	if (!context) {
		kernel_forget();
		kernel_level();
		return 0;
	}
	if (!kernel_takes_action(def_action))
		return -EINVAL;
	release_all(context);
	return fill(context, def_action);
}

void seccomp_release(scmp_filter_ctx ctx)
{
	struct context *context = ctx;

	if (!context)
		return;
	release_all(context);
	context->magic = 0;
	free(context);
}

/* ------------------------------------------------------------------ architectures */

static struct rules **filter_at(const struct context *context, const struct arch *arch)
{
	for (unsigned i = 0; i < context->filter_count; i++)
		if (context->filters[i]->arch == arch)
			return &context->filters[i];
	return NULL;
}

int seccomp_merge(scmp_filter_ctx ctx_dst, scmp_filter_ctx ctx_src)
{
	struct context *to = context_of(ctx_dst), *from = context_of(ctx_src);
	struct rules **filters;

	if (!to || !from)
		return -EINVAL;
	if (to->attributes.act_default != from->attributes.act_default || to->attributes.nnp != from->attributes.nnp ||
	    to->attributes.tsync != from->attributes.tsync)
		return -EINVAL;
	if (to->filters[0]->arch->big_endian != from->filters[0]->arch->big_endian)
		return -EDOM;
	for (unsigned i = 0; i < from->filter_count; i++)
		if (filter_at(to, from->filters[i]->arch))
			return -EEXIST;
	filters = realloc(to->filters, (to->filter_count + from->filter_count) * sizeof(struct rules *));
	if (!filters)
		return -ENOMEM;
	to->filters = filters;
	memcpy(filters + to->filter_count, from->filters, from->filter_count * sizeof(struct rules *));
	to->filter_count += from->filter_count;
	to->notifies |= from->notifies;
	from->filter_count = 0;
	context_touch(to);
	seccomp_release(from);
	return 0;
}

uint32_t seccomp_arch_native(void)
{
	return arch_native()->token;
}

uint32_t seccomp_arch_resolve_name(const char *arch_name)
{
	const struct arch *arch = arch_name ? arch_by_name(arch_name) : NULL;

	return arch ? arch->token : 0;
}

int seccomp_arch_exist(const scmp_filter_ctx ctx, uint32_t arch_token)
{
	const struct arch *arch = arch_by_token(arch_token);

	if (!ctx || !arch)
		return -EINVAL;
	return filter_at(ctx, arch) ? 0 : -EEXIST;
}

int seccomp_arch_add(scmp_filter_ctx ctx, uint32_t arch_token)
{
	const struct arch *arch = arch_by_token(arch_token);

	if (!ctx || !arch)
		return -EINVAL;
	return filter_at(ctx, arch) ? -EEXIST : add_arch(ctx, arch);
}

int seccomp_arch_remove(scmp_filter_ctx ctx, uint32_t arch_token)
{
	const struct arch *arch = arch_by_token(arch_token);
	struct context *context = ctx;
	struct rules **filter;

	if (!ctx || !arch)
		return -EINVAL;
	filter = filter_at(context, arch);
	if (!filter)
		return -EEXIST;
	rules_free(*filter);
	context->filter_count--;
	memmove(filter, filter + 1, (size_t)(context->filters + context->filter_count - filter) * sizeof(*filter));
	context_touch(context);
	return 0;
}

/* ------------------------------------------------------------------ attributes */

static uint32_t *attribute_at(struct attributes *attributes, enum scmp_filter_attr attr)
{
	switch (attr) {
	case SCMP_FLTATR_ACT_DEFAULT:
		return &attributes->act_default;
	case SCMP_FLTATR_ACT_BADARCH:
		return &attributes->act_badarch;
	case SCMP_FLTATR_CTL_NNP:
		return &attributes->nnp;
	case SCMP_FLTATR_CTL_TSYNC:
		return &attributes->tsync;
	case SCMP_FLTATR_API_TSKIP:
		return &attributes->tskip;
	case SCMP_FLTATR_CTL_LOG:
		return &attributes->log;
	case SCMP_FLTATR_CTL_SSB:
		return &attributes->ssb;
	case SCMP_FLTATR_CTL_OPTIMIZE:
		return &attributes->optimize;
	case SCMP_FLTATR_API_SYSRAWRC:
		return &attributes->sysrawrc;
	case SCMP_FLTATR_CTL_WAITKILL:
		return &attributes->waitkill;
	}
	return NULL;
}

int seccomp_attr_get(const scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t *value)
{
	struct context *context = context_of(ctx);
	const uint32_t *at = context ? attribute_at(&context->attributes, attr) : NULL;

	if (!at || !value)
		return -EINVAL;
	*value = *at;
	return 0;
}

/* The kernel's flag behind an attribute; 0: none is needed. */
static unsigned attribute_flag(enum scmp_filter_attr attr)
{
	switch (attr) {
	case SCMP_FLTATR_CTL_TSYNC:
		return SECCOMP_FILTER_FLAG_TSYNC;
	case SCMP_FLTATR_CTL_LOG:
		return SECCOMP_FILTER_FLAG_LOG;
	case SCMP_FLTATR_CTL_SSB:
		return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	case SCMP_FLTATR_CTL_WAITKILL:
		return FLAG_WAIT_KILLABLE;
	default:
		return 0;
	}
}

/* Before TSYNC_ESRCH the kernel could not say both a listener and a thread that did not follow. */
static bool tsync_excludes_notify(void)
{
	return !kernel_takes_flag(SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
}

static int check_attribute(const struct context *context, enum scmp_filter_attr attr, uint32_t value)
{
	unsigned flag = attribute_flag(attr);

	if (attr == SCMP_FLTATR_ACT_DEFAULT)
		return -EACCES;
	if (attr == SCMP_FLTATR_ACT_BADARCH)
		return kernel_takes_action(value) ? 0 : -EINVAL;
	if (attr == SCMP_FLTATR_CTL_OPTIMIZE)
		return value == 1 || value == 2 ? 0 : -EOPNOTSUPP;
	if (flag && !kernel_takes_flag(flag))
		return -EOPNOTSUPP;
	if (attr == SCMP_FLTATR_CTL_TSYNC && value && context->notifies && tsync_excludes_notify())
		return -EINVAL;
	return 0;
}

int seccomp_attr_set(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value)
{
	struct context *context = context_of(ctx);
	uint32_t *at = context ? attribute_at(&context->attributes, attr) : NULL;
	int r;

	if (!at)
		return -EINVAL;
	r = check_attribute(context, attr, value);
	if (r < 0)
		return r;
	*at = attr == SCMP_FLTATR_ACT_BADARCH || attr == SCMP_FLTATR_CTL_OPTIMIZE ? value : value != 0;
	context_touch(context);
	return 0;
}

/* ------------------------------------------------------------------ rules */

/* -1 is what tracers skip a call by; what is between it and the pseudo numbers is nothing. */
static bool is_call(const struct context *context, int nr)
{
	return (context->attributes.tskip && nr == -1) || nr >= 0 || nr < -99;
}

static int read_conditions(struct request *request, unsigned count, const struct scmp_arg_cmp *args)
{
	for (unsigned i = 0; i < count; i++) {
		struct condition *condition;
		bool masked = args[i].op == SCMP_CMP_MASKED_EQ;

		if (args[i].arg >= ARG_COUNT || args[i].op < SCMP_CMP_NE || args[i].op > SCMP_CMP_MASKED_EQ)
			return -EINVAL;
		condition = &request->args[args[i].arg];
		if (condition->op)
			return -EINVAL;
		condition->op = (uint8_t)args[i].op;
		condition->mask = masked ? args[i].datum_a : UINT64_MAX;
		condition->datum = masked ? args[i].datum_b : args[i].datum_a;
	}
	return 0;
}

/* On all architectures, or on none. */
static int add_everywhere(struct context *context, const struct request *request)
{
	unsigned counts[CALLGATE_ABI_COUNT];
	int first = 0;

	for (unsigned i = 0; i < context->filter_count; i++) {
		int r;

		counts[i] = context->filters[i]->rule_count;
		r = rules_add(context->filters[i], request);
		if (r < 0 && first == 0)
			first = r;
	}
	for (unsigned i = 0; first < 0 && i < context->filter_count; i++)
		if (rules_cut(context->filters[i], counts[i]) < 0)
			first = -ENOMEM;
	return first;
}

static int add_rule(struct context *context, struct request *request, unsigned count, const struct scmp_arg_cmp *args)
{
	int r;

	if (count > ARG_COUNT || (count && !args) || !context || !is_call(context, request->nr))
		return -EINVAL;
	if (!kernel_takes_action(request->action))
		return -EINVAL;
	if (request->action == SECCOMP_RET_USER_NOTIF && context->attributes.tsync && tsync_excludes_notify())
		return -EINVAL;
	if (request->action == context->attributes.act_default)
		return -EACCES;
	if (request->exact && context->filter_count > 1)
		return -EOPNOTSUPP;
	r = read_conditions(request, count, args);
	if (r == 0)
		r = add_everywhere(context, request);
	if (r == 0)
		context->notifies |= request->action == SECCOMP_RET_USER_NOTIF;
	context_touch(context);
	return r;
}

int seccomp_rule_add_array(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt,
			   const struct scmp_arg_cmp *arg_array)
{
	struct request request = { .action = action, .nr = syscall };

	return add_rule(context_of(ctx), &request, arg_cnt, arg_array);
}

int seccomp_rule_add_exact_array(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt,
				 const struct scmp_arg_cmp *arg_array)
{
	struct request request = { .action = action, .nr = syscall, .exact = true };

	return add_rule(context_of(ctx), &request, arg_cnt, arg_array);
}

/* The conditions of a call with a variable number of them. */
#define COLLECT(args, count) \
	do { \
		va_list list; \
\
		va_start(list, count); \
		for (unsigned i = 0; i < (count) && i < ARG_COUNT; i++) \
			(args)[i] = va_arg(list, struct scmp_arg_cmp); \
		va_end(list); \
	} while (0)

int seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt, ...)
{
	struct scmp_arg_cmp args[ARG_COUNT];

	if (arg_cnt > ARG_COUNT)
		return -EINVAL;
	COLLECT(args, arg_cnt);
	return seccomp_rule_add_array(ctx, action, syscall, arg_cnt, args);
}

int seccomp_rule_add_exact(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt, ...)
{
	struct scmp_arg_cmp args[ARG_COUNT];

	if (arg_cnt > ARG_COUNT)
		return -EINVAL;
	COLLECT(args, arg_cnt);
	return seccomp_rule_add_exact_array(ctx, action, syscall, arg_cnt, args);
}

static int prioritise(struct rules *rules, int nr, uint8_t priority)
{
	struct member member;

	if (!arch_translate(rules->arch, &nr))
		return arch_call(arch_native(), nr) ? 0 : -EFAULT;
	if (nr < -1) {
		member = arch_member(rules->arch, nr);
		if (!member.mux)
			return 0;
		nr = member.mux_nr;
	}
	return rules_prioritise(rules, nr, priority);
}

int seccomp_syscall_priority(scmp_filter_ctx ctx, int syscall, uint8_t priority)
{
	struct context *context = context_of(ctx);
	int first = 0;

	if (!context || !is_call(context, syscall))
		return -EINVAL;
	for (unsigned i = 0; i < context->filter_count; i++) {
		int r = prioritise(context->filters[i], syscall, priority);

		if (r < 0 && first == 0)
			first = r;
	}
	context_touch(context);
	return first;
}

/* ------------------------------------------------------------------ transactions */

int seccomp_transaction_start(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	struct snapshot *snapshot;
	bool good = true;

	if (!context)
		return -EINVAL;
	snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return -ENOMEM;
	snapshot->filters = calloc(context->filter_count, sizeof(struct rules *));
	snapshot->count = snapshot->filters ? context->filter_count : 0;
	for (unsigned i = 0; i < snapshot->count; i++) {
		snapshot->filters[i] = rules_copy(context->filters[i]);
		good &= snapshot->filters[i] != NULL;
	}
	snapshot->next = context->snapshots;
	context->snapshots = snapshot;
	if (good && snapshot->count)
		return 0;
	drop_snapshot(context);
	return -ENOMEM;
}

int seccomp_transaction_commit(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);

	if (!context || !context->snapshots)
		return -EINVAL;
	drop_snapshot(context);
	return 0;
}

void seccomp_transaction_reject(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	struct snapshot *snapshot = context ? context->snapshots : NULL;

	if (!snapshot)
		return;
	release_filters(context->filters, context->filter_count);
	context->filters = snapshot->filters;
	context->filter_count = snapshot->count;
	context->snapshots = snapshot->next;
	free(snapshot);
	context_touch(context);
}
