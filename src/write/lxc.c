/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing LXC text, name by name (lxc_decide.c). Nothing is believed: the finished text is read back as LXC reads it
 * and compared with the filter, exactly, and tried for what LXC itself needs.
 */
#include "write/lxc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "filter/zip.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "write/lxc_decide.h"

/* ------------------------------------------------------------------ text */

static void put_action(struct text *text, struct callgate_action action)
{
	switch (action.kind) {
	case CALLGATE_KILL_THREAD:
		text_add(text, "kill");
		break;
	case CALLGATE_TRAP:
		text_add(text, "trap");
		break;
	case CALLGATE_ERRNO:
		text_add(text, "errno %u", action.data);
		break;
	default:
		text_add(text, "allow");
		break;
	}
}

static void put_clause(struct lxc_writer *writer, const char *name, const struct clause *clause, uint8_t word)
{
	struct text *text = &writer->text;

	text_add(text, "%s ", name);
	put_action(text, lxc_nearest(writer, clause->action));
	for (unsigned i = 0; i < clause->test_count; i++) {
		struct lxc_condition condition;

		lxc_condition_of(&clause->tests[i], word, &condition);
		text_add(text, "%s[%u,0x%llx,%s", i ? "" : " ", clause->tests[i].arg,
			 (unsigned long long)condition.value, condition.op);
		if (condition.mask)
			text_add(text, ",0x%llx", (unsigned long long)condition.mask);
		text_add(text, "]");
	}
	text_add(text, "\n");
}

static int put_name(struct lxc_writer *writer, int id)
{
	struct lxc_verdict verdict;
	int r = lxc_decide_name(writer, id, &verdict);

	if (r < 0 || verdict.kind == NAME_ABSENT || verdict.kind == NAME_DEFAULT)
		return r;
	if (verdict.kind == NAME_ACTION) {
		text_add(&writer->text, "%s ", syscall_id_name(id));
		put_action(&writer->text, verdict.action);
		text_add(&writer->text, "\n");
		return 0;
	}
	for (unsigned i = 0; i < verdict.clause_count; i++)
		if (verdict.kept[i])
			put_clause(writer, syscall_id_name(id), &verdict.clauses[i], verdict.word);
	return 0;
}

static int put_all(struct lxc_writer *writer)
{
	int r = 0;

	text_add(&writer->text, "2\n%s ", writer->style == STYLE_DENYLIST ? "denylist" : "allowlist");
	put_action(&writer->text, writer->fallback);
	text_add(&writer->text, "\n# Written by callgate for this host's libseccomp: do not edit.\n");
	for (int id = 0; id < syscall_count() && r == 0; id++)
		r = put_name(writer, id);
	return r;
}

/* ------------------------------------------------------------------ checks */

/* Hosts whose ABIs LXC treats as abi_family() says, and which have no multiplexer of their own. */
static int check_host(struct lxc_writer *writer)
{
	enum callgate_abi host = writer->target->host;

	if (host != CALLGATE_ABI_X86_64 && host != CALLGATE_ABI_AARCH64 && host != CALLGATE_ABI_ARM)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED,
			       "LXC text is written for x86_64, aarch64 and arm hosts, not for %s",
			       abi_of(host) ? abi_of(host)->name : "this one");
	writer->abi_count = abi_family(host, writer->abis);
	for (unsigned i = 0; i < writer->abi_count; i++) {
		bool listed = false;

		for (unsigned j = 0; j < writer->filter->abi_count; j++)
			listed |= writer->filter->abis[j] == writer->abis[i];
		if (!listed && writer->bound == CALLGATE_LXC_NEVER_LOOSER)
			return err_set(writer->err, CALLGATE_E_UNSUPPORTED,
				       "the profile closes %s by not listing it, and LXC's text always opens it "
				       "together with %s: the "
				       "container would be looser than the profile. Add \"%s\" to \"architectures\"",
				       abi_of(writer->abis[i])->name, abi_of(host)->name, abi_of(writer->abis[i])->oci);
	}
	return 0;
}

/* What LXC 5 calls in the container between loading the filter and running init, and cannot do without (tried one by
 * one, in the foreground and as a daemon). The second name: on machines that lack the first call. */
static const char *const needed[][2] = {
	{ "read" },      { "write" },  { "sendto" },       { "openat" },
	{ "setgroups" }, { "getuid" }, { "dup2", "dup3" }, { "execve" },
};
/* Calls that may fail there, but must not kill. */
static const char *const survived[][2] = {
	{ "close" }, { "setsid" }, { "newfstatat" }, { "fstatat64" }, { "fchown" }, { "fchmod" }, { "capget" },
};

/* The calls that LXC would miss, one behind another. */
struct missing {
	char names[200];
	size_t used;
};

static void miss(struct missing *missing, const char *name)
{
	int n = snprintf(missing->names + missing->used, sizeof(missing->names) - missing->used, "%s%s",
			 missing->used ? ", " : "", name);

	if (n > 0 && missing->used + (size_t)n < sizeof(missing->names))
		missing->used += (size_t)n;
}

static int64_t number_here(const struct lxc_writer *writer, const char *name)
{
	int id = name ? syscall_find((struct slice){ name, strlen(name) }) : -1;

	return id < 0 ? SYSCALL_NONE : syscall_nr(id, writer->abis[0]);
}

static int check_need(const struct lxc_writer *writer, const struct callgate_filter *filter, const char *const names[2],
		      bool must_pass, struct missing *missing)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(writer->abis[0])->audit);
	const char *name = number_here(writer, names[0]) < 0 ? names[1] : names[0];
	int64_t nr = number_here(writer, name);
	bool passes = false, lives = false;
	struct action_set set;

	if (nr < 0 || !arch)
		return 0;
	if (action_set_of(filter, arch->spans[span_at(arch, (uint32_t)nr)].node, &set) < 0)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < set.count; i++) {
		passes |= set.actions[i].kind >= CALLGATE_LOG;
		lives |= set.actions[i].kind >= CALLGATE_ERRNO;
	}
	if (!(must_pass ? passes : lives))
		miss(missing, name);
	return 0;
}

/* A text that may be looser is not all that LXC will run under: the filter itself is. */
static int check_needs(const struct lxc_writer *writer, const struct callgate_text *text)
{
	const struct callgate_filter *filter =
		writer->bound == CALLGATE_LXC_NEVER_LOOSER ? text->filter : writer->filter;
	struct missing denied = { .used = 0 }, deadly = { .used = 0 };
	int r = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && r == 0; i++)
		r = check_need(writer, filter, needed[i], true, &denied);
	for (size_t i = 0; i < sizeof(survived) / sizeof(survived[0]) && r == 0; i++)
		r = check_need(writer, filter, survived[i], false, &deadly);
	if (r < 0 || (!denied.used && !deadly.used))
		return r;
	return err_set(
		writer->err, CALLGATE_E_UNSUPPORTED,
		"LXC itself calls %s after it has loaded the filter, and this profile %s%s%s: no container could start",
		denied.used ? denied.names : deadly.names, denied.used ? "denies that" : "kills for it",
		denied.used && deadly.used ? "; it kills for " : "", denied.used ? deadly.names : "");
}

static int check_decision(struct lxc_writer *writer, const struct callgate_text *text, const struct zip *step,
			  bool *out)
{
	const struct node *ceiling;
	meaning_ref limit, got;
	unsigned relation = 0;
	int r = lxc_ceiling(writer, step->a, &ceiling);

	if (r == 0)
		r = meaning_of(writer->meaning, writer->scratch, ceiling, &limit, writer->err);
	if (r == 0)
		r = meaning_of(writer->meaning, text->filter, step->b, &got, writer->err);
	if (r == 0)
		r = meaning_relate(writer->meaning, limit, got, &relation, writer->err);
	if (r == 0)
		*out = lxc_within(writer, relation);
	return r;
}

/* What LXC makes of the text may not be on the wrong side of the filter anywhere. */
static int check_text(struct lxc_writer *writer, const struct callgate_text *text)
{
	for (unsigned i = 0; i < writer->abi_count; i++) {
		struct zip step = zip_start(writer->filter, text->filter, abi_of(writer->abis[i])->audit);

		while (zip_next(&step)) {
			bool good = false;
			int r = check_decision(writer, text, &step, &good);

			if (r < 0)
				return r;
			if (!good)
				return err_set(
					writer->err, CALLGATE_E_MISMATCH,
					"the LXC text would be %s than the profile for call %u on %s: it is not used",
					writer->bound == CALLGATE_LXC_NEVER_LOOSER ? "looser" : "stricter", step.first,
					abi_of(writer->abis[i])->name);
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ the whole */

static int read_back(const struct lxc_writer *writer, struct callgate_text *text)
{
	struct callgate_target target = *writer->target;

	target.reader = CALLGATE_AS_LXC;
	return text_read_back(text, "LXC text", &target, writer->err);
}

static int put_and_read(struct lxc_writer *writer, struct callgate_text *text)
{
	int r = put_all(writer);

	if (r == 0)
		r = text_take(&writer->text, &text->bytes, &text->size, writer->err);
	return r == 0 ? read_back(writer, text) : r;
}

static int write_and_check(struct lxc_writer *writer, struct callgate_text *text)
{
	int r;

	writer->ceiling = calloc(writer->filter->node_count + 1, sizeof(*writer->ceiling));
	writer->copying = malloc((writer->filter->node_count + 1) * sizeof(*writer->copying));
	if (!writer->ceiling || !writer->copying)
		return err_nomem(writer->err);
	r = check_host(writer);
	if (r == 0)
		r = lxc_choose_default(writer);
	if (r == 0)
		r = put_and_read(writer, text);
	/* libseccomp would refuse the rules, or what it makes of them is unknown. */
	if ((r == CALLGATE_E_UNSUPPORTED || r == CALLGATE_E_PROFILE) && text->bytes) {
		free(text->bytes);
		text->bytes = NULL;
		writer->effort = EFFORT_PLAIN;
		r = put_and_read(writer, text);
	}
	if (r == 0)
		r = check_needs(writer, text);
	return r < 0 ? r : check_text(writer, text);
}

int lxc_write(const struct callgate_filter *filter, const struct callgate_target *target, enum callgate_lxc_bound bound,
	      struct callgate_text **out, struct callgate_err *err)
{
	struct lxc_writer writer = { .filter = filter, .target = target, .bound = bound, .err = err };
	struct callgate_text *text = text_new();
	int r;

	if (!text)
		return err_nomem(err);
	text->bound = bound;
	r = filter_refuse_unknown(filter, err);
	if (r == 0)
		r = filter_new("LXC text", &writer.scratch, err);
	if (r == 0)
		r = meaning_new(&writer.meaning, err);
	if (r == 0)
		r = write_and_check(&writer, text);
	if (r == 0)
		r = lxc_losses(filter, target, text, err);
	meaning_free(writer.meaning);
	callgate_filter_free(writer.scratch);
	free(writer.ceiling);
	free(writer.copying);
	text_release(&writer.text);
	if (r < 0) {
		callgate_text_free(text);
		return r;
	}
	*out = text;
	return 0;
}

int callgate_lxc_write(const struct callgate_filter *filter, const struct callgate_target *target,
		       enum callgate_lxc_bound bound, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_target installed;
	int r;

	REQUIRE(err, filter && target && out);
	r = sized_in(&installed, sizeof(installed), target, err);
	if (r < 0)
		return r;
	if (!installed.libseccomp)
		installed.libseccomp = callgate_libseccomp_release();
	return lxc_write(filter, &installed, bound, out, err);
}
