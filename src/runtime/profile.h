/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profile: where profiles with bare names are. */
#ifndef CALLGATE_RUNTIME_PROFILE_H
#define CALLGATE_RUNTIME_PROFILE_H

/* The admin's directory first, then what callgate ships. */
#define PROFILE_DIRECTORIES SYSCONFDIR "/callgate/profiles", PKGDATADIR "/profiles"

#endif
