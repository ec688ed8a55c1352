/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What futex.c says of locks is held against the locks themselves: threads
 * really block on each kind, /proc tells with which arguments, and the words
 * are read where they lie. The words of musl were printed by such a program
 * built with musl 1.2.3.
 */
#include "core/futex.h"

#include "base/alloc.h"
#include "unit.h"
#include "wire.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Everything has neighbours that are not 0, as in a program. */
#define NEIGHBOURED(type, name)                                                                    \
	struct {                                                                                   \
		uint64_t before[4];                                                                \
		type at;                                                                           \
		uint64_t behind[4];                                                                \
	} name

struct scene {
	int kind; /* enum what */
	uint32_t holder; /* TID of the thread that holds, or is joined */
	uint32_t waiter; /* set by the thread that will block */
	pthread_t joined;
	bool stop;
	NEIGHBOURED(pthread_mutex_t, mutex);
	NEIGHBOURED(pthread_rwlock_t, rwlock);
	NEIGHBOURED(pthread_cond_t, cond);
	NEIGHBOURED(sem_t, sem);
	NEIGHBOURED(pthread_barrier_t, barrier);
	pthread_mutex_t cond_mutex;
};

enum what {
	MUTEX_LOCK,
	MUTEX_TIMEDLOCK,
	RWLOCK_READ,
	RWLOCK_WRITE,
	COND_WAIT,
	COND_TIMEDWAIT,
	SEM_WAIT,
	SEM_TIMEDWAIT,
	BARRIER_WAIT,
	JOIN,
};

static void *block(void *arg)
{
	struct scene *s = arg;
	struct timespec later;

	clock_gettime(CLOCK_REALTIME, &later);
	later.tv_sec += 600;
	__atomic_store_n(&s->waiter, (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	switch ((enum what)s->kind) {
	case MUTEX_LOCK:
		/* a robust one may say that its owner died: it is locked then, too */
		pthread_mutex_lock(&s->mutex.at);
		pthread_mutex_unlock(&s->mutex.at);
		break;
	case MUTEX_TIMEDLOCK:
		if (!pthread_mutex_timedlock(&s->mutex.at, &later))
			pthread_mutex_unlock(&s->mutex.at);
		break;
	case RWLOCK_READ:
		pthread_rwlock_rdlock(&s->rwlock.at);
		pthread_rwlock_unlock(&s->rwlock.at);
		break;
	case RWLOCK_WRITE:
		pthread_rwlock_wrlock(&s->rwlock.at);
		pthread_rwlock_unlock(&s->rwlock.at);
		break;
	case COND_WAIT:
	case COND_TIMEDWAIT:
		pthread_mutex_lock(&s->cond_mutex);
		while (!s->stop) {
			if (s->kind == COND_WAIT)
				pthread_cond_wait(&s->cond.at, &s->cond_mutex);
			else
				pthread_cond_timedwait(&s->cond.at, &s->cond_mutex, &later);
		}
		pthread_mutex_unlock(&s->cond_mutex);
		break;
	case SEM_WAIT:
		sem_wait(&s->sem.at);
		break;
	case SEM_TIMEDWAIT:
		sem_timedwait(&s->sem.at, &later);
		break;
	case BARRIER_WAIT:
		pthread_barrier_wait(&s->barrier.at);
		break;
	case JOIN:
		pthread_join(s->joined, NULL);
		break;
	}
	return NULL;
}

/* The arguments of the futex call that a thread of ours is blocked in; false: none yet. */
static bool blocked_in(uint32_t tid, uint64_t args[4])
{
	char path[64], line[256] = "";
	unsigned long long a[4];
	long nr;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%u/syscall", tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	if (sscanf(line, "%ld %llx %llx %llx %llx", &nr, &a[0], &a[1], &a[2], &a[3]) != 5 ||
	    nr != SYS_futex)
		return false;
	for (int i = 0; i < 4; i++)
		args[i] = a[i];
	return true;
}

static void skip_when_blind(void)
{
	FILE *f = fopen("/proc/self/syscall", "r");

	if (f) {
		fclose(f);
		return;
	}
	print_message("# /proc/PID/syscall cannot be read: this kernel does not have it\n");
	skip();
}

static struct futex_guess guess_at(const uint64_t args[4])
{
	uint32_t words[FUTEX_WORDS];
	struct futex_wait w = {
		.address = args[0],
		.op = (uint32_t)args[1],
		.value = (uint32_t)args[2],
		.words = words,
	};

	memcpy(words, (const char *)args[0] - 4 * FUTEX_WORDS_BEFORE, sizeof(words));
	return futex_identify(&w);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

static struct scene *scene_new(int kind)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	memset(s, 0x5a, sizeof(*s));
	s->kind = kind;
	s->holder = (uint32_t)syscall(SYS_gettid);
	s->waiter = 0;
	s->stop = false;
	pthread_mutex_init(&s->cond_mutex, NULL);
	return s;
}

/* Starts a thread that blocks, and says what its futex looks like. */
/* All futexes of a lock lead to one place. */
static void expect_begin(const struct scene *s, uint64_t address, const struct futex_guess *g)
{
	uint64_t begin = address - g->into, condition = (uint64_t)&s->cond.at;

	if (g->kind == FUTEX_KIND_RWLOCK) {
		assert_int_equal(begin, (uint64_t)&s->rwlock.at);
	} else if (g->kind == FUTEX_KIND_CONDITION) {
		assert_int_equal(begin, condition);
	} else if (g->kind == FUTEX_KIND_BARRIER) {
		assert_int_equal(begin, (uint64_t)&s->barrier.at);
	} else {
		assert_int_equal(begin, address);
	}
}

static struct futex_guess look(struct scene *s, pthread_t *ret_thread)
{
	struct futex_guess g = { 0 };
	uint64_t args[4];
	int tries = 0;

	s->waiter = 0;
	assert_int_equal(pthread_create(ret_thread, NULL, block, s), 0);
	while (tries < 5000) {
		uint32_t tid = __atomic_load_n(&s->waiter, __ATOMIC_ACQUIRE);

		if (tid && blocked_in(tid, args)) {
			g = guess_at(args);
			expect_begin(s, args[0], &g);
			break;
		}
		sleep_ms(1);
		tries++;
	}
	assert_true(tries < 5000);
	return g;
}

static void expect(struct futex_guess g, enum futex_kind kind, uint32_t owner, bool shared)
{
	assert_int_equal(g.kind, kind);
	assert_int_equal(g.owner_tid, owner);
	assert_int_equal(g.shared, shared);
}

static void mutex_init(struct scene *s, int type, int robust, int protocol, int pshared)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setpshared(&a, pshared);
	assert_int_equal(pthread_mutex_init(&s->mutex.at, &a), 0);
	pthread_mutexattr_destroy(&a);
}

static void a_mutex_names_its_owner(void **state)
{
	static const struct {
		int what, type, robust, protocol, pshared;
		enum futex_kind kind;
		bool shared;
	} cases[] = {
		{ MUTEX_LOCK, PTHREAD_MUTEX_NORMAL, 0, 0, 0, FUTEX_KIND_MUTEX, false },
		{ MUTEX_LOCK, PTHREAD_MUTEX_RECURSIVE, 0, 0, 0, FUTEX_KIND_MUTEX, false },
		{ MUTEX_LOCK, PTHREAD_MUTEX_ERRORCHECK, 0, 0, 0, FUTEX_KIND_MUTEX, false },
		{ MUTEX_LOCK, PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, 0, FUTEX_KIND_MUTEX, false },
		{ MUTEX_LOCK, PTHREAD_MUTEX_NORMAL, 0, 0, 1, FUTEX_KIND_MUTEX, true },
		{ MUTEX_TIMEDLOCK, PTHREAD_MUTEX_NORMAL, 0, 0, 0, FUTEX_KIND_MUTEX, false },
		/* robust ones never use private futexes */
		{ MUTEX_LOCK, PTHREAD_MUTEX_NORMAL, 1, 0, 0, FUTEX_KIND_MUTEX, true },
		{ MUTEX_LOCK, PTHREAD_MUTEX_RECURSIVE, 1, 0, 1, FUTEX_KIND_MUTEX, true },
		{ MUTEX_LOCK, PTHREAD_MUTEX_NORMAL, 0, 1, 0, FUTEX_KIND_PI, false },
		{ MUTEX_TIMEDLOCK, PTHREAD_MUTEX_NORMAL, 0, 1, 1, FUTEX_KIND_PI, true },
	};

	(void)state;
	skip_when_blind();
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct scene *s = scene_new(cases[i].what);
		pthread_t t;

		mutex_init(s, cases[i].type, cases[i].robust, cases[i].protocol, cases[i].pshared);
		pthread_mutex_lock(&s->mutex.at);
		expect(look(s, &t), cases[i].kind, s->holder, cases[i].shared);
		pthread_mutex_unlock(&s->mutex.at);
		pthread_join(t, NULL);
		free(s);
	}
}

static void rwlock_init(struct scene *s, int preference)
{
	pthread_rwlockattr_t a;

	pthread_rwlockattr_init(&a);
	pthread_rwlockattr_setkind_np(&a, preference);
	assert_int_equal(pthread_rwlock_init(&s->rwlock.at, &a), 0);
	pthread_rwlockattr_destroy(&a);
}

static void a_rwlock_names_its_writer(void **state)
{
	(void)state;
	skip_when_blind();
	for (int what = RWLOCK_READ; what <= RWLOCK_WRITE; what++) {
		struct scene *s = scene_new(what);
		pthread_t t;

		rwlock_init(s, PTHREAD_RWLOCK_PREFER_READER_NP);
		pthread_rwlock_wrlock(&s->rwlock.at);
		expect(look(s, &t), FUTEX_KIND_RWLOCK, s->holder, false);
		pthread_rwlock_unlock(&s->rwlock.at);
		pthread_join(t, NULL);
		free(s);
	}
}

static void a_rwlock_that_is_read_names_nobody(void **state)
{
	struct scene *s, *behind;
	pthread_t writer, reader;

	(void)state;
	skip_when_blind();
	s = scene_new(RWLOCK_WRITE);
	rwlock_init(s, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_rdlock(&s->rwlock.at);
	expect(look(s, &writer), FUTEX_KIND_RWLOCK, 0, false);
	/* and where writers are preferred, a reader waits behind the writer that waits */
	behind = s;
	behind->kind = RWLOCK_READ;
	expect(look(behind, &reader), FUTEX_KIND_RWLOCK, 0, false);
	pthread_rwlock_unlock(&s->rwlock.at);
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	free(s);
}

static void cond_stop(struct scene *s)
{
	pthread_mutex_lock(&s->cond_mutex);
	s->stop = true;
	pthread_cond_broadcast(&s->cond.at);
	pthread_mutex_unlock(&s->cond_mutex);
}

static void a_condition_is_told_from_a_semaphore(void **state)
{
	(void)state;
	skip_when_blind();
	for (int i = 0; i < 8; i++) {
		struct scene *s = scene_new(i & 1 ? COND_TIMEDWAIT : COND_WAIT);
		pthread_condattr_t a;
		pthread_t t[4];

		pthread_condattr_init(&a);
		pthread_condattr_setclock(&a, i & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME);
		pthread_condattr_setpshared(&a, i & 4 ? PTHREAD_PROCESS_SHARED
						      : PTHREAD_PROCESS_PRIVATE);
		pthread_cond_init(&s->cond.at, &a);
		for (size_t n = 0; n < ARRAY_COUNT(t); n++) {
			expect(look(s, &t[n]), FUTEX_KIND_CONDITION, 0, i & 4);
			/* a signal moves the waiters that come later to the other group */
			if (n == 1) {
				pthread_mutex_lock(&s->cond_mutex);
				pthread_cond_signal(&s->cond.at);
				pthread_mutex_unlock(&s->cond_mutex);
			}
		}
		cond_stop(s);
		for (size_t n = 0; n < ARRAY_COUNT(t); n++)
			pthread_join(t[n], NULL);
		pthread_cond_destroy(&s->cond.at);
		free(s);
	}
}

static void a_semaphore_is_told_from_a_condition(void **state)
{
	(void)state;
	skip_when_blind();
	for (int i = 0; i < 4; i++) {
		struct scene *s = scene_new(i & 1 ? SEM_TIMEDWAIT : SEM_WAIT);
		pthread_t t[3];

		sem_init(&s->sem.at, i & 2, 0);
		for (size_t n = 0; n < ARRAY_COUNT(t); n++)
			expect(look(s, &t[n]), FUTEX_KIND_SEMAPHORE, 0, i & 2);
		for (size_t n = 0; n < ARRAY_COUNT(t); n++)
			sem_post(&s->sem.at);
		for (size_t n = 0; n < ARRAY_COUNT(t); n++)
			pthread_join(t[n], NULL);
		free(s);
	}
}

static void a_barrier_is_one_in_every_round(void **state)
{
	(void)state;
	skip_when_blind();
	for (int shared = 0; shared < 2; shared++) {
		struct scene *s = scene_new(BARRIER_WAIT);
		pthread_barrierattr_t a;
		pthread_t t[2];

		pthread_barrierattr_init(&a);
		pthread_barrierattr_setpshared(&a, shared);
		pthread_barrier_init(&s->barrier.at, &a, 3);
		for (int round = 0; round < 3; round++) {
			expect(look(s, &t[0]), FUTEX_KIND_BARRIER, 0, shared);
			expect(look(s, &t[1]), FUTEX_KIND_BARRIER, 0, shared);
			pthread_barrier_wait(&s->barrier.at);
			pthread_join(t[0], NULL);
			pthread_join(t[1], NULL);
		}
		pthread_barrier_destroy(&s->barrier.at);
		free(s);
	}
}

static void a_join_names_the_thread(void **state)
{
	struct scene *held, *s;
	pthread_t t;

	(void)state;
	skip_when_blind();
	held = scene_new(SEM_WAIT);
	sem_init(&held->sem.at, 0, 0);
	look(held, &t);
	s = scene_new(JOIN);
	s->joined = t;
	expect(look(s, &t), FUTEX_KIND_JOIN, held->waiter, true);
	sem_post(&held->sem.at);
	pthread_join(t, NULL);
	free(held);
	free(s);
}

enum { PRIVATE = 128, BITSET = 9, REALTIME = 256 };

struct printed {
	const char *what;
	uint64_t address; /* as far as it matters */
	uint32_t op, value;
	uint32_t words[FUTEX_WORDS];
	enum futex_kind kind;
	uint32_t owner;
};

static void check_printed(const struct printed *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct printed *c = &cases[i];
		struct futex_wait w = { c->address, c->op, c->value, c->words };
		struct futex_guess g = futex_identify(&w);

		if (g.kind != c->kind || g.owner_tid != c->owner)
			fail_msg("%s: kind %d of %u", c->what, (int)g.kind, g.owner_tid);
	}
}

static void musl_is_known(void **state)
{
	static const struct printed cases[] = {
		{ "normal", 0x4124a4, PRIVATE, 0x80000010, { 0, 0, 0, 0, 0x80000010, 1 },
		  FUTEX_KIND_MUTEX, 0 },
		{ "recursive", 0x4124a4, PRIVATE, 0x800043f9,
		  { 0, 0, 0, 1, 0x800043f9, 1, 0, 0, 0, 0x4124c0, 0, 0x413680 },
		  FUTEX_KIND_MUTEX, 0x43f9 },
		{ "robust", 0x4124a4, PRIVATE, 0x800043f9,
		  { 0, 0, 0, 4, 0x800043f9, 1, 0, 0, 0, 0x412640, 0, 0x4124c0 },
		  FUTEX_KIND_MUTEX, 0x43f9 },
		{ "shared between processes", 0x4124a4, 0, 0x80000010,
		  { 0, 0, 0, 0x80, 0x80000010, 1 }, FUTEX_KIND_MUTEX, 0 },
		{ "PI", 0x4124a4, PRIVATE | 6, 0,
		  { 0, 0, 0, 8, 0x800043f9, 0, 0, 0, 0, 0x413680, 0, 0x412580 },
		  FUTEX_KIND_PI, 0x43f9 },
		{ "writer behind a writer", 0x412500, PRIVATE, 0xffffffff,
		  { 0, 0, 0, 0, 0xffffffff, 1 }, FUTEX_KIND_RWLOCK, 0 },
		{ "writer behind a reader", 0x412500, PRIVATE, 0x80000001,
		  { 0, 0, 0, 0, 0x80000001, 1 }, FUTEX_KIND_RWLOCK, 0 },
		{ "condition", 0x7f9840b14e44, PRIVATE, 2,
		  { 0, 0x40a78e40, 0x7f98, 0, 2, 0, 0, 0, 0, 0x677a00a7, 0x9cf6c37d, 0 },
		  FUTEX_KIND_CONDITION, 0 },
		{ "condition, the only one", 0x7f9840b14e44, PRIVATE, 2,
		  { 0, 0, 0, 0, 2, 0, 0, 0, 0, 0x677a00a7, 0x9cf6c37d, 0 },
		  FUTEX_KIND_CONDITION, 0 },
		{ "semaphore", 0x412520, PRIVATE, 0xffffffff, { 0, 0, 0, 0, 0xffffffff, 1, 0x80 },
		  FUTEX_KIND_SEMAPHORE, 0 },
		{ "semaphore, shared", 0x412520, 0, 0xffffffff, { 0, 0, 0, 0, 0xffffffff, 1, 0 },
		  FUTEX_KIND_SEMAPHORE, 0 },
		{ "semaphore of 1.2.4", 0x412520, PRIVATE, 0x80000000,
		  { 0, 0, 0, 0, 0x80000000, 1, 0x80 }, FUTEX_KIND_SEMAPHORE, 0 },
		{ "join", 0x7f9840bd8b48, PRIVATE, 2,
		  { 0x677a00a7, 0x9cf6c37d, 0x43fa, 0, 2, 0, 0, 0, 0x40bb4000, 0x7f98, 0x23000 },
		  FUTEX_KIND_JOIN, 0x43fa },
		{ "FILE", 0x41248c, PRIVATE, 0x400043f9, { 0, 1, 0, 0, 0x400043f9 },
		  FUTEX_KIND_MUTEX, 0x43f9 },
	};

	(void)state;
	check_printed(cases, ARRAY_COUNT(cases));
}

static void what_is_not_known_is_not_guessed(void **state)
{
	static const struct printed cases[] = {
		{ "low-level lock", 0x7f0010, PRIVATE, 2, { 1, 2, 3, 4, 2, 9, 0xffffffff },
		  FUTEX_KIND_MUTEX, 0 },
		{ "FILE of glibc", 0x7f0010, PRIVATE, 2, { 0, 0, 0, 0, 2, 1, 0x5c2c8740, 0x7f1b },
		  FUTEX_KIND_MUTEX, 0 },
		{ "mutex that was just let go", 0x7f0010, PRIVATE, 2, { 0, 0, 0, 0, 0 },
		  FUTEX_KIND_MUTEX, 0 },
		{ "once", 0x7f001c, PRIVATE, 1, { 0, 0, 0, 0x10, 1 }, FUTEX_KIND_UNKNOWN, 0 },
		{ "parked thread of Rust", 0x7f0010, PRIVATE | BITSET, 0xffffffff,
		  { 2, 0, 7, 0, 0xffffffff, 0, 0, 3 }, FUTEX_KIND_UNKNOWN, 0 },
		{ "condition of Rust", 0x7f0010, PRIVATE | BITSET, 17, { 2, 0, 7, 0, 17, 0, 0, 3 },
		  FUTEX_KIND_UNKNOWN, 0 },
		{ "words that could not be read", 0x7f0010, PRIVATE, 0, { 0 },
		  FUTEX_KIND_UNKNOWN, 0 },
		{ "requeued to a PI mutex", 0x7f0010, PRIVATE | 11, 0, { 0 },
		  FUTEX_KIND_CONDITION, 0 },
		{ "PI mutex by the newer call", 0x7f0010, PRIVATE | REALTIME | 13, 0,
		  { 0, 0, 0, 0, 0x80000123 }, FUTEX_KIND_PI, 0x123 },
		{ "an operation that does not wait", 0x7f0010, PRIVATE | 1, 2, { 0, 0, 0, 0, 2 },
		  FUTEX_KIND_UNKNOWN, 0 },
	};

	(void)state;
	check_printed(cases, ARRAY_COUNT(cases));
}

static void the_words_are_those_of_the_wire(void **state)
{
	(void)state;
	assert_int_equal((int)FUTEX_WORDS, (int)WIRE_FUTEX_WORDS);
	assert_int_equal((int)FUTEX_WORDS_BEFORE, (int)WIRE_FUTEX_BEFORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mutex_names_its_owner),
		cmocka_unit_test(a_rwlock_names_its_writer),
		cmocka_unit_test(a_rwlock_that_is_read_names_nobody),
		cmocka_unit_test(a_condition_is_told_from_a_semaphore),
		cmocka_unit_test(a_semaphore_is_told_from_a_condition),
		cmocka_unit_test(a_barrier_is_one_in_every_round),
		cmocka_unit_test(a_join_names_the_thread),
		cmocka_unit_test(musl_is_known),
		cmocka_unit_test(what_is_not_known_is_not_guessed),
		cmocka_unit_test(the_words_are_those_of_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
