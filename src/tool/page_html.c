/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page, as HTML: head and style, text that is only text, tables that become lists of cards on a narrow screen. */
#include <stdlib.h>
#include <string.h>

#include "tool/page.h"

void html_text(FILE *to, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *shown = malloc(size);

	if (!shown)
		return;
	callgate_escape(text, shown, size);
	for (const char *at = shown; *at; at++) {
		if (*at == '&')
			fputs("&amp;", to);
		else if (*at == '<')
			fputs("&lt;", to);
		else if (*at == '>')
			fputs("&gt;", to);
		else if (*at == '"')
			fputs("&quot;", to);
		else
			putc(*at, to);
	}
	free(shown);
}

/* A letter for each kind of action, so that nobody has to tell colours apart: A allowed, C by the arguments, L logged,
 * E an error, N ENOSYS, K killed, T SIGSYS, R a tracer, U a supervisor, O what cannot be told. */
static const char style[] =
	":root{color-scheme:light dark;--back:#fff;--text:#1c1c1c;--soft:#5a5a5a;--line:#d4d4d4;--link:#0b57a4;"
	"--A:#c8e6c9;--At:#0b3d0f;--C:#fdf0c0;--Ct:#453500;--L:#bbdefb;--Lt:#06325c;--E:#ffe0b2;--Et:#5a2d00;"
	"--N:#e3e3e3;--Nt:#363636;--K:#ffcdd2;--Kt:#6b0012;--R:#e8cdee;--Rt:#3c0b47}\n"
	"@media screen and (prefers-color-scheme:dark){:root{--back:#161616;--text:#ececec;--soft:#b0b0b0;--line:#444;"
	"--link:#8ec2f8;--A:#1b4d22;--At:#d6f5d9;--C:#4d4012;--Ct:#fff4d0;--L:#12406b;--Lt:#d8ebff;--E:#5c3a0c;"
	"--Et:#ffe6c7;--N:#3a3a3a;--Nt:#e6e6e6;--K:#6b1a24;--Kt:#ffdfe2;--R:#4d2159;--Rt:#f6ddfb}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--back);"
	"color:var(--text);font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}"
	"h3{font-size:1rem;margin:1.5rem 0 .4rem}p{margin:.4rem 0}a{color:var(--link)}.soft{color:var(--soft)}"
	"code,.heat,.lines,dt{font-family:ui-monospace,monospace;font-size:.85rem}\n"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;"
	"border-bottom:1px solid var(--line)}td{min-width:5.5rem}td:first-child{min-width:4rem}"
	"th{color:var(--soft);font-weight:600;font-size:.85rem;overflow-wrap:normal}\n"
	".heat{columns:17rem;column-gap:1.5rem;list-style:none;padding:0;margin:.5rem 0}"
	".heat li{display:flex;flex-wrap:wrap;align-items:center;break-inside:avoid;padding:1px 0}"
	".heat b{flex:1 1 8rem;font-weight:400}.heat .d b{font-weight:700}"
	".heat i,.key i{flex:none;width:1.4rem;text-align:center;font-style:normal;margin-left:2px;border-radius:3px;"
	"print-color-adjust:exact;-webkit-print-color-adjust:exact}.heat .g{margin-left:.7rem}"
	".key i{display:inline-block;margin:0 .2rem 0 .8rem}\n"
	".A{background:var(--A);color:var(--At)}.C{background:var(--C);color:var(--Ct)}"
	".L{background:var(--L);color:var(--Lt)}.E{background:var(--E);color:var(--Et)}"
	".N{background:var(--N);color:var(--Nt)}.K,.T{background:var(--K);color:var(--Kt)}"
	".R,.U{background:var(--R);color:var(--Rt)}.O{outline:1px solid var(--soft)}.bad{font-weight:700}\n"
	"dt{margin-top:.5rem}dd{margin:0 0 0 1rem}.lines dd span{white-space:nowrap;margin-right:.9rem}\n"
	".lines dd small{white-space:normal}\n"
	"@media(max-width:44rem){thead{display:none}tr{display:block;border:1px solid var(--line);border-radius:6px;"
	"margin:.5rem 0;padding:.3rem}td{display:flex;border:0;padding:.1rem .3rem}"
	"td:before{content:attr(data-h);flex:0 0 7rem;color:var(--soft);font-size:.85rem}"
	".lines dd span{white-space:normal}}\n"
	"@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10pt}a{color:inherit}"
	"h2,h3,dt{break-after:avoid}tr,.heat li{break-inside:avoid}}\n";

void html_begin(FILE *to, const char *title)
{
	/* The policy holds a browser to what this file promises: nothing is fetched, nothing is run. */
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n<title>",
	      to);
	html_text(to, title);
	fprintf(to, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
	html_text(to, title);
	fputs("</h1>\n", to);
}

void html_end(FILE *to)
{
	fputs("</body>\n</html>\n", to);
}

void table_begin(FILE *to, const char *const heads[], size_t count)
{
	fputs("<table>\n<thead><tr>", to);
	for (size_t i = 0; i < count; i++)
		fprintf(to, "<th scope=\"col\">%s</th>", heads[i]);
	fputs("</tr></thead>\n<tbody>\n", to);
}

void cell_begin(FILE *to, const char *head)
{
	fprintf(to, "<td data-h=\"%s\">", head);
}

void cell(FILE *to, const char *head, const char *text)
{
	cell_begin(to, head);
	html_text(to, text);
	fputs("</td>", to);
}

void cell_number(FILE *to, const char *head, size_t number)
{
	cell_begin(to, head);
	fprintf(to, "%zu</td>", number);
}

void table_end(FILE *to)
{
	fputs("</tbody>\n</table>\n", to);
}
