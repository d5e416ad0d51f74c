/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which libseccomp is installed: the engines that resolve names by it load the same one. */
#include "bpf/libseccomp.h"

uint32_t callgate_libseccomp_release(void)
{
	const struct scmp_version *version;
	struct libseccomp library;

	if (libseccomp_load(&library, NULL))
		return 0;
	version = library.version();
	return version ? version->major << 16 | version->minor << 8 | version->micro : 0;
}
