/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libseccomp, loaded when it is first needed: the functions of the system's library, by their names without the prefix.
 */
#ifndef CALLGATE_BPF_LIBSECCOMP_H
#define CALLGATE_BPF_LIBSECCOMP_H

#include <seccomp.h>

#include "callgate.h"

struct libseccomp {
	__typeof__(seccomp_version) *version;
	__typeof__(seccomp_api_set) *api_set;
	__typeof__(seccomp_init) *init;
	__typeof__(seccomp_merge) *merge;
	__typeof__(seccomp_arch_native) *arch_native;
	__typeof__(seccomp_arch_resolve_name) *arch_resolve_name;
	__typeof__(seccomp_arch_add) *arch_add;
	__typeof__(seccomp_arch_remove) *arch_remove;
	__typeof__(seccomp_attr_set) *attr_set;
	__typeof__(seccomp_syscall_resolve_name) *syscall_resolve_name;
	__typeof__(seccomp_syscall_resolve_name_arch) *syscall_resolve_name_arch;
	__typeof__(seccomp_rule_add_array) *rule_add_array;
	__typeof__(seccomp_rule_add_exact_array) *rule_add_exact_array;
	__typeof__(seccomp_export_bpf) *export_bpf;
};

/*
 * Stays loaded. E_UNSUPPORTED: it is not installed, or lacks one of these functions; the text has the loader's reason.
 */
int libseccomp_load(struct libseccomp *out, struct callgate_err *err);
/* The same of a library that the caller has loaded with dlopen(3). */
int libseccomp_take(void *library, struct libseccomp *out, struct callgate_err *err);

#endif
