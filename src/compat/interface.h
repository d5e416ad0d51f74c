/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interface: the types and functions that programs built against <seccomp.h> of libseccomp 2.5 and 2.6 use. Written
 * down here, and not included, so that the library is the same on a machine that has no or an older <seccomp.h>.
 */
#ifndef CALLGATE_COMPAT_INTERFACE_H
#define CALLGATE_COMPAT_INTERFACE_H

#include <stddef.h>
#include <stdint.h>

enum { VERSION_MAJOR = 2, VERSION_MINOR = 6, VERSION_MICRO = 0 };
struct scmp_version {
	unsigned major, minor, micro;
};

typedef void *scmp_filter_ctx;

enum scmp_filter_attr {
	SCMP_FLTATR_ACT_DEFAULT = 1,
	SCMP_FLTATR_ACT_BADARCH,
	SCMP_FLTATR_CTL_NNP,
	SCMP_FLTATR_CTL_TSYNC,
	SCMP_FLTATR_API_TSKIP,
	SCMP_FLTATR_CTL_LOG,
	SCMP_FLTATR_CTL_SSB,
	SCMP_FLTATR_CTL_OPTIMIZE,
	SCMP_FLTATR_API_SYSRAWRC,
	SCMP_FLTATR_CTL_WAITKILL,
};

enum scmp_compare {
	SCMP_CMP_NE = 1,
	SCMP_CMP_LT,
	SCMP_CMP_LE,
	SCMP_CMP_EQ,
	SCMP_CMP_GE,
	SCMP_CMP_GT,
	SCMP_CMP_MASKED_EQ,
};

struct scmp_arg_cmp {
	unsigned arg;
	enum scmp_compare op;
	uint64_t datum_a, datum_b;
};

/* Actions are the words that a filter returns (SECCOMP_RET_* of <linux/seccomp.h>). */
enum { ARG_COUNT = 6, NR_ERROR = -1 };

struct seccomp_notif;
struct seccomp_notif_resp;
struct seccomp_notif_addfd;

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const struct scmp_version *seccomp_version(void);
EXPORTED unsigned seccomp_api_get(void);
EXPORTED int seccomp_api_set(unsigned level);
EXPORTED scmp_filter_ctx seccomp_init(uint32_t def_action);
EXPORTED int seccomp_reset(scmp_filter_ctx ctx, uint32_t def_action);
EXPORTED void seccomp_release(scmp_filter_ctx ctx);
EXPORTED int seccomp_merge(scmp_filter_ctx ctx_dst, scmp_filter_ctx ctx_src);
EXPORTED uint32_t seccomp_arch_resolve_name(const char *arch_name);
EXPORTED uint32_t seccomp_arch_native(void);
EXPORTED int seccomp_arch_exist(const scmp_filter_ctx ctx, uint32_t arch_token);
EXPORTED int seccomp_arch_add(scmp_filter_ctx ctx, uint32_t arch_token);
EXPORTED int seccomp_arch_remove(scmp_filter_ctx ctx, uint32_t arch_token);
EXPORTED int seccomp_load(const scmp_filter_ctx ctx);
EXPORTED int seccomp_attr_get(const scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t *value);
EXPORTED int seccomp_attr_set(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value);
EXPORTED char *seccomp_syscall_resolve_num_arch(uint32_t arch_token, int num);
EXPORTED int seccomp_syscall_resolve_name_arch(uint32_t arch_token, const char *name);
EXPORTED int seccomp_syscall_resolve_name_rewrite(uint32_t arch_token, const char *name);
EXPORTED int seccomp_syscall_resolve_name(const char *name);
EXPORTED int seccomp_syscall_priority(scmp_filter_ctx ctx, int syscall, uint8_t priority);
EXPORTED int seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt, ...);
EXPORTED int seccomp_rule_add_array(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt,
				    const struct scmp_arg_cmp *arg_array);
EXPORTED int seccomp_rule_add_exact(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt, ...);
EXPORTED int seccomp_rule_add_exact_array(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned arg_cnt,
					  const struct scmp_arg_cmp *arg_array);
EXPORTED int seccomp_notify_alloc(struct seccomp_notif **req, struct seccomp_notif_resp **resp);
EXPORTED void seccomp_notify_free(struct seccomp_notif *req, struct seccomp_notif_resp *resp);
EXPORTED int seccomp_notify_receive(int fd, struct seccomp_notif *req);
EXPORTED int seccomp_notify_respond(int fd, struct seccomp_notif_resp *resp);
EXPORTED int seccomp_notify_id_valid(int fd, uint64_t id);
EXPORTED int seccomp_notify_addfd(int fd, struct seccomp_notif_addfd *addfd);
EXPORTED int seccomp_notify_fd(const scmp_filter_ctx ctx);
EXPORTED int seccomp_export_pfc(const scmp_filter_ctx ctx, int fd);
EXPORTED int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd);
EXPORTED int seccomp_export_bpf_mem(const scmp_filter_ctx ctx, void *buf, size_t *len);
EXPORTED int seccomp_transaction_start(const scmp_filter_ctx ctx);
EXPORTED int seccomp_transaction_commit(const scmp_filter_ctx ctx);
EXPORTED void seccomp_transaction_reject(const scmp_filter_ctx ctx);
EXPORTED int seccomp_precompute(const scmp_filter_ctx ctx);

#endif
