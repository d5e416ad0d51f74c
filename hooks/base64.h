/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 (RFC 4648) back to bytes. */
#ifndef CALLGATE_HOOKS_BASE64_H
#define CALLGATE_HOOKS_BASE64_H

#include <stddef.h>

/* malloc'ed; NULL: not base64 to the letter, or no memory. */
void *base64_decode(const char *text, size_t size, size_t *length);

#endif
