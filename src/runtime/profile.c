/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles by bare name: the admin's directory first, then what callgate ships. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "callgate.h"
#include "runtime/profile.h"

static const char *const directories[] = { PROFILE_DIRECTORIES };
static const char *const endings[] = { "", ".json" };

int callgate_profile_find(const char *name, char *path, size_t size, struct callgate_err *err)
{
	REQUIRE(err, name && path);
	if (strchr(name, '/') || name[0] == '\0' || name[0] == '.')
		return err_set(err, CALLGATE_E_ARG, "a profile's name has no '/' and no dot in front");
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		for (size_t j = 0; j < sizeof(endings) / sizeof(endings[0]); j++) {
			int n = snprintf(path, size, "%s/%s%s", directories[i], name, endings[j]);

			if (n > 0 && (size_t)n < size && access(path, F_OK) == 0)
				return 0;
		}
	}
	return err_set(err, CALLGATE_E_NOTFOUND, "no profile '%s' in %s or %s", name, directories[0], directories[1]);
}
