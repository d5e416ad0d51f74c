/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of others on its way to a terminal, a row, a log or JSON. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/private.h"
#include "callgate.h"

Test(escape, keeps_what_is_harmless_and_shows_the_rest)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "nginx: worker 1", "nginx: worker 1" },
		{ "a\tb\nc\rd", "a\\x09b\\x0ac\\x0dd" },
		{ "\033]0;title\007", "\\x1b]0;title\\x07" },
		{ "back\\slash \"quote\"", "back\\\\slash \"quote\"" },
		{ "M\303\274ller \346\227\245", "M\303\274ller \346\227\245" },
		{ "\302\233"
		  "31m",
		  "\\xc2\\x9b31m" },                                 /* CSI as one control character */
		{ "\342\200\256txt.exe", "\\xe2\\x80\\xaetxt.exe" }, /* right to left from here */
		{ "\377\376", "\\xff\\xfe" },
		{ "\300\257", "\\xc0\\xaf" },          /* a slash in too many bytes */
		{ "\355\240\200", "\\xed\\xa0\\x80" }, /* half of a surrogate pair */
		{ "\303", "\\xc3" },                   /* cut off */
		{ "\177", "\\x7f" },
	};
	char out[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_str_eq(callgate_escape(rows[i].text, out, sizeof(out)), rows[i].want, "row %zu: %s", i, out);
}

Test(escape, never_writes_past_the_end_or_half_a_character)
{
	const char *text = "a\033b\303\274c";
	char out[64];

	for (size_t size = 1; size < sizeof(out); size++) {
		memset(out, 'X', sizeof(out));
		callgate_escape(text, out, size);
		cr_assert_lt(strlen(out), size);
		cr_assert_eq(out[size], 'X');
		cr_assert_eq(strncmp("a\\x1bb\303\274c", out, strlen(out)), 0);
		cr_assert_neq(out[strlen(out) - (size > 1)], '\303');
	}
	cr_assert_null(callgate_escape(text, NULL, 0));
	cr_assert_str_eq(callgate_escape(NULL, out, sizeof(out)), "");
}
