/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the system's libseccomp: by the path that it was built against, so that a library of the same name in a search
 * path does not take its place, and by its name where that path does not exist. */
#include "bpf/libseccomp.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "config.h"

#define ROW(name) \
	{ \
		"seccomp_" #name, offsetof(struct libseccomp, name) \
	}
static const struct {
	const char *symbol;
	size_t offset;
} rows[] = {
	ROW(version),
	ROW(api_set),
	ROW(init),
	ROW(merge),
	ROW(arch_native),
	ROW(arch_resolve_name),
	ROW(arch_add),
	ROW(arch_remove),
	ROW(attr_set),
	ROW(syscall_resolve_name),
	ROW(syscall_resolve_name_arch),
	ROW(rule_add_array),
	ROW(rule_add_exact_array),
	ROW(export_bpf),
};

static const char *loader_reason(void)
{
	const char *reason = dlerror();

	return reason ? reason : "the dynamic loader gives no reason";
}

int libseccomp_take(void *library, struct libseccomp *out, struct callgate_err *err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *symbol = dlsym(library, rows[i].symbol);

		if (!symbol)
			return err_set(err, CALLGATE_E_UNSUPPORTED, "cannot use libseccomp: %s", loader_reason());
		memcpy((char *)out + rows[i].offset, &symbol, sizeof(symbol));
	}
	return 0;
}

int libseccomp_load(struct libseccomp *out, struct callgate_err *err)
{
	void *library = dlopen(LIBSECCOMP_PATH, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		library = dlopen(LIBSECCOMP_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "cannot load libseccomp: %s", loader_reason());
	return libseccomp_take(library, out, err);
}
