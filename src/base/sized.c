/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sized structs, in and out. */
#include "base/sized.h"

#include <string.h>

#include "base/err.h"

static size_t size_of(const void *given)
{
	size_t size;

	memcpy(&size, given, sizeof(size));
	return size;
}

static int check_size(size_t size, struct callgate_err *err)
{
	if (size < sizeof(size))
		return err_set(err, CALLGATE_E_ARG,
			       "a struct's size is not set: it was not set up with its _INIT macro");
	return 0;
}

int sized_in(void *known, size_t known_size, const void *given, struct callgate_err *err)
{
	size_t size = size_of(given);
	int r = check_size(size, err);

	if (r < 0)
		return r;
	for (size_t i = known_size; i < size; i++)
		if (((const char *)given)[i])
			return err_set(err, CALLGATE_E_ARG,
				       "a struct asks for something that this version of the library does not know");
	memset(known, 0, known_size);
	memcpy(known, given, size < known_size ? size : known_size);
	memcpy(known, &known_size, sizeof(known_size));
	return 0;
}

int sized_out(void *given, const void *known, size_t known_size, struct callgate_err *err)
{
	size_t size = size_of(given), both = size < known_size ? size : known_size;
	int r = check_size(size, err);

	if (r < 0)
		return r;
	memcpy(given, known, both);
	memset((char *)given + both, 0, size - both);
	memcpy(given, &size, sizeof(size));
	return 0;
}
