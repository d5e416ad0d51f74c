/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second back end. Not in the core: libseccomp's door. */
#ifndef CALLGATE_BPF_LOWER_LIBSECCOMP_H
#define CALLGATE_BPF_LOWER_LIBSECCOMP_H

#include "bpf/libseccomp.h"
#include "bpf/prog.h"

/* The program that a libseccomp, NULL: the installed one, makes of a filter. E_UNSUPPORTED: it cannot say the filter,
 * the text tells why. E_LIMIT: not finished after so many seconds. The result is checked but not proved. */
int prog_lower_libseccomp(const struct callgate_filter *filter, const struct libseccomp *library, unsigned seconds,
			  struct callgate_prog **out, struct callgate_err *err);

#endif
