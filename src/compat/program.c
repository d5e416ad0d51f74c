/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Program: the rules become a policy in which the first rule decides, that a filter, and the filter a program that is
 * compared with it before anybody gets it. Exporting and loading.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/context.h"
#include "compat/kernel.h"

/* ------------------------------------------------------------------ rules for the builder */

/* The kernel never sees NOTIFY beside data; all other words are what the kernel makes of them. */
static struct callgate_action action_of(uint32_t word)
{
	return callgate_action_from_return(word);
}

static enum callgate_compare compare_of(uint8_t op)
{
	static const enum callgate_compare table[] = {
		[SCMP_CMP_NE] = CALLGATE_NE,
		[SCMP_CMP_LT] = CALLGATE_LT,
		[SCMP_CMP_LE] = CALLGATE_LE,
		[SCMP_CMP_EQ] = CALLGATE_EQ,
		[SCMP_CMP_GE] = CALLGATE_GE,
		[SCMP_CMP_GT] = CALLGATE_GT,
		[SCMP_CMP_MASKED_EQ] = CALLGATE_MASKED_EQ,
	};

	return table[op];
}

static int build_chain(struct callgate_builder *builder, const struct rules *rules, const struct call *call,
		       const struct chain *chain)
{
	struct callgate_condition conditions[ARG_COUNT];
	struct callgate_rule rule = CALLGATE_RULE_INIT;

	for (unsigned i = 0; i < ARG_COUNT; i++) {
		const struct condition *from = &chain->args[i];

		if (from->op)
			conditions[rule.condition_count++] =
				(struct callgate_condition){ i, compare_of(from->op), from->datum, from->mask };
	}
	rule.abi = rules->arch->abi;
	rule.nr = (uint32_t)call->nr;
	rule.action = action_of(chain->action);
	rule.conditions = conditions;
	rule.weight = call->priority;
	return callgate_builder_rule(builder, &rule, NULL);
}

static int build_tree(struct callgate_builder *builder, const struct rules *rules, const struct call *call)
{
	unsigned room = 0;
	int *order, count, r = 0;

	for (int at = call->first; at != RULE_NONE; at = rules->list[at].next)
		room++;
	order = malloc(room * sizeof(*order));
	if (!order)
		return CALLGATE_E_NOMEM;
	count = tree_order(&rules->tree, call->root, order, room);
	if (count < 0)
		r = CALLGATE_E_NOMEM;
	for (int i = 0; i < count && r == 0; i++) {
		struct chain chain = rules_chain(rules, order[i]);

		r = build_chain(builder, rules, call, &chain);
	}
	free(order);
	return r;
}

/* x86_64 and x32 share an architecture: a number that is the other's is never met. */
static bool is_met(const struct arch *arch, int nr)
{
	enum { X32 = 0x40000000 };

	if (arch->abi == CALLGATE_ABI_X86_64)
		return nr < X32;
	return arch->abi != CALLGATE_ABI_X32 || nr < 0 || nr >= X32;
}

static int build_rules(struct callgate_builder *builder, const struct rules *rules, bool tskip)
{
	int r = callgate_builder_abi(builder, rules->arch->abi, NULL);

	for (unsigned i = 0; i < rules->call_count && r == 0; i++) {
		const struct call *call = &rules->calls[i];

		if (!call->valid || (call->nr < 0 && !(call->nr == -1 && tskip)) || !is_met(rules->arch, call->nr))
			continue;
		if (call->plain != RULE_NONE)
			r = build_chain(builder, rules, call, &(const struct chain){ .action = call->action });
		else
			r = build_tree(builder, rules, call);
	}
	return r;
}

static int build_policy(const struct context *context, struct callgate_policy **out)
{
	struct callgate_build how = CALLGATE_BUILD_INIT;
	struct callgate_builder *builder;
	int r;

	how.name = "seccomp filter";
	how.fallback = action_of(context->attributes.act_default);
	how.unlisted = action_of(context->attributes.act_badarch);
	how.overlap = CALLGATE_OVERLAP_FIRST;
	r = callgate_builder_new(&how, &builder, NULL);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < context->filter_count && r == 0; i++)
		r = build_rules(builder, context->filters[i], context->attributes.tskip);
	if (r == 0)
		r = callgate_builder_policy(builder, out, NULL, NULL);
	callgate_builder_free(builder);
	return r;
}

/* ------------------------------------------------------------------ compiling */

static int compile(const struct context *context, struct callgate_prog **out)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_filter *filter = NULL;
	struct callgate_policy *policy;
	int r = callgate_target_host(&target, NULL);

	if (r == 0)
		r = build_policy(context, &policy);
	if (r < 0)
		return r;
	target.host = context->filters[0]->arch->abi;
	r = callgate_filter_resolve(policy, &target, &filter, NULL, NULL);
	callgate_policy_free(policy);
	if (r == 0)
		r = callgate_filter_compile(filter, out, NULL);
	callgate_filter_free(filter);
	return r;
}

/* A program for machines of the other byte order, which can only be exported. */
static void swap_words(struct program *program)
{
	for (size_t i = 0; i < program->count; i++) {
		program->words[i].code = __builtin_bswap16(program->words[i].code);
		program->words[i].k = __builtin_bswap32(program->words[i].k);
	}
}

/* The program of all rules: compiled and compared with them. 0 or a negative errno; it belongs to the context. */
static int program_of(struct context *context, const struct program **out)
{
	struct program *program = &context->program;
	struct callgate_prog *prog;
	int r;

	*out = program;
	if (program->words)
		return 0;
	r = compile(context, &prog);
	if (r < 0)
		return r == CALLGATE_E_NOMEM ? -ENOMEM : -EFAULT;
	program->count = callgate_prog_count(prog);
	program->words = malloc(program->count * sizeof(*program->words));
	if (program->words)
		memcpy(program->words, callgate_prog_instructions(prog), program->count * sizeof(*program->words));
	callgate_prog_free(prog);
	if (!program->words)
		return -ENOMEM;
	if (context->filters[0]->arch->big_endian != arch_native()->big_endian)
		swap_words(program);
	return 0;
}

int seccomp_precompute(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	const struct program *program;

	return context ? program_of(context, &program) : -EINVAL;
}

/* ------------------------------------------------------------------ exporting */

/* What the system said, or that it said something. */
static int system_error(const struct context *context, int error)
{
	return context->attributes.sysrawrc ? -error : -ECANCELED;
}

int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd)
{
	struct context *context = context_of(ctx);
	const struct program *program;
	size_t size, at = 0;
	int r;

	if (!context)
		return -EINVAL;
	r = program_of(context, &program);
	if (r < 0)
		return r;
	for (size = program->count * sizeof(*program->words); at < size;) {
		ssize_t n = write(fd, (const char *)program->words + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_error(context, errno);
		at += (size_t)n;
	}
	return 0;
}

int seccomp_export_bpf_mem(const scmp_filter_ctx ctx, void *buf, size_t *len)
{
	struct context *context = context_of(ctx);
	const struct program *program;
	size_t room, size;
	int r;

	if (!context || !len)
		return -EINVAL;
	r = program_of(context, &program);
	if (r < 0)
		return r;
	room = *len;
	size = program->count * sizeof(*program->words);
	*len = size;
	if (buf && size > room)
		return -ERANGE;
	if (buf)
		memcpy(buf, program->words, size);
	return 0;
}

int seccomp_export_pfc(const scmp_filter_ctx ctx, int fd)
{
	struct context *context = context_of(ctx);
	int r;

	if (!context)
		return -EINVAL;
	r = pfc_write(context, fd);
	return r < 0 ? system_error(context, -r) : 0;
}

/* ------------------------------------------------------------------ loading */

static unsigned load_flags(const struct context *context)
{
	const struct attributes *attributes = &context->attributes;
	bool listens = context->notifies && kernel_listener() == -1;
	unsigned flags = 0;

	if (attributes->tsync)
		flags |= SECCOMP_FILTER_FLAG_TSYNC;
	if (listens)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (attributes->tsync && kernel_listener() == -1 && kernel_takes_flag(SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	if (listens && attributes->waitkill)
		flags |= FLAG_WAIT_KILLABLE;
	if (attributes->log)
		flags |= SECCOMP_FILTER_FLAG_LOG;
	if (attributes->ssb)
		flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	return flags;
}

/* Above 0 stands a listener's descriptor, or, without TSYNC_ESRCH, a thread that did not follow. */
static int load(const struct context *context, const struct program *program)
{
	struct sock_fprog prog = { .len = (unsigned short)program->count, .filter = program->words };
	unsigned flags;
	long r;

	if (context->attributes.nnp && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (!kernel_has_call())
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 ? -errno : 0;
	flags = load_flags(context);
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0)
		return -errno;
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		kernel_set_listener((int)r);
	else if (r > 0)
		return -ESRCH;
	return 0;
}

int seccomp_load(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	const struct program *program;
	int r;

	if (!context)
		return -EINVAL;
	r = program_of(context, &program);
	if (r < 0)
		return r;
	r = load(context, program);
	if (r == 0 || r == -ESRCH)
		return r;
	return system_error(context, -r);
}
