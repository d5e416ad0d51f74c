/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program with a thread in each of many calls that wait. It says "ready" when all wait, and for each line on its
 * standard input "disturbed N", naming on stderr the calls that came back, and ends when there are no more lines. The
 * calls that can never be restarted by the kernel (epoll_wait and its like) are among them. With a number it makes that
 * one call in its only thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int in, out; /* a pipe that nobody writes into */
static int listener, pair[2], epoll, event, timer, watch, signals, queue, semaphores, locked;
static uint32_t word;
static struct timespec long_time = { .tv_sec = 1000 };
static sigset_t usr1;
static pid_t sleeper;

static long wait_read(void)
{
	char c;
	return read(in, &c, 1);
}
static long wait_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}
static long wait_futex_time(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &long_time, NULL, 0);
}
static long wait_nanosleep(void)
{
	return nanosleep(&long_time, NULL);
}
static long wait_clock(void)
{
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL) ? -1 : 0;
}
static long wait_poll(void)
{
	struct pollfd p = { in, POLLIN, 0 };
	return poll(&p, 1, 1000000);
}
static long wait_ppoll(void)
{
	struct pollfd p = { in, POLLIN, 0 };
	return ppoll(&p, 1, NULL, &usr1);
}
static long wait_select(void)
{
	fd_set s;
	FD_ZERO(&s);
	FD_SET(in, &s);
	return select(in + 1, &s, NULL, NULL, NULL);
}
static long wait_pselect(void)
{
	fd_set s;
	FD_ZERO(&s);
	FD_SET(in, &s);
	return pselect(in + 1, &s, NULL, NULL, &long_time, &usr1);
}
static long wait_epoll(void)
{
	struct epoll_event e;
	return epoll_wait(epoll, &e, 1, -1);
}
static long wait_epoll_pwait(void)
{
	struct epoll_event e;
	return epoll_pwait(epoll, &e, 1, -1, &usr1);
}
static long wait_accept(void)
{
	return accept(listener, NULL, NULL);
}
static long wait_recv(void)
{
	char c;
	return recv(pair[0], &c, 1, 0);
}
static long wait_recvmsg(void)
{
	struct msghdr m = { 0 };
	char c;
	struct iovec v = { &c, 1 };
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	return recvmsg(pair[1], &m, 0);
}
static long wait_sigtimedwait(void)
{
	return sigtimedwait(&usr1, NULL, &long_time);
}
static long wait_pause(void)
{
	return pause();
}
static long wait_sigsuspend(void)
{
	return sigsuspend(&usr1);
}
static long wait_semop(void)
{
	struct sembuf b = { 0, -1, 0 };
	return semop(semaphores, &b, 1);
}
static long wait_msgrcv(void)
{
	struct {
		long type;
		char c;
	} m;
	return msgrcv(queue, &m, 1, 0, 0);
}
static long wait_wait4(void)
{
	return waitpid(sleeper, NULL, 0);
}
static long wait_waitid(void)
{
	siginfo_t i;
	return waitid(P_PID, (id_t)sleeper, &i, WEXITED | WNOWAIT);
}
static long wait_flock(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	return flock(fd, LOCK_EX);
}
static long wait_eventfd(void)
{
	uint64_t v;
	return read(event, &v, sizeof(v));
}
static long wait_timerfd(void)
{
	uint64_t v;
	return read(timer, &v, sizeof(v));
}
static long wait_inotify(void)
{
	char b[256];
	return read(watch, b, sizeof(b));
}
static long wait_signalfd(void)
{
	struct signalfd_siginfo i;
	return read(signals, &i, sizeof(i));
}

static const struct call {
	const char *name;
	long (*wait)(void);
} calls[] = {
	{ "read", wait_read },
	{ "futex", wait_futex },
	{ "futex with time", wait_futex_time },
	{ "nanosleep", wait_nanosleep },
	{ "clock_nanosleep", wait_clock },
	{ "poll", wait_poll },
	{ "ppoll", wait_ppoll },
	{ "select", wait_select },
	{ "pselect", wait_pselect },
	{ "epoll_wait", wait_epoll },
	{ "epoll_pwait", wait_epoll_pwait },
	{ "accept", wait_accept },
	{ "recv", wait_recv },
	{ "recvmsg", wait_recvmsg },
	{ "sigtimedwait", wait_sigtimedwait },
	{ "pause", wait_pause },
	{ "sigsuspend", wait_sigsuspend },
	{ "semop", wait_semop },
	{ "msgrcv", wait_msgrcv },
	{ "wait4", wait_wait4 },
	{ "waitid", wait_waitid },
	{ "flock", wait_flock },
	{ "eventfd", wait_eventfd },
	{ "timerfd", wait_timerfd },
	{ "inotify", wait_inotify },
	{ "signalfd", wait_signalfd },
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };
static pid_t tids[CALLS];
static atomic_int disturbed, started, ending;

static void *thread_main(void *data)
{
	const struct call *call = data;
	long r;

	tids[call - calls] = (pid_t)syscall(SYS_gettid);
	atomic_fetch_add(&started, 1);
	r = call->wait();
	if (atomic_load(&ending))
		pause();
	fprintf(stderr, "%s came back with %ld, %s\n", call->name, r, strerror(errno));
	atomic_fetch_add(&disturbed, 1);
	pause();
	return NULL;
}

static void prepare(void)
{
	struct itimerspec never = { .it_value = { .tv_sec = 1000 } };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct epoll_event e = { .events = EPOLLIN };
	int fds[2];

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	if (pipe2(fds, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		exit(99);
	in = fds[0];
	out = fds[1];
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "callgate-blocked-%d", (int)getpid());
	bind(listener, (struct sockaddr *)&address, sizeof(address));
	listen(listener, 1);
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, in, &e);
	event = eventfd(0, 0);
	timer = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(timer, 0, &never, NULL);
	watch = inotify_init();
	inotify_add_watch(watch, "/proc/self/exe", IN_DELETE_SELF);
	signals = signalfd(-1, &usr1, 0);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	locked = open("/proc/self/exe", O_RDONLY);
	flock(locked, LOCK_EX);
	sleeper = fork();
	if (sleeper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
}

/* Sleeping in a call, by /proc: the fields of stat behind the name begin with the state. */
static int waits(pid_t tid)
{
	char path[64], text[512], *at;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : (int)read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at && at[2] == 'S';
}

/* Queues and semaphores outlive their processes. */
static void give_back(int number)
{
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	if (sleeper > 0)
		kill(sleeper, SIGKILL);
	_exit(number);
}

static int alone(const struct call *call)
{
	long r;

	printf("ready %s\n", call->name);
	fflush(stdout);
	r = call->wait();
	fprintf(stderr, "%s came back with %ld, %s\n", call->name, r, strerror(errno));
	pause();
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	char line[64];

	prepare();
	signal(SIGTERM, give_back);
	if (argc > 1 && (size_t)atoi(argv[1]) < CALLS)
		return alone(&calls[atoi(argv[1])]);
	for (size_t i = 0; i < CALLS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_main, (void *)&calls[i]))
			return 99;
	}
	while (atomic_load(&started) < CALLS)
		nanosleep(&nap, NULL);
	for (size_t i = 0; i < CALLS; i++)
		while (!waits(tids[i]))
			nanosleep(&nap, NULL);
	printf("ready %d\n", (int)CALLS);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("disturbed %d\n", atomic_load(&disturbed));
		fflush(stdout);
	}
	atomic_store(&ending, 1);
	(void)out;
	give_back(0);
}
