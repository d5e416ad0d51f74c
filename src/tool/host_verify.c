/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, verified: what the containers of a machine run under, against what their hooks recorded. Containers share
 * profiles and filters: each profile is resolved once, and compared once with each stack of filters. */
#include <stdlib.h>
#include <string.h>

#include "tool/host.h"

struct resolved {
	const struct host_record *record; /* the first one with this profile and these capabilities */
	struct callgate_filter *filter;   /* NULL: it cannot be resolved, and has been reported */
	char digest[65];
	unsigned char *verdicts; /* by stack: a verdict and 1; 0: not compared yet */
};

struct host_verifier {
	const struct options *options;
	struct host *host;
	struct resolved *list;
	size_t count;
	const struct host_unit *base_of; /* whose first process's stack base is; -1: it is unknown */
	long base;
};

const char *host_verdict_name(enum host_verdict verdict)
{
	static const char *const words[] = {
		[HOST_EXACT] = "exact",         [HOST_ADAPTED] = "adapted",      [HOST_STRICTER] = "stricter",
		[HOST_DIFFERENT] = "different", [HOST_NOT_TOLD] = "cannot tell", [HOST_WEAKER] = "weaker",
		[HOST_NONE] = "none",
	};

	return words[verdict];
}

struct host_verifier *host_verifier_new(const struct options *options, struct host *host)
{
	struct host_verifier *verifier = calloc(1, sizeof(*verifier));

	if (!verifier) {
		report("out of memory");
		return NULL;
	}
	verifier->options = options;
	verifier->host = host;
	return verifier;
}

struct host_verifier *host_verifier_free(struct host_verifier *verifier)
{
	for (size_t i = 0; verifier && i < verifier->count; i++) {
		callgate_filter_free(verifier->list[i].filter);
		free(verifier->list[i].verdicts);
	}
	if (verifier)
		free(verifier->list);
	free(verifier);
	return NULL;
}

void host_verifier_cleanup(struct host_verifier **verifier)
{
	*verifier = host_verifier_free(*verifier);
}

static void resolve(const struct host_verifier *verifier, struct resolved *resolved)
{
	struct options options = *verifier->options;

	options.target.caps = resolved->record->caps;
	if (profile_resolve(&options, resolved->record->profile, &resolved->filter) != EXIT_YES ||
	    callgate_filter_digest(resolved->filter, resolved->digest, NULL) < 0) {
		callgate_filter_free(resolved->filter);
		resolved->filter = NULL;
	}
}

/* NULL: out of memory, after a message. */
static struct resolved *resolved_for(struct host_verifier *verifier, const struct host_record *record)
{
	struct resolved *grown, *resolved;
	size_t stacks = verifier->host->witness ? callgate_witness_stacks(verifier->host->witness) : 0;

	for (size_t i = 0; i < verifier->count; i++)
		if (verifier->list[i].record->caps == record->caps &&
		    strcmp(verifier->list[i].record->profile, record->profile) == 0)
			return &verifier->list[i];
	grown = reallocarray(verifier->list, verifier->count + 1, sizeof(*grown));
	if (!grown) {
		report("out of memory");
		return NULL;
	}
	verifier->list = grown;
	resolved = &grown[verifier->count++];
	*resolved = (struct resolved){ .record = record, .verdicts = calloc(stacks + 1, 1) };
	if (resolved->verdicts)
		resolve(verifier, resolved);
	return resolved;
}

static enum host_verdict verdict_of(enum callgate_verdict verdict)
{
	switch (verdict) {
	case CALLGATE_EXACT:
		return HOST_EXACT;
	case CALLGATE_STRICTER:
		return HOST_STRICTER;
	case CALLGATE_DIFFERENT:
		return HOST_DIFFERENT;
	case CALLGATE_NONE:
		return HOST_NONE;
	default:
		return HOST_WEAKER;
	}
}

static enum host_verdict compare(struct host_verifier *verifier, const struct resolved *resolved, size_t stack)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_verdict verdict;

	if (callgate_witness_verdict(verifier->host->witness, stack, resolved->filter, &verdict, &err) < 0)
		return HOST_NOT_TOLD;
	return verdict_of(verdict);
}

static enum host_verdict verdict_of_stack(struct host_verifier *verifier, const struct host_unit *unit,
					  struct resolved *resolved, size_t stack)
{
	enum host_verdict verdict;

	if (!resolved->verdicts[stack])
		resolved->verdicts[stack] = (unsigned char)(1 + compare(verifier, resolved, stack));
	verdict = (enum host_verdict)(resolved->verdicts[stack] - 1);
	if ((verdict == HOST_STRICTER || verdict == HOST_DIFFERENT) &&
	    stack_means(verifier->host->witness, stack, unit->record->output_digest))
		return HOST_ADAPTED;
	return verdict;
}

/* The stack of the unit's first process. */
static long base_of(struct host_verifier *verifier, const struct host_unit *unit)
{
	if (verifier->base_of == unit)
		return verifier->base;
	verifier->base_of = unit;
	verifier->base = -1;
	for (size_t i = 0; i < unit->count && verifier->base < 0; i++)
		if (unit->record->pid && unit->tasks[i].task->tid == unit->record->pid)
			verifier->base = unit->tasks[i].stack;
	return verifier->base;
}

/* What a program puts on top of its container's filters permits nothing more, whatever errors it gives. */
static bool is_more_of_the_same(struct host_verifier *verifier, const struct host_unit *unit, struct resolved *resolved,
				size_t stack)
{
	long base = base_of(verifier, unit);

	return base >= 0 && stack_is_above(verifier->host->witness, stack, (size_t)base) &&
	       verdict_of_stack(verifier, unit, resolved, (size_t)base) < HOST_STRICTER;
}

enum host_verdict host_verify_task(struct host_verifier *verifier, const struct host_unit *unit,
				   const struct host_task *task)
{
	struct resolved *resolved;
	enum host_verdict verdict;
	size_t filters = 0;

	/* As the list has it: who had no filter before he ended, or took one, may have started others. */
	if (task->task->mode == CALLGATE_MODE_NONE)
		return HOST_NONE;
	if (task->stack == STACK_ENDED)
		return HOST_EXACT; /* it has ended, and proves nothing */
	if (task->stack == STACK_UNKNOWN)
		return HOST_NOT_TOLD;
	callgate_witness_stack(verifier->host->witness, (size_t)task->stack, &filters);
	if (!filters)
		return HOST_NONE;
	resolved = unit->record && unit->record->profile[0] ? resolved_for(verifier, unit->record) : NULL;
	if (!resolved || !resolved->filter)
		return HOST_NOT_TOLD;
	verdict = verdict_of_stack(verifier, unit, resolved, (size_t)task->stack);
	if ((verdict == HOST_DIFFERENT || verdict == HOST_NOT_TOLD) &&
	    is_more_of_the_same(verifier, unit, resolved, (size_t)task->stack))
		return HOST_STRICTER;
	return verdict;
}

enum host_verdict host_verify_unit(struct host_verifier *verifier, const struct host_unit *unit)
{
	enum host_verdict worst = unit->unseen ? HOST_NOT_TOLD : HOST_EXACT;

	for (size_t i = 0; i < unit->count; i++) {
		enum host_verdict verdict = host_verify_task(verifier, unit, &unit->tasks[i]);

		if (verdict > worst)
			worst = verdict;
	}
	return worst;
}

const struct callgate_filter *host_profile(struct host_verifier *verifier, const struct host_unit *unit)
{
	const struct resolved *resolved =
		unit->record && unit->record->profile[0] ? resolved_for(verifier, unit->record) : NULL;

	return resolved ? resolved->filter : NULL;
}

const char *host_unit_verdict(struct host_verifier *verifier, const struct host_unit *unit)
{
	if (unit->record)
		return host_verdict_name(host_verify_unit(verifier, unit));
	if (unit->count == unit->unconfined)
		return "none";
	return unit->unconfined ? "partly" : "-";
}

bool host_has_drifted(struct host_verifier *verifier, const struct host_unit *unit)
{
	const struct resolved *resolved;

	if (!unit->record || !unit->record->profile[0] || !unit->record->digest[0])
		return false;
	resolved = resolved_for(verifier, unit->record);
	return !resolved || !resolved->filter || strcmp(resolved->digest, unit->record->digest) != 0;
}

/* As the hook has read it back. */
static bool text_has_digest(const struct options *options, const char *path, const char *digest)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char theirs[65];
	bool same;

	if (profile_open(options, path, &policy, NULL, &err) < 0) {
		report_err(&err);
		return false;
	}
	same = callgate_filter_resolve(policy, &options->target, &filter, NULL, &err) == 0 &&
	       callgate_filter_digest(filter, theirs, &err) == 0 && strcmp(theirs, digest) == 0;
	callgate_filter_free(filter);
	return same;
}

bool host_attach_differs(struct host_verifier *verifier, const struct host_unit *unit)
{
	const struct host_record *record = unit->record;
	struct options options = *verifier->options;

	if (!record || record->attach_differs || !record->output_touched || !record->output_digest[0])
		return record && record->attach_differs;
	options.target.caps = record->caps;
	options.target.reader = CALLGATE_AS_LXC;
	options.target.libseccomp = callgate_libseccomp_release();
	return !text_has_digest(&options, record->output, record->output_digest);
}
