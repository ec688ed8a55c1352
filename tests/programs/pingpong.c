/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pingpong PAIRS ROUNDS pinned|free [RATE]
 *
 * Pairs of threads send a byte to and fro through two pipes. Pinned, a pair
 * shares a core and nobody preempts whoever woke him (SCHED_BATCH), so each
 * read blocks: one wait a round and thread, ended by the partner. Whatever
 * happens, the kernel's count of voluntary switches is the number of waits.
 * With RATE each pair plays so many rounds a second, a hundredth of them every
 * 10 ms, and sleeps in between.
 */
#include "truth.h"

#include <sys/stat.h>

static uint64_t rounds, rate;
static bool pinned;
static pthread_barrier_t barrier;

struct player {
	int index, in, out;
	struct span life, play;
};

static void pace(uint64_t round, uint64_t begin_ns)
{
	uint64_t batch = rate / 100, due_ns, time_ns = now_ns();

	if (!batch || round % batch)
		return;
	due_ns = begin_ns + round / batch * 10 * NS_PER_MS;
	if (due_ns > time_ns)
		sleep_ns(due_ns - time_ns);
}

static void *play(void *argument)
{
	struct player *p = argument;
	bool serves = p->index % 2 == 0;
	uint64_t begin_ns;
	char byte = 0;

	span_open(&p->life);
	span_birth(&p->life);
	if (pinned) {
		pin(p->index / 2);
		sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	}
	pthread_barrier_wait(&barrier);
	span_open(&p->play);
	span_begin(&p->play);
	begin_ns = now_ns();
	for (uint64_t i = 0; i < rounds; i++) {
		if (serves)
			pace(i, begin_ns);
		if (serves && write(p->out, &byte, 1) != 1)
			die("write");
		if (read(p->in, &byte, 1) != 1)
			die("read");
		if (!serves && write(p->out, &byte, 1) != 1)
			die("write");
	}
	span_end(&p->play);
	span_end(&p->life);
	return NULL;
}

static uint64_t inode(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat");
	return st.st_ino;
}

int main(int argc, char **argv)
{
	int count = 2 * (int)number(argc, argv, 1, 1);
	struct player *players = calloc((size_t)count, sizeof(*players));
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));

	if (!players || !threads)
		die("calloc");
	rounds = number(argc, argv, 2, 10000);
	rate = number(argc, argv, 4, 0);
	pinned = !strcmp(word(argc, argv, 3, "pinned"), "pinned");
	pthread_barrier_init(&barrier, NULL, (unsigned int)count);
	for (int i = 0; i < count; i += 2) {
		int to[2], fro[2];

		if (pipe(to) || pipe(fro))
			die("pipe");
		players[i] = (struct player){ .index = i, .in = fro[0], .out = to[1] };
		players[i + 1] = (struct player){ .index = i + 1, .in = to[0], .out = fro[1] };
	}
	for (int i = 0; i < count; i++)
		threads[i] = start(play, &players[i]);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"rounds\": %" PRIu64 ", \"pipes\": [", rounds);
	for (int i = 0; i < count; i++)
		printf("%s%" PRIu64, i ? ", " : "", inode(players[i].in));
	printf("], ");
	spans_print("threads", &players[0].life, sizeof(players[0]), (size_t)count);
	printf(", ");
	spans_print("plays", &players[0].play, sizeof(players[0]), (size_t)count);
	printf("}\n");
	return 0;
}
