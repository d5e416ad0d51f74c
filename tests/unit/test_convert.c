/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles written in another format: the same meaning, compared as filters; what is lost is said. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "callgate.h"

static struct callgate_target target_for(enum callgate_abi host, uint64_t caps)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;

	target.host = host;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	target.caps = caps;
	return target;
}

static struct callgate_policy *parse(const char *text)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;

	cr_assert_eq(callgate_policy_parse(text, strlen(text), "test", &policy, NULL, &err), 0, "%s\nin %s", err.text,
		     text);
	return policy;
}

static struct callgate_filter *resolve(const char *text, const struct callgate_target *target)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = parse(text);
	struct callgate_filter *filter = NULL;

	cr_assert_eq(callgate_filter_resolve(policy, target, &filter, NULL, &err), 0, "%s\nin %s", err.text, text);
	callgate_policy_free(policy);
	return filter;
}

static struct callgate_text *convert(const char *text, const struct callgate_target *target,
				     enum callgate_format format)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = parse(text);
	struct callgate_text *out = NULL;

	cr_assert_eq(callgate_policy_write(policy, target, format, &out, &err), 0, "%s\nfrom %s", err.text, text);
	callgate_policy_free(policy);
	return out;
}

static void expect_equal(const char *a_text, const char *b_text, const struct callgate_target *target)
{
	struct callgate_filter *a = resolve(a_text, target), *b = resolve(b_text, target);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff = NULL;

	cr_assert_eq(callgate_filter_diff(a, b, 0, &diff, &err), 0, "%s", err.text);
	if (callgate_diff_count(diff)) {
		const struct callgate_difference *row = callgate_diff_at(diff, 0);

		cr_expect_fail("%u..%u on %s differ\nfrom %s\nto %s", row->first, row->last,
			       callgate_abi_name(row->abi), a_text, b_text);
	}
	callgate_diff_free(diff);
	callgate_filter_free(a);
	callgate_filter_free(b);
}

static void expect_lossless(const char *profile, struct callgate_target target, enum callgate_format format)
{
	struct callgate_text *text = convert(profile, &target, format);
	const struct callgate_loss *loss = callgate_text_loss_at(text, 0);

	cr_expect_null(loss, "%s: %s, then %s\nfrom %s", loss ? loss->calls : "", loss ? loss->profile : "",
		       loss ? loss->text : "", profile);
	expect_equal(profile, callgate_text_bytes(text, NULL), &target);
	callgate_text_free(text);
}

#define ARCHES \
	"\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_" \
	"X32\"]}," \
	"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_ARM\"]}]"
#define CONDITION(i, op, value, two) \
	"{\"index\":" #i ",\"op\":\"SCMP_CMP_" op "\",\"value\":" #value ",\"valueTwo\":" #two "}"

static const char *const profiles[] = {
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\"," ARCHES ",\"syscalls\":["
	"{\"names\":[\"read\",\"socket\",\"send\",\"clone3\",\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_BPF\"]}},"
	"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" CONDITION(
		0, "MASKED_EQ", 2114060288,
		0) "],\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"],\"arches\":[\"s390x\"]}},"
		   "{\"names\":[\"setns\"],\"action\":\"SCMP_ACT_ERRNO\",\"includes\":{\"minKernel\":\"4.8\"}},"
		   "{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":9,\"comment\":\"\\u0022no\\u0022 "
		   "\\\\ \"}]}",
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\"," ARCHES ",\"syscalls\":["
	"{\"name\":\"mkdir\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EPERM\"},{\"names\":[\"listmount\"],\"action\":"
	"\"SCMP_ACT_LOG\"}]}",
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\"," ARCHES ",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
	"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_KILL_PROCESS\",\"args\":[" CONDITION(
		0, "EQ", 40,
		0) "]},"
		   "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[" CONDITION(
			   0, "NE", 8,
			   0) "," CONDITION(1, "GT", 5,
					    0) "]},"
					       "{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7,"
					       "\"args\":[" CONDITION(0, "LE", 8, 0) "," CONDITION(
						       0, "GE", 77,
						       0) "]},{\"names\":[\"chown\"],\"action\":\"SCMP_ACT_KILL\","
							  "\"args\":[" CONDITION(1, "LT", 18446744073709551615,
										 0) "]}]}",
	"{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[]}",
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\"," ARCHES
	",\"listenerPath\":\"/run/a\\\"b\",\"listenerMetadata\":\"x\",\"syscalls\":["
	"{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
};

Test(convert, docker_and_oci_keep_their_meaning)
{
	static const enum callgate_abi hosts[] = { CALLGATE_ABI_X86_64, CALLGATE_ABI_AARCH64 };
	static const uint64_t caps[] = { 0, UINT64_C(1) << 39, UINT64_C(1) << 21 };

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		for (size_t j = 0; j < 6; j++) {
			struct callgate_target target = target_for(hosts[j % 2], caps[j / 2]);

			expect_lossless(profiles[i], target, CALLGATE_FORMAT_OCI);
			expect_lossless(profiles[i], target, CALLGATE_FORMAT_DOCKER);
			target.enosys = CALLGATE_ENOSYS_NEVER;
			expect_lossless(profiles[i], target, CALLGATE_FORMAT_OCI);
		}
	}
}

Test(convert, docker_keeps_the_questions)
{
	struct callgate_target asked = target_for(CALLGATE_ABI_X86_64, 0);
	struct callgate_text *text = convert(profiles[0], &asked, CALLGATE_FORMAT_DOCKER);
	const char *bytes = callgate_text_bytes(text, NULL);

	cr_expect(strstr(bytes, "\"caps\": [\"CAP_BPF\"]") && strstr(bytes, "\"minKernel\": \"4.8\""), "%s", bytes);
	for (uint64_t cap = 21; cap < 40; cap += 18) {
		struct callgate_target other = target_for(CALLGATE_ABI_X86_64, UINT64_C(1) << cap);

		expect_equal(profiles[0], bytes, &other);
	}
	callgate_text_free(text);
}

Test(convert, lxc_to_oci_and_back)
{
	static const char *const texts[] = {
		"2\ndenylist\nreject_force_umount\n[all]\nkexec_load errno 1\nopen_by_handle_at errno 1\ninit_module "
		"errno 1\n",
		"2\ndenylist\npersonality errno 38 [0,0,==]\nioctl kill [1,0x5401,==]\numask trap "
		"[0,8,>=][1,3,!=]\nchown errno 0 [2,1,&=,3]\n",
		"2\ndenylist\nmkdir errno 0\n[x86]\nacct trap\n",
	};
	struct callgate_target target = target_for(CALLGATE_ABI_X86_64, 0);

	target.libseccomp = 0x020504;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct callgate_text *json = convert(texts[i], &target, CALLGATE_FORMAT_OCI), *lxc;
		struct callgate_target as_lxc = target;

		cr_expect_eq(callgate_text_loss_count(json), 0, "%s", texts[i]);
		as_lxc.enosys = CALLGATE_ENOSYS_NEVER;
		lxc = convert(callgate_text_bytes(json, NULL), &as_lxc, CALLGATE_FORMAT_LXC);
		cr_expect_eq(callgate_text_loss_count(lxc), 0, "%s", texts[i]);
		as_lxc.reader = CALLGATE_AS_LXC;
		expect_equal(texts[i], callgate_text_bytes(lxc, NULL), &as_lxc);
		callgate_text_free(json);
		callgate_text_free(lxc);
	}
}

Test(convert, what_is_lost_is_said)
{
	struct callgate_target target = target_for(CALLGATE_ABI_X86_64, 0);
	struct callgate_text *text = convert("1\nallowlist\n0\n1\n1024\n", &target, CALLGATE_FORMAT_OCI);
	const struct callgate_loss *loss = callgate_text_loss_at(text, 0);

	cr_assert_eq(callgate_text_loss_count(text), 1);
	cr_expect_str_eq(loss->calls, "1024");
	cr_expect_str_eq(loss->profile, "ALLOW");
	cr_expect_str_eq(loss->text, "KILL_THREAD");
	cr_expect(strstr(loss->why, "without a name"), "%s", loss->why);
	callgate_text_free(text);
}

Test(convert, what_cannot_be_said_at_all_is_refused)
{
	static const char notify[] = "2\ndenylist\nmkdir notify\n";
	struct callgate_target target = target_for(CALLGATE_ABI_X86_64, 0);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = parse(notify);
	struct callgate_text *text = NULL;

	cr_expect_eq(callgate_policy_write(policy, &target, CALLGATE_FORMAT_OCI, &text, &err), CALLGATE_E_UNSUPPORTED);
	cr_expect(strstr(err.text, "listenerPath"), "%s", err.text);
	cr_expect_null(text);
	callgate_policy_free(policy);
}
