/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filelocks UNIT_MS flock|process|openfile|semop
 *
 * As holders, but five processes queue for a lock on a file (flock, or fcntl on
 * some of its bytes, of a process or of the open file) or for a semaphore of System V: they
 * hold it for 1, 5, 2, 3 and 4 units and so are to blame for 4, 15, 4, 3 and 0.
 */
#include "truth.h"

#include <sys/file.h>
#include <sys/sem.h>

enum { HOLDERS = 5, NUMBER = 2 };

static const unsigned int units[HOLDERS] = { 1, 5, 2, 3, 4 };
static const char file[] = "filelocks.data";
static const char *mode;
static uint64_t unit_ns;
static int semaphores = -1;

struct holder {
	pid_t tid;
	uint64_t asked_ns, got_ns, gave_ns;
};

static struct memory {
	_Atomic bool everybody_waits, first_holds;
	struct holder holders[HOLDERS];
} *shared;

static void change(int fd, bool take)
{
	struct flock bytes = { .l_type = take ? F_WRLCK : F_UNLCK, .l_whence = SEEK_END,
			       .l_start = -10, .l_len = 5 };
	struct sembuf one = { .sem_num = NUMBER, .sem_op = take ? -1 : 1 };
	int rc;

	if (!strcmp(mode, "flock"))
		rc = flock(fd, take ? LOCK_EX : LOCK_UN);
	else if (!strcmp(mode, "semop"))
		rc = semop(semaphores, &one, 1);
	else
		rc = fcntl(fd, !strcmp(mode, "process") ? F_SETLKW : F_OFD_SETLKW, &bytes);
	if (rc)
		die("%s", mode);
}

__attribute__((noinline)) static void keep(unsigned int index)
{
	while (!index && !shared->everybody_waits)
		sleep_ns(100 * NS_PER_US);
	sleep_ns(units[index] * unit_ns);
}

static void hold(unsigned int index)
{
	struct holder *h = &shared->holders[index];
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	if (fd < 0)
		die("%s", file);
	h->tid = thread_id();
	h->asked_ns = now_ns();
	change(fd, true);
	h->got_ns = now_ns();
	shared->first_holds = true;
	keep(index);
	h->gave_ns = now_ns();
	change(fd, false);
}

static void make(void)
{
	union {
		int val;
	} one = { 1 };
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, 110))
		die("%s", file);
	close(fd);
	if (strcmp(mode, "semop"))
		return;
	semaphores = semget(IPC_PRIVATE, NUMBER + 1, 0600);
	if (semaphores < 0 || semctl(semaphores, NUMBER, SETVAL, one))
		skip("semget");
}

int main(int argc, char **argv)
{
	unit_ns = number(argc, argv, 1, 20) * NS_PER_MS;
	mode = word(argc, argv, 2, "flock");
	shared = shared_memory(sizeof(*shared));
	exact_timers();
	make();
	for (unsigned int i = 0; i < HOLDERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			hold(i);
			_exit(0);
		}
		while (!shared->first_holds)
			sleep_ns(100 * NS_PER_US);
		/* time enough to be in the queue before the next one comes */
		sleep_ns(5 * NS_PER_MS);
	}
	shared->everybody_waits = true;
	while (wait(NULL) > 0)
		;
	if (semaphores >= 0)
		semctl(semaphores, 0, IPC_RMID);
	printf("{\"unit_ns\": %" PRIu64 ", \"semid\": %d, \"holders\": [", unit_ns, semaphores);
	for (unsigned int i = 0; i < HOLDERS; i++) {
		const struct holder *h = &shared->holders[i];
		uint64_t blame = 0;

		for (unsigned int k = 0; k < HOLDERS; k++)
			blame += overlap(h->got_ns, h->gave_ns, shared->holders[k].asked_ns,
					 shared->holders[k].got_ns);
		printf("%s{\"tid\": %d, \"units\": %u, \"blame_ns\": %" PRIu64
		       ", \"wait_ns\": %" PRIu64 "}",
		       i ? ", " : "", h->tid, units[i], blame, h->got_ns - h->asked_ns);
	}
	printf("]}\n");
	return 0;
}
