/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI containers by name: those that runtimes know, and for root those of users: oci:USER/NAME. */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/private.h"
#include "runtime/hooks.h"
#include "tool/tool.h"

enum { CONTAINERS = 64 };

/* "cgadmin" or "4711" in front of a slash. */
static bool user_of(const char *source, uid_t *uid)
{
	size_t size = strcspn(source, "/");
	const struct passwd *user;
	char name[256];
	uint64_t number;

	if (!source[size] || snprintf(name, sizeof(name), "%.*s", (int)size, source) >= (int)sizeof(name))
		return false;
	user = getpwnam(name);
	if (user)
		*uid = user->pw_uid;
	else if (number_parse(name, 32, &number) == 0 && name[0] != '-')
		*uid = (uid_t)number;
	else
		return false;
	return true;
}

const char *user_word(uid_t uid, char *buf, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	snprintf(buf, size, "%u", (unsigned)uid);
	return user && !strchr(user->pw_name, '/') && strlen(user->pw_name) < size ? strcpy(buf, user->pw_name) : buf;
}

static size_t find(const char *name, const uid_t *of, struct callgate_users_container *list)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count;

	if (callgate_oci_users(name, of, list, CONTAINERS, &count, &err) == 0)
		return count;
	report_err(&err);
	return 0;
}

static int of_user(uid_t uid, const char *name, pid_t *pid)
{
	struct callgate_users_container list[CONTAINERS];
	size_t his = find(name, &uid, list);
	char user[256], shown[4 * 256];

	callgate_escape(name, shown, sizeof(shown));
	if (his == 1) {
		*pid = list[0].pid;
		return EXIT_YES;
	}
	report(his ? "several containers of user %s are called '%s'; pid:N names one:"
		   : "no container '%2$s' of user %1$s runs",
	       user_word(uid, user, sizeof(user)), shown);
	for (size_t i = 0; i < his; i++)
		fprintf(stderr, "  pid:%ld\n", (long)list[i].pid);
	return EXIT_CANNOT;
}

/* A user's container does not answer to a name that root gives in general: anybody could take the name of one of
 * root's. */
void oci_hint_users(const char *name)
{
	struct callgate_users_container list[CONTAINERS];
	size_t count = geteuid() == 0 ? find(name, NULL, list) : 0;
	char user[256], shown[4 * 256];

	callgate_escape(name, shown, sizeof(shown));
	for (size_t i = 0; i < count; i++) {
		user_word(list[i].uid, user, sizeof(user));
		fprintf(stderr, "callgate: note: user %s has a container of this name: oci:%s/%s\n", user, user, shown);
	}
}

bool oci_is_users(const char *source)
{
	uid_t uid;

	return geteuid() == 0 && strncmp(source, "oci:", 4) == 0 && user_of(source + 4, &uid);
}

int oci_init_pid(const struct options *options, const char *id, pid_t *pid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	uid_t uid;

	if (geteuid() == 0 && user_of(id, &uid))
		return of_user(uid, strchr(id, '/') + 1, pid);
	if (callgate_oci_init_pid(options->root, id, pid, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	if (err.code == CALLGATE_E_NOTFOUND)
		oci_hint_users(id);
	return EXIT_CANNOT;
}
