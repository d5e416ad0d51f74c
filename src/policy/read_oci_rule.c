/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI reader, the rules half: syscalls[] with names, action, errno, args, includes, excludes. */
#include <stdio.h>
#include <string.h>

#include "names/abi.h"
#include "policy/read_oci.h"

enum { CONDITIONS_MAX = 6, WORD_MAX = 48 };

/* ------------------------------------------------------------------ action */

/* The word with this prefix in capitals, and without the one of the kernel's header if it has that; 0 bytes: too long.
 */
static struct slice with_prefix(const char *prefix, const char *kernels, struct slice word, char guess[2 * WORD_MAX])
{
	size_t used = strlen(prefix), skip = strlen(kernels);

	if (word.size >= skip && memcmp(word.at, kernels, skip) == 0)
		word = (struct slice){ word.at + skip, word.size - skip };
	if (word.size > WORD_MAX)
		return (struct slice){ guess, 0 };
	memcpy(guess, prefix, used);
	for (size_t i = 0; i < word.size; i++)
		guess[used++] = word.at[i] >= 'a' && word.at[i] <= 'z' ? (char)(word.at[i] - 'a' + 'A') : word.at[i];
	return (struct slice){ guess, used };
}

/* "errno", "ERRNO", "Allow", "SECCOMP_RET_ERRNO" as well as near misses. NULL: none of these. */
static const char *action_meant(struct slice word)
{
	enum callgate_action_kind kind;
	char guess[2 * WORD_MAX];

	if (action_by_oci(with_prefix("SCMP_ACT_", "SECCOMP_RET_", word, guess), &kind))
		return action_oci(kind);
	return action_nearest_oci(word);
}

static bool runsc_takes(struct slice word)
{
	static const char *const words[] = { "SCMP_ACT_KILL", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
					     "SCMP_ACT_ALLOW" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(word, words[i]))
			return true;
	return false;
}

bool oci_action(struct oci *oci, const struct json_token *value, struct verdict *out)
{
	const char *meant;

	out->at = oci_place(value);
	if (report_reader(&oci->report, READS_RUNSC) && !runsc_takes(value->text)) {
		report_error(&oci->report, NOTE_ACTION, value->first, "runsc rejects the action '%.*s'",
			     report_width(value->text), value->text.at);
		return false;
	}
	if (action_by_oci(value->text, &out->kind))
		return true;
	meant = action_meant(value->text);
	oci_rule_error(oci, NOTE_ACTION, value->first, "unknown action '%.*s'" REPORT_MEANT, report_width(value->text),
		       value->text.at, report_meant(meant));
	return false;
}

bool oci_read_errno_ret(struct oci *oci, struct verdict *verdict, const struct json_token *value, const char *key)
{
	bool bits32 = report_reader(&oci->report, READS_CRUN | READS_PODMAN);
	bool any = report_reader(&oci->report, READS_ANY);
	const struct oci_integer kind = { .key = key,
					  .id = NOTE_ERRNO,
					  .max = bits32 ? UINT32_MAX
						 : any  ? UINT64_MAX
							: UINT16_MAX,
					  .range = bits32 || any ? NULL : "0 to 4095, with SCMP_ACT_TRACE to 65535" };
	uint64_t number;

	/*
	 * TRACE takes it as its message, of 16 bits; which action it is for may stand behind it: oci_check_errno_ret().
	 */
	if (!oci_integer(oci, value, &kind, &number))
		return true;
	if (number > UINT16_MAX)
		report_warning(&oci->report, NOTE_ERRNO, value->first, "%s %.*s is cut to 16 bits", key,
			       report_width(value->text), value->text.at);
	verdict->said |= SAID_ERRNO_RET;
	verdict->errno_ret = (uint16_t)number;
	verdict->errno_ret_at = oci_place(value);
	return true;
}

void oci_check_errno_ret(struct oci *oci, const struct verdict *verdict, const char *key)
{
	if ((verdict->said & SAID_ERRNO_RET) && verdict->errno_ret > ERRNO_MAX && verdict->kind != CALLGATE_TRACE)
		report_unless(&oci->report, READS_ANY, NOTE_ERRNO, verdict->errno_ret_at.offset,
			      "%s %u is out of range (0 to %d)", key, verdict->errno_ret, ERRNO_MAX);
}

/* containers-common has a table of its own, without these. */
static bool lacks_errno(const struct oci *oci, struct slice word)
{
	static const char *const lacking[] = {
		"EADV",        "EBADE",        "EBADFD",      "EBADR",   "EBADRQC",   "EBADSLT", "EBFONT",
		"ECHRNG",      "ECOMM",        "EDEADLOCK",   "EDOTDOT", "EHWPOISON", "EINTR",   "EISNAM",
		"EKEYEXPIRED", "EKEYREJECTED", "EKEYREVOKED", "EL2HLT",  "EL2NSYNC",  "EL3HLT",  "EL3RST",
		"ELIBACC",     "ELIBBAD",      "ELIBEXEC",    "ELIBMAX", "ELIBSCN",   "ELNRNG",  "EMULTIHOP",
		"ENAVAIL",     "ENOANO",       "ENOCSI",      "ENODATA", "ENOKEY",    "ENOLINK", "ENONET",
		"ENOPKG",      "ENOSR",        "ENOSTR",      "ENOTNAM", "ENOTUNIQ",  "EPROTO",  "EREMCHG",
		"EREMOTEIO",   "ERESTART",     "ERFKILL",     "ESRMNT",  "ESTRPIPE",  "ETIME",   "EUCLEAN",
		"EUNATCH",     "EWOULDBLOCK",  "EXFULL"
	};

	for (size_t i = 0; report_reader(&oci->report, READS_PODMAN) && i < sizeof(lacking) / sizeof(lacking[0]); i++)
		if (slice_is(word, lacking[i]))
			return true;
	return false;
}

bool oci_read_errno_word(struct oci *oci, struct verdict *verdict, const struct json_token *value, const char *key)
{
	struct near near = near_start(value->text);

	oci->docker = true;
	/* Go's encoders write the absent string as "". */
	if (!value->text.size)
		return true;
	if ((!errno_by_name(value->text, &verdict->errno_word) || lacks_errno(oci, value->text)) &&
	    !errno_by_digits(value->text, &verdict->errno_word)) {
		for (unsigned i = 1; i < ERRNO_MAX && report_listens(&oci->report); i++)
			if (errno_name(i))
				near_offer(&near, errno_name(i));
		oci_rule_error(oci, NOTE_ERRNO, value->first, "unknown errno '%.*s' in '%s'" REPORT_MEANT,
			       report_width(value->text), value->text.at, key, report_meant(near.found));
		return true;
	}
	verdict->said |= SAID_ERRNO_WORD;
	verdict->errno_word_at = oci_place(value);
	return true;
}

/* ------------------------------------------------------------------ args */

static bool read_index(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_integer kind = { .key = "index", .id = NOTE_ARGUMENT, .max = 5 };
	struct condition *condition = object;
	uint64_t index;

	if (oci_integer(oci, value, &kind, &index))
		condition->index = (uint8_t)index;
	return true;
}

static bool read_value(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_integer kind = { .key = "value", .id = NOTE_ARGUMENT, .max = UINT64_MAX };
	struct condition *condition = object;

	oci_integer(oci, value, &kind, &condition->value);
	return true;
}

static bool read_value_two(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_integer kind = { .key = "valueTwo", .id = NOTE_ARGUMENT, .max = UINT64_MAX };
	struct condition *condition = object;

	oci_integer(oci, value, &kind, &condition->value_two);
	condition->said |= SAID_VALUE_TWO;
	return true;
}

static const char *op_meant(struct slice word)
{
	struct near near = near_start(word);
	char guess[2 * WORD_MAX];
	enum op op;

	if (op_by_lxc(word, &op) || op_by_oci(with_prefix("SCMP_CMP_", "", word, guess), &op))
		return op_oci(op);
	for (op = OP_NE; op <= OP_MASKED_EQ; op++)
		near_offer(&near, op_oci(op));
	return near.found;
}

static bool read_op(struct oci *oci, void *object, const struct json_token *value)
{
	struct condition *condition = object;
	const char *meant;

	if (op_by_oci(value->text, &condition->op))
		return true;
	meant = op_meant(value->text);
	oci_rule_error(oci, NOTE_OPERATOR, value->first, "unknown operator '%.*s'" REPORT_MEANT,
		       report_width(value->text), value->text.at, report_meant(meant));
	return true;
}

enum { ARG_INDEX, ARG_VALUE, ARG_VALUE_TWO, ARG_OP, ARG_FIELDS };
static const struct oci_field arg_fields[ARG_FIELDS] = {
	[ARG_INDEX] = { OCI_KEY("index"), JSON_NUMBER, OPTIONAL, read_index },
	[ARG_VALUE] = { OCI_KEY("value"), JSON_NUMBER, OPTIONAL, read_value },
	[ARG_VALUE_TWO] = { OCI_KEY("valueTwo"), JSON_NUMBER, OPTIONAL, read_value_two },
	[ARG_OP] = { OCI_KEY("op"), JSON_STRING, OPTIONAL, read_op },
};
static const struct oci_schema arg_schema = { "a condition", arg_fields, ARG_FIELDS, STRICT };

/* runc makes a rule of each where an argument repeats, as it does in more than six; crun passes over what is behind
 * six. */
static bool keeps_all_conditions(const struct oci *oci)
{
	return report_reader(&oci->report, READS_DOCKER | READS_BARE);
}

static bool read_arg(struct oci *oci, void *object, const struct json_token *value)
{
	static const unsigned required[] = { ARG_INDEX, ARG_VALUE, ARG_OP };
	struct condition condition = { .at = oci_place(value) }, *kept;
	struct list *conditions = object;
	uint32_t seen;

	if (!oci_object(oci, &arg_schema, &condition, &seen))
		return false;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!(seen >> required[i] & 1))
			report_unless(&oci->report, required[i] == ARG_OP ? 0 : READS_ANY, NOTE_MISSING, value->first,
				      "'%s' is missing in this condition", arg_fields[required[i]].key);
	if (conditions->count == CONDITIONS_MAX)
		report_unless(&oci->report, READS_ANY, NOTE_ARGUMENT, value->first,
			      "more than %d conditions in one rule", CONDITIONS_MAX);
	if (conditions->count >= CONDITIONS_MAX && !keeps_all_conditions(oci))
		return true;
	kept = list_add(&oci->scratch, conditions, sizeof(condition));
	if (!kept)
		return oci_out_of_memory(oci);
	*kept = condition;
	return true;
}

static bool read_args(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_OBJECT, "args", "a condition", read_arg };
	struct list conditions = { 0 };
	struct rule *rule = object;

	(void)value;
	if (!oci_array(oci, &items, &conditions))
		return false;
	rule->condition_count = (unsigned)conditions.count;
	rule->conditions = list_take(&oci->policy->arena, &conditions, sizeof(*rule->conditions));
	return !rule->condition_count || rule->conditions || oci_out_of_memory(oci);
}

/* ------------------------------------------------------------------ guards */

static bool read_cap(struct oci *oci, void *object, const struct json_token *value)
{
	const char *near;
	unsigned cap;

	(void)object;
	if (!cap_by_name(value->text, &cap)) {
		near = report_listens(&oci->report) ? cap_nearest(value->text) : NULL;
		report_warning(&oci->report, NOTE_GUARD, value->first,
			       "unknown capability '%.*s' is never held" REPORT_MEANT, report_width(value->text),
			       value->text.at, report_meant(near));
	}
	return oci_word(oci, value);
}

static bool read_caps(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_STRING, "caps", "a capability", read_cap };
	struct guard *guard = object;

	(void)value;
	if (!oci_array(oci, &items, NULL))
		return false;
	guard->caps = oci_take_words(oci, &guard->cap_count);
	return guard->caps || !guard->cap_count || oci_out_of_memory(oci);
}

static bool read_guard_arch(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	if (abi_by_docker(value->text) == CALLGATE_ABI_NONE) {
		const struct abi *abi = abi_of(abi_by_word(value->text));
		struct near near = near_start(value->text);
		const char *meant;

		for (int i = 0; i < CALLGATE_ABI_COUNT; i++)
			if (abi_of((enum callgate_abi)i)->docker)
				near_offer(&near, abi_of((enum callgate_abi)i)->docker);
		meant = abi ? abi->docker : near.found;
		report_unless(&oci->report, READS_GUARDS, NOTE_ARCH, value->first,
			      "unknown architecture '%.*s' in 'arches'" REPORT_MEANT, report_width(value->text),
			      value->text.at, report_meant(meant));
	}
	return oci_word(oci, value);
}

static bool read_arches(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_STRING, "arches", "an architecture", read_guard_arch };
	struct guard *guard = object;

	(void)value;
	if (!oci_array(oci, &items, NULL))
		return false;
	guard->arches = oci_take_words(oci, &guard->arch_count);
	return guard->arches || !guard->arch_count || oci_out_of_memory(oci);
}

/* One to three digits up to 255. */
static bool version_part(struct slice text, uint8_t *out)
{
	unsigned value = 0;

	if (!text.size || text.size > 3)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.at[i] - '0');
	}
	*out = (uint8_t)value;
	return value <= UINT8_MAX;
}

static bool read_min_kernel(struct oci *oci, void *object, const struct json_token *value)
{
	struct guard *guard = object;
	const char *dot = memchr(value->text.at, '.', value->text.size);
	size_t major = dot ? (size_t)(dot - value->text.at) : 0;

	/* Docker reads the empty word as 0.0, which every kernel has reached. */
	if (!value->text.size && report_reader(&oci->report, READS_DOCKER)) {
		guard->said |= SAID_MIN_KERNEL;
		return true;
	}
	if (!dot || !version_part((struct slice){ value->text.at, major }, &guard->min_major) ||
	    !version_part((struct slice){ dot + 1, value->text.size - major - 1 }, &guard->min_minor) ||
	    (guard->min_major == 0 && guard->min_minor == 0)) {
		report_error(&oci->report, NOTE_GUARD, value->first,
			     "minKernel '%.*s' is not a kernel version; expected two numbers up to 255, as in \"4.8\"",
			     report_width(value->text), value->text.at);
		return true;
	}
	guard->said |= SAID_MIN_KERNEL;
	guard->min_kernel_at = oci_place(value);
	return true;
}

static const struct oci_field guard_fields[] = {
	{ OCI_KEY("caps"), JSON_ARRAY, NULLABLE, read_caps },
	{ OCI_KEY("arches"), JSON_ARRAY, NULLABLE, read_arches },
	{ OCI_KEY("minKernel"), JSON_STRING, NOT_PODMAN, read_min_kernel },
};
static const struct oci_schema guard_schema = { "includes or excludes", guard_fields,
						sizeof(guard_fields) / sizeof(guard_fields[0]), STRICT };

static bool read_guard(struct oci *oci, struct guard *guard, const struct json_token *value)
{
	uint32_t seen;

	oci->docker = true;
	guard->at = oci_place(value);
	return oci_object(oci, &guard_schema, guard, &seen);
}

static bool read_includes(struct oci *oci, void *object, const struct json_token *value)
{
	return read_guard(oci, &((struct rule *)object)->includes, value);
}

static bool read_excludes(struct oci *oci, void *object, const struct json_token *value)
{
	return read_guard(oci, &((struct rule *)object)->excludes, value);
}

/* ------------------------------------------------------------------ rules */

static bool read_names_item(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	if (value->text.size)
		return oci_word(oci, value);
	report_unless(&oci->report, READS_CRUN | READS_PODMAN | READS_RUNSC, NOTE_NAMES, value->first,
		      "empty name in 'names'");
	return true;
}

/* Docker looks at this before the guards. */
static void both_name_keys(struct oci *oci, const struct json_token *value)
{
	static const char text[] = "both 'name' and 'names' in one rule";

	if (report_reader(&oci->report, READS_DOCKER))
		report_error(&oci->report, NOTE_NAMES, value->first, "%s", text);
	else
		oci_rule_error(oci, NOTE_NAMES, value->first, "%s", text);
}

static bool read_names(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_STRING, "names", "a name", read_names_item,
						READS_CRUN | READS_PODMAN };
	struct rule *rule = object;

	if (!oci_array(oci, &items, NULL))
		return false;
	if (rule->single_name && oci->words.count) {
		both_name_keys(oci, value);
		oci->words.count = 0;
		return true;
	}
	if (!oci->words.count) {
		oci->empty_names_at = value->first;
		return true;
	}
	rule->names = oci_take_words(oci, &rule->name_count);
	return rule->names || oci_out_of_memory(oci);
}

static bool read_name(struct oci *oci, void *object, const struct json_token *value)
{
	struct rule *rule = object;

	oci->docker = true;
	if (!value->text.size) {
		report_unless(&oci->report, READS_GUARDS, NOTE_NAMES, value->first, "empty name in 'name'");
		return true;
	}
	if (rule->name_count && !rule->single_name) {
		both_name_keys(oci, value);
		return true;
	}
	rule->single_name = true;
	if (!oci_word(oci, value))
		return false;
	rule->names = oci_take_words(oci, &rule->name_count);
	return rule->names || oci_out_of_memory(oci);
}

static bool read_action(struct oci *oci, void *object, const struct json_token *value)
{
	oci_action(oci, value, &((struct rule *)object)->verdict);
	return true;
}

static bool read_errno_ret(struct oci *oci, void *object, const struct json_token *value)
{
	return oci_read_errno_ret(oci, &((struct rule *)object)->verdict, value, "errnoRet");
}

static bool read_errno(struct oci *oci, void *object, const struct json_token *value)
{
	return oci_read_errno_word(oci, &((struct rule *)object)->verdict, value, "errno");
}

static bool read_comment(struct oci *oci, void *object, const struct json_token *value)
{
	(void)oci;
	((struct rule *)object)->comment = value->text;
	return true;
}

enum { RULE_NAMES, RULE_NAME, RULE_ACTION, RULE_REST };
static const struct oci_field rule_fields[] = {
	[RULE_NAMES] = { OCI_KEY("names"), JSON_ARRAY, OPTIONAL, read_names },
	[RULE_NAME] = { OCI_KEY("name"), JSON_STRING, NOT_BARE, read_name },
	[RULE_ACTION] = { OCI_KEY("action"), JSON_STRING, OPTIONAL, read_action },
	[RULE_REST] = { OCI_KEY("args"), JSON_ARRAY, NULLABLE, read_args },
	{ OCI_KEY("errnoRet"), JSON_NUMBER, OPTIONAL, read_errno_ret },
	{ OCI_KEY("errno"), JSON_STRING, NOT_BARE | NOT_DOCKER, read_errno },
	{ OCI_KEY("comment"), JSON_STRING, NULLABLE | CONTENT | NOT_BARE, read_comment },
	{ OCI_KEY("includes"), JSON_OBJECT, NULLABLE | NOT_BARE, read_includes },
	{ OCI_KEY("excludes"), JSON_OBJECT, NULLABLE | NOT_BARE, read_excludes },
};
static const struct oci_schema rule_schema = { "a rule", rule_fields, sizeof(rule_fields) / sizeof(rule_fields[0]),
					       STRICT };

static bool read_rule(struct oci *oci, void *object, const struct json_token *value)
{
	struct rule rule = { .at = oci_place(value), .section = CALLGATE_ABI_NONE }, *kept;
	unsigned errors = oci->report.errors;
	uint32_t seen;

	(void)object;
	if (oci->rules.count == OCI_RULES_LIMIT) {
		report_error(&oci->report, NOTE_LIMIT, value->first, "more than %d rules in one profile",
			     OCI_RULES_LIMIT);
		return false;
	}
	oci->refusal = NULL;
	oci->in_rule = true;
	if (!oci_object(oci, &rule_schema, &rule, &seen))
		return false;
	oci->in_rule = false;
	rule.refusal = oci->refusal;
	oci_check_errno_ret(oci, &rule.verdict, "errnoRet");
	if (!(seen >> RULE_ACTION & 1))
		report_error(&oci->report, NOTE_MISSING, value->first, "'action' is missing in this rule");
	if (!rule.name_count && oci->report.errors == errors)
		report_unless(&oci->report, seen >> RULE_NAMES & 1 ? READS_GO | READS_CRUN : READS_GO, NOTE_MISSING,
			      seen >> RULE_NAMES & 1 ? oci->empty_names_at : value->first,
			      seen >> RULE_NAMES & 1 ? "'names' is empty; the rule applies to no syscall"
						     : "'names' is missing in this rule");
	/* A rule with errors keeps its number, so that later findings name the right one, but is about no syscall. */
	if (oci->report.errors != errors)
		rule.name_count = 0;
	kept = list_add(&oci->scratch, &oci->rules, sizeof(rule));
	if (!kept)
		return oci_out_of_memory(oci);
	*kept = rule;
	return true;
}

bool oci_read_syscalls(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_OBJECT, "syscalls", "a rule", read_rule };

	(void)object;
	(void)value;
	if (!oci_array(oci, &items, NULL))
		return false;
	oci->policy->rule_count = (unsigned)oci->rules.count;
	oci->policy->rules = list_take(&oci->policy->arena, &oci->rules, sizeof(struct rule));
	return oci->policy->rules || !oci->policy->rule_count || oci_out_of_memory(oci);
}
