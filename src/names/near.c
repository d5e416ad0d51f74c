/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far apart two words are, and which known word is nearest to a mistyped one. */
#include "base/private.h"
#include "names/words.h"

#include <string.h>

enum { WORD_MAX = 64 };

/* Optimal string alignment over three rows, only the diagonal band that a distance within the limit can touch. */
unsigned near_distance(struct slice a, struct slice b, unsigned limit)
{
	unsigned char rows[3][WORD_MAX + 1];
	unsigned char *before = rows[0], *above = rows[1], *row = rows[2];
	size_t gap = a.size > b.size ? a.size - b.size : b.size - a.size;

	if (limit > WORD_MAX)
		limit = WORD_MAX;
	if (a.size > WORD_MAX || b.size > WORD_MAX || gap > limit)
		return limit + 1;
	for (size_t j = 0; j <= b.size; j++)
		above[j] = (unsigned char)j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t first = i > limit ? i - limit : 1, last = i + limit < b.size ? i + limit : b.size;
		unsigned char *spare = before, least;

		memset(row, (int)limit + 1, b.size + 1);
		row[0] = (unsigned char)i;
		least = first == 1 ? row[0] : (unsigned char)(limit + 1);
		for (size_t j = first; j <= last; j++) {
			unsigned best = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);

			best = above[j] + 1u < best ? above[j] + 1u : best;
			best = row[j - 1] + 1u < best ? row[j - 1] + 1u : best;
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1] &&
			    before[j - 2] + 1u < best)
				best = before[j - 2] + 1u;
			row[j] = (unsigned char)(best > limit ? limit + 1 : best);
			least = row[j] < least ? row[j] : least;
		}
		if (least > limit)
			return limit + 1;
		before = above;
		above = row;
		row = spare;
	}
	return above[b.size] > limit ? limit + 1 : above[b.size];
}

struct near near_start(struct slice word)
{
	/* Of three letters two edits leave nothing to recognise. */
	return (struct near){ .word = word, .best = word.size < 3 ? 1 : word.size < 5 ? 2 : 3 };
}

void near_offer(struct near *near, const char *known)
{
	struct slice other = { known, strlen(known) };
	unsigned distance;

	if (near->best == 0)
		return;
	distance = slice_is_nocase(near->word, known) ? 0 : near_distance(near->word, other, near->best - 1);
	if (distance < near->best) {
		near->best = distance;
		near->found = known;
	}
}

const char *callgate_nearest_word(const char *word, const char *const words[])
{
	struct near near = near_start(slice_of(word));

	for (; *words; words++)
		near_offer(&near, *words);
	return near.found;
}
