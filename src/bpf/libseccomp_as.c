/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readers through libseccomp: what runc, crun or LXC makes of a profile, by the calls that it makes of the libseccomp
 * that is installed here. The program that comes out is lifted and gets the profile's lines. Where another release is
 * asked for, another machine, or libseccomp does not finish, resolve's own model answers.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "base/private.h"
#include "bpf/libseccomp_calls.h"
#include "filter/as_runc.h"
#include "filter/attribute.h"
#include "filter/conditions.h"
#include "filter/resolve.h"
#include "names/abi.h"
#include "names/words.h"
#include "policy/policy.h"

enum { AS_SECONDS = 1 };

struct writer {
	struct libseccomp library;
	const struct callgate_policy *policy;
	const struct callgate_target *target;
	struct active active;
	struct arena scratch;
	struct library_calls calls;
	struct callgate_err *err;
};

static int call(struct writer *writer, struct library_call call)
{
	return library_call_add(&writer->calls, &call) ? 0 : err_nomem(writer->err);
}

/* ------------------------------------------------------------------ rules */

static struct scmp_arg_cmp compare_of(const struct condition *condition)
{
	static const enum scmp_compare ops[] = {
		[OP_NE] = SCMP_CMP_NE,
		[OP_LT] = SCMP_CMP_LT,
		[OP_LE] = SCMP_CMP_LE,
		[OP_EQ] = SCMP_CMP_EQ,
		[OP_GE] = SCMP_CMP_GE,
		[OP_GT] = SCMP_CMP_GT,
		[OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return (struct scmp_arg_cmp){ .arg = condition->index,
				      .op = ops[condition->op],
				      .datum_a = condition->value,
				      .datum_b = condition->value_two };
}

/* Calls the function for one name of a rule; of conditions that name an argument twice, once for each. */
static int write_rule(struct writer *writer, struct library_call like, const struct active_rule *active)
{
	const struct rule *rule = active->rule;
	bool apart = writer->policy->dialect != DIALECT_LXC && repeats_index(rule);
	struct scmp_arg_cmp compares[6];
	int r = 0;

	like.word = action_word(active->action);
	like.compares = compares;
	like.count = apart ? 1 : rule->condition_count;
	for (unsigned i = 0; i < rule->condition_count && r == 0; i++) {
		compares[apart ? 0 : i] = compare_of(&rule->conditions[i]);
		if (apart)
			r = call(writer, like);
	}
	return apart || r < 0 ? r : call(writer, like);
}

/* E_NOTFOUND: libseccomp has no such name. */
static int number_of(struct writer *writer, const struct word *name, struct library_call *out)
{
	out->name = arena_strndup(&writer->scratch, name->text.at, name->text.size);
	if (!out->name)
		return err_nomem(writer->err);
	out->offset = name->at.offset;
	out->nr = writer->library.syscall_resolve_name(out->name);
	return out->nr == __NR_SCMP_ERROR ? CALLGATE_E_NOTFOUND : 0;
}

/* ------------------------------------------------------------------ runc and crun, and who hands profiles on to them
 */

static int write_oci_arches(struct writer *writer)
{
	int r = 0;

	for (unsigned i = 1; i < writer->active.abi_count && r == 0; i++) {
		const struct abi *abi = abi_of(writer->active.abis[i]);
		uint32_t token = writer->library.arch_resolve_name(abi->name);

		if (!token)
			return err_set(writer->err, CALLGATE_E_PROFILE,
				       "%s rejects the profile: its libseccomp does not know %s",
				       reader_name(writer->target->reader), abi->oci);
		r = call(writer, (struct library_call){
					 .function = LIBRARY_ARCH_ADD, .word = token, .abi = writer->active.abis[i] });
	}
	return r;
}

/* Rules that do what the default does, and names that libseccomp does not know, are skipped. */
static int write_oci_rule(struct writer *writer, const struct active_rule *active)
{
	int r = 0;

	if (action_equal(active->action, writer->active.fallback))
		return 0;
	for (unsigned i = 0; i < active->rule->name_count && r == 0; i++) {
		struct library_call like = { .function = LIBRARY_RULE_ADD };

		r = number_of(writer, &active->rule->names[i], &like);
		if (r == 0)
			r = write_rule(writer, like, active);
		else if (r == CALLGATE_E_NOTFOUND)
			r = 0;
	}
	return r;
}

static int write_oci(struct writer *writer)
{
	int r = call(writer,
		     (struct library_call){ .function = LIBRARY_INIT, .word = action_word(writer->active.fallback) });

	/* The kernel has NOTIFY and TSYNC together only from 5.7 on: libseccomp asks for both. */
	if (r == 0 && target_traits(writer->target)->stub)
		r = call(writer, (struct library_call){ .function = LIBRARY_ATTR_SET,
							.word = SCMP_FLTATR_CTL_TSYNC,
							.value = 1,
							.optional = true });
	if (r == 0 && target_traits(writer->target)->stub && runc_wants_tree(&writer->active, writer->target))
		r = call(writer, (struct library_call){ .function = LIBRARY_ATTR_SET,
							.word = SCMP_FLTATR_CTL_OPTIMIZE,
							.value = 2,
							.optional = true });
	if (r == 0)
		r = write_oci_arches(writer);
	for (unsigned i = 0; i < writer->active.rule_count && r == 0; i++)
		r = write_oci_rule(writer, &writer->active.rules[i]);
	return r;
}

/* ------------------------------------------------------------------ LXC */

/* A context for each ABI; all but the host's are joined to it in the end. */
static int write_lxc_contexts(struct writer *writer)
{
	uint32_t native = writer->library.arch_native();
	int r = 0;

	for (unsigned i = 0; i < writer->active.abi_count && r == 0; i++) {
		struct library_call like = { .context = (uint8_t)i,
					     .function = LIBRARY_INIT,
					     .word = action_word(writer->active.fallback),
					     .abi = writer->active.abis[i] };

		r = call(writer, like);
		if (!i || r < 0)
			continue;
		like.function = LIBRARY_ARCH_ADD;
		like.word = writer->library.arch_resolve_name(abi_of(like.abi)->name);
		r = call(writer, like);
		like.function = LIBRARY_ARCH_REMOVE;
		like.word = native;
		if (r == 0)
			r = call(writer, like);
	}
	return r;
}

/* On each ABI names are skipped for which libseccomp has a pseudo number there. */
static int write_lxc_rule(struct writer *writer, const struct active_rule *active)
{
	int r = 0;

	for (unsigned i = 0; i < active->rule->name_count && r == 0; i++) {
		struct library_call like = { .function = LIBRARY_RULE_ADD_EXACT };

		r = number_of(writer, &active->rule->names[i], &like);
		if (r == CALLGATE_E_NOTFOUND) {
			r = 0;
			continue;
		}
		for (unsigned j = 0; j < writer->active.abi_count && r == 0; j++) {
			uint32_t token = writer->library.arch_resolve_name(abi_of(writer->active.abis[j])->name);

			like.context = (uint8_t)j;
			if (writer->library.syscall_resolve_name_arch(token, like.name) >= 0)
				r = write_rule(writer, like, active);
		}
	}
	return r;
}

static int write_lxc(struct writer *writer)
{
	int r = write_lxc_contexts(writer);

	for (unsigned i = 0; i < writer->active.rule_count && r == 0; i++)
		r = write_lxc_rule(writer, &writer->active.rules[i]);
	for (unsigned i = 1; i < writer->active.abi_count && r == 0; i++)
		r = call(writer, (struct library_call){ .function = LIBRARY_MERGE, .context = (uint8_t)i });
	return r;
}

/* ------------------------------------------------------------------ the whole */

static int refuse(const struct writer *writer, const struct library_failure *failure, struct callgate_notes *notes)
{
	const char *reader = reader_name(writer->target->reader), *why = strerror(failure->error);
	const struct library_call *call = failure->call;

	if (!call || !call->name) {
		note_at(notes, CALLGATE_ERROR, NOTE_READER, &writer->policy->source, writer->policy->fallback.at.offset,
			"%s rejects the profile: libseccomp: %s", reader, why);
		return err_set(writer->err, CALLGATE_E_PROFILE, "%s rejects the profile: libseccomp: %s", reader, why);
	}
	note_at(notes, CALLGATE_ERROR, NOTE_READER, &writer->policy->source, call->offset,
		"%s rejects this rule for '%s': libseccomp: %s", reader, call->name, why);
	return err_set(writer->err, CALLGATE_E_PROFILE, "%s rejects a rule for '%s': libseccomp: %s", reader,
		       call->name, why);
}

/* What the program means that libseccomp makes of the calls. */
static int lift_calls(struct writer *writer, struct callgate_filter **out, struct callgate_notes *notes)
{
	struct callgate_prog *prog = NULL;
	struct library_failure failure;
	int r = library_calls_make(&writer->library, &writer->calls, AS_SECONDS, &prog, &failure, writer->err);

	if (failure.error)
		return refuse(writer, &failure, notes);
	if (r == 0)
		r = callgate_filter_lift(prog, writer->policy->source.name, writer->target->host, out, writer->err);
	callgate_prog_free(prog);
	return r;
}

static int by_library(struct writer *writer, struct callgate_filter *filter, struct callgate_notes *notes)
{
	struct callgate_filter *lifted = NULL;
	int r = policy_specialise(writer->policy, writer->target, &writer->scratch, &writer->active, writer->err);

	if (r == 0)
		r = writer->policy->dialect == DIALECT_LXC ? write_lxc(writer) : write_oci(writer);
	if (r == 0)
		r = lift_calls(writer, &lifted, notes);
	if (r == 0)
		r = filter_attribute(filter, lifted, writer->err);
	callgate_filter_free(lifted);
	return r;
}

static uint32_t release_of(const struct libseccomp *library)
{
	const struct scmp_version *version = library->version();

	return version ? version->major << 16 | version->minor << 8 | version->micro : 0;
}

static bool reads_format(const struct writer *writer)
{
	return target_traits(writer->target)->exact == (writer->policy->dialect == DIALECT_LXC);
}

/* Lists of the environment and of the command line are callgate's own, and no file that a reader could refuse. */
static void report_format(const struct writer *writer, struct callgate_notes *notes)
{
	const struct source *source = &writer->policy->source;
	const char *reader = reader_name(writer->target->reader);
	enum dialect dialect = writer->policy->dialect;

	if (reads_format(writer) || writer->target->reader == CALLGATE_AS_CALLGATE)
		return;
	if (dialect == DIALECT_LXC)
		note_at(notes, CALLGATE_ERROR, NOTE_FORMAT, source, 0,
			"%s reads JSON, and this is LXC's text; 'callgate convert --to docker' writes JSON", reader);
	else if (dialect == DIALECT_OCI || dialect == DIALECT_DOCKER)
		note_at(notes, CALLGATE_ERROR, NOTE_FORMAT, source, 0,
			"%s reads its own text, and this is JSON; 'callgate convert --to lxc' writes that text",
			reader);
}

/* Whether the installed library can be asked; if not, answer tells why. */
static bool can_ask(struct writer *writer, struct callgate_answer *answer)
{
	const struct callgate_target *target = writer->target;
	uint32_t wanted = target->libseccomp;

	if (!target_traits(target)->through_library)
		snprintf(answer->why, sizeof(answer->why), "%s does not read through libseccomp",
			 reader_name(target->reader));
	else if (!reads_format(writer))
		snprintf(answer->why, sizeof(answer->why), "%s does not read this format", reader_name(target->reader));
	else if (writer->policy->dialect == DIALECT_LXC && writer->policy->lxc_version == 1)
		snprintf(answer->why, sizeof(answer->why), "the profile is a list of numbers");
	else if (libseccomp_load(&writer->library, NULL) < 0)
		snprintf(answer->why, sizeof(answer->why), "libseccomp is not installed");
	else if (wanted != release_of(&writer->library))
		snprintf(answer->why, sizeof(answer->why), "another release of libseccomp is installed");
	else if (target->host != abi_native() ||
		 writer->library.arch_resolve_name(abi_of(target->host)->name) != writer->library.arch_native())
		snprintf(answer->why, sizeof(answer->why), "libseccomp would be asked for %s, which is another machine",
			 abi_of(target->host)->name);
	else
		return true;
	return false;
}

static int by_model(const struct writer *writer, struct callgate_filter **out, struct callgate_notes *notes)
{
	return callgate_filter_resolve(writer->policy, writer->target, out, notes, writer->err);
}

static int resolve_as(struct writer *writer, struct callgate_filter **out, struct callgate_answer *answer,
		      struct callgate_notes *notes)
{
	struct callgate_filter *filter = NULL;
	int r;

	if (!can_ask(writer, answer))
		return by_model(writer, out, notes);
	r = filter_resolve_lenient(writer->policy, writer->target, &filter, notes, writer->err);
	if (r < 0)
		return r;
	r = by_library(writer, filter, notes);
	if (r == 0 || r == CALLGATE_E_PROFILE) {
		answer->by_library = true;
		answer->release = release_of(&writer->library);
		*out = r < 0 ? callgate_filter_free(filter) : filter;
		return r;
	}
	callgate_filter_free(filter);
	snprintf(answer->why, sizeof(answer->why), "%.150s", writer->err->text);
	return r == CALLGATE_E_NOMEM ? r : by_model(writer, out, NULL);
}

int callgate_filter_resolve_as(const struct callgate_policy *policy, const struct callgate_target *target,
			       struct callgate_filter **out, struct callgate_answer *answer,
			       struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_err own = CALLGATE_ERR_INIT;
	struct writer writer = { .policy = policy,
				 .target = target,
				 .scratch = ARENA_INIT,
				 .calls = LIBRARY_CALLS_INIT,
				 .err = err ? err : &own };
	int r;

	REQUIRE(err, policy && target && out && answer);
	*answer = (struct callgate_answer){ 0 };
	if (!abi_of(target->host) || !reader_name(target->reader))
		return err_set(err, CALLGATE_E_ARG, "unknown host or reader of the target");
	answer->reader = reader_name(target->reader);
	report_format(&writer, notes);
	r = resolve_as(&writer, out, answer, notes);
	library_calls_free(&writer.calls);
	arena_free(&writer.scratch);
	return r;
}
