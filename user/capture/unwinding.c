/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables are laid straight into the probes' memory. Chunks of it are inserted
 * several at a time and ahead of need, because each insertion waits for an RCU
 * grace period (10 ms); a process refers to a table only when all of it is there.
 *
 * The queue and the states of modules are under the lock; arena and maps are
 * the maker thread's alone, `process` the other's.
 */
#include "capture/unwinding.h"

#include "base/alloc.h"
#include "capture/clock.h"
#include "unwind/process.h"
#include "unwind/table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = UNWIND_CHUNK_WORDS * 4,
	CHUNKS_FIRST = 8, /* enough for what most machines run */
	CHUNKS_STEP_MAX = 64,
};

enum module_state { MODULE_NEW, MODULE_WANTED, MODULE_READY, MODULE_FAILED };

struct unwinding_module {
	enum module_state state;
	int file; /* WANTED: descriptor, or UNWINDING_VDSO */
	struct unwind_table table; /* READY */
};

struct unwinding {
	int processes, chunks; /* maps; not owned */
	struct unwind_arena arena;
	uint32_t chunks_inserted;
	uint32_t *chunk_memory[UNWIND_CHUNKS_MAX];
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the queue, or that it is empty */
	VEC(struct unwinding_module) modules;
	VEC(uint32_t) queue; /* modules WANTED, in order */
	size_t queue_at;
	bool stop;
	bool news;
	int event;
	struct unwinding_stats stats;
	struct unwind_process process; /* the one that is being said, */
	VEC(struct unwind_mapping) described; /* and all of its mappings */
};

/* --- memory that the probes see ------------------------------------------------ */

static int chunk_create(uint32_t **ret_memory)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", 4, CHUNK_SIZE, 1, &options);
	void *memory;

	if (fd < 0)
		return -errno;
	memory = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		int error = -errno;

		close(fd);
		return error;
	}
	*ret_memory = memory;
	return fd;
}

/* Inserts [first, first + count); how many. Before 5.19 this takes one call for each. */
static uint32_t chunks_insert(struct unwinding *u, uint32_t first, const int *fds, uint32_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t keys[CHUNKS_STEP_MAX], done = count;

	for (uint32_t i = 0; i < count; i++)
		keys[i] = first + i;
	if (!bpf_map_update_batch(u->chunks, keys, fds, &done, &options))
		return count;
	for (done = 0; done < count; done++)
		if (bpf_map_update_elem(u->chunks, &keys[done], &fds[done], BPF_ANY))
			break;
	return done;
}

static void chunks_add(struct unwinding *u)
{
	uint32_t first = u->chunks_inserted, wanted = first ? first : CHUNKS_FIRST, count = 0;
	int fds[CHUNKS_STEP_MAX];

	if (wanted > CHUNKS_STEP_MAX)
		wanted = CHUNKS_STEP_MAX;
	while (count < wanted && first + count < UNWIND_CHUNKS_MAX) {
		fds[count] = chunk_create(&u->chunk_memory[first + count]);
		if (fds[count] < 0)
			break;
		count++;
	}
	if (count)
		u->chunks_inserted += chunks_insert(u, first, fds, count);
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
	/* what could not be inserted is of no use */
	for (uint32_t n = u->chunks_inserted; n < first + count; n++) {
		munmap(u->chunk_memory[n], CHUNK_SIZE);
		u->chunk_memory[n] = NULL;
	}
}

static uint32_t *on_chunk(void *ctx, uint32_t number)
{
	struct unwinding *u = ctx;

	if (number >= u->chunks_inserted)
		chunks_add(u);
	return number < u->chunks_inserted ? u->chunk_memory[number] : NULL;
}

/* --- the maker ----------------------------------------------------------------- */

static void make(struct unwinding *u, uint32_t module, int file)
{
	uint64_t began = clock_monotonic_ns(), one = 1;
	struct unwind_table table;
	struct unwinding_module *m;
	int error;

	if (file == UNWINDING_VDSO) {
		error = unwind_table_build_vdso(&table, &u->arena);
	} else {
		error = unwind_table_build_fd(&table, &u->arena, file);
		close(file);
	}
	pthread_mutex_lock(&u->lock);
	m = &u->modules.at[module];
	m->state = error ? MODULE_FAILED : MODULE_READY;
	if (!error) {
		m->table = table;
		u->stats.tables++;
		u->stats.rows += table.rows;
	}
	u->stats.failed += error != 0;
	u->stats.refused += error == -ENOSPC || error == -ENOMEM || error == -EFBIG;
	u->stats.memory = (uint64_t)u->arena.used * 4;
	u->stats.rules = u->arena.rule_count;
	u->stats.rules_refused = u->arena.rules_refused;
	u->stats.build_ns += clock_monotonic_ns() - began;
	u->news = true;
	pthread_mutex_unlock(&u->lock);
	if (write(u->event, &one, sizeof(one)) < 0)
		return; /* full: it is readable, which is all that is wanted */
}

static void *maker(void *ctx)
{
	struct unwinding *u = ctx;

	/* the target may need the cores more than the tables do; gettid: of this thread only */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 0);
	pthread_mutex_lock(&u->lock);
	while (!u->stop) {
		uint32_t module;
		int file;

		if (u->queue_at == u->queue.count) {
			u->queue_at = u->queue.count = 0;
			pthread_cond_broadcast(&u->changed);
			pthread_cond_wait(&u->changed, &u->lock);
			continue;
		}
		module = u->queue.at[u->queue_at];
		file = u->modules.at[module].file;
		pthread_mutex_unlock(&u->lock);
		make(u, module, file);
		pthread_mutex_lock(&u->lock);
		u->queue_at++;
	}
	pthread_mutex_unlock(&u->lock);
	return NULL;
}

static int maker_start(struct unwinding *u)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int error;

	pthread_mutex_init(&u->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&u->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&u->thread, NULL, maker, u);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	u->started = !error;
	return -error;
}

static void maker_stop(struct unwinding *u)
{
	if (!u->started)
		return;
	pthread_mutex_lock(&u->lock);
	u->stop = true;
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
	pthread_join(u->thread, NULL);
	for (; u->queue_at < u->queue.count; u->queue_at++) {
		int file = u->modules.at[u->queue.at[u->queue_at]].file;

		if (file >= 0 && u->modules.at[u->queue.at[u->queue_at]].state == MODULE_WANTED)
			close(file);
	}
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->lock);
}

/* --- life ------------------------------------------------------------------------ */

int unwinding_new(int processes, int rules, int chunks, struct unwinding **ret, struct error *err)
{
	struct unwinding *u = calloc(1, sizeof(*u));
	size_t size = UNWIND_RULES_MAX * sizeof(struct unwind_rule);
	void *memory;
	int error;

	if (!u)
		return -ENOMEM;
	u->processes = processes;
	u->chunks = chunks;
	u->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, rules, 0);
	error = memory == MAP_FAILED || u->event < 0 ? -errno : 0;
	if (!error)
		error = unwind_arena_init(&u->arena, on_chunk, u, memory);
	if (!error)
		error = maker_start(u);
	if (error) {
		unwinding_free(u);
		return error_set(err, error, "cannot prepare to walk stacks: %s",
				 strerror(-error));
	}
	*ret = u;
	return 0;
}

void unwinding_free(struct unwinding *u)
{
	if (!u)
		return;
	maker_stop(u);
	for (uint32_t n = 0; n < u->chunks_inserted; n++)
		munmap(u->chunk_memory[n], CHUNK_SIZE);
	if (u->arena.rules)
		munmap(u->arena.rules, UNWIND_RULES_MAX * sizeof(struct unwind_rule));
	unwind_arena_release(&u->arena);
	if (u->event >= 0)
		close(u->event);
	vec_release(&u->modules);
	vec_release(&u->described);
	vec_release(&u->queue);
	free(u);
}

/* --- processes ---------------------------------------------------------------------- */

/* Makes room for the module; under the lock. */
static int modules_reach(struct unwinding *u, uint32_t module)
{
	while (u->modules.count <= module)
		if (vec_push(&u->modules, (struct unwinding_module){ .state = MODULE_NEW }))
			return -ENOMEM;
	return 0;
}

/* The mapping as the probes want it; under the lock. *ret_waits is only set. */
static struct unwind_mapping describe(struct unwinding *u, const struct unwinding_mapping *m,
				      bool *ret_waits)
{
	const struct unwinding_module *module =
		m->module < u->modules.count ? &u->modules.at[m->module] : NULL;
	struct unwind_mapping out = {
		.start = m->start,
		.pages = (uint32_t)((m->end - m->start) / UNWIND_PAGE),
	};

	if (module && module->state == MODULE_READY) {
		unwind_table_map(&module->table, m->start, m->end - m->start, m->offset, &out);
	} else if (!module || module->state != MODULE_FAILED) {
		out.index = UNWIND_UNTOLD;
		*ret_waits = true;
	}
	return out;
}

/* Fills u->process. *ret_waits: some have no table yet. 0 or -ENOMEM. */
static int process_fill(struct unwinding *u, const struct unwinding_mapping *mappings,
			size_t count, bool *ret_waits)
{
	size_t refused;

	*ret_waits = false;
	u->described.count = 0;
	if (vec_reserve(&u->described, count))
		return -ENOMEM;
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < count; i++)
		u->described.at[u->described.count++] = describe(u, &mappings[i], ret_waits);
	refused = unwind_process_fill(&u->process, u->described.at, count);
	if (refused > u->stats.mappings_refused)
		u->stats.mappings_refused = refused;
	pthread_mutex_unlock(&u->lock);
	/* after four billion changes 0 is left out, and nobody remembers the first */
	if (!++u->process.generation)
		u->process.generation++;
	return 0;
}

static int want_one(struct unwinding *u, uint32_t module, unwinding_file_fn file, void *ctx)
{
	struct unwinding_module *m;
	int error = modules_reach(u, module);

	if (error || u->modules.at[module].state != MODULE_NEW)
		return error;
	if (vec_reserve(&u->queue, 1))
		return -ENOMEM;
	m = &u->modules.at[module];
	m->file = file(ctx, module);
	m->state = m->file == UNWINDING_NO_FILE ? MODULE_FAILED : MODULE_WANTED;
	if (m->state == MODULE_FAILED)
		u->news = true; /* who waits for it need not */
	else
		u->queue.at[u->queue.count++] = module;
	return 0;
}

int unwinding_want(struct unwinding *u, const struct unwinding_mapping *mappings, size_t count,
		   unwinding_file_fn file, void *ctx)
{
	int error = 0;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; !error && i < count; i++)
		error = want_one(u, mappings[i].module, file, ctx);
	pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
	return error;
}

int unwinding_process(struct unwinding *u, uint32_t tgid, const struct unwinding_mapping *mappings,
		      size_t count, bool create, unwinding_file_fn file, void *ctx,
		      bool *ret_waits)
{
	bool waits;

	*ret_waits = false;
	if (process_fill(u, mappings, count, &waits))
		return -ENOMEM;
	/* when the map is full, the process is walked by frame pointer */
	if (bpf_map_update_elem(u->processes, &tgid, &u->process, create ? BPF_ANY : BPF_EXIST))
		return 0;
	*ret_waits = waits;
	return waits ? unwinding_want(u, mappings, count, file, ctx) : 0;
}

int unwinding_rule(struct unwinding *u, uint32_t module, uint64_t offset, struct unwind_rule *ret)
{
	const struct unwinding_module *m;
	struct unwind_mapping at;
	int rc = -EAGAIN;

	/* what a table that is ready lies in is not changed any more, but the list may move */
	pthread_mutex_lock(&u->lock);
	m = module < u->modules.count ? &u->modules.at[module] : NULL;
	if (m && m->state == MODULE_FAILED)
		rc = -ENODATA;
	if (m && m->state == MODULE_READY) {
		unwind_table_map(&m->table, 0, UNWIND_PAGE, offset & ~(uint64_t)(UNWIND_PAGE - 1),
				 &at);
		rc = (uint32_t)at.shift < at.index_count ? 0 : -ENODATA;
		if (!rc)
			*ret = unwind_table_find(&m->table, &u->arena,
						 m->table.address +
							 (uint64_t)at.shift * UNWIND_PAGE +
							 (offset & (UNWIND_PAGE - 1)));
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

void unwinding_forget(struct unwinding *u, uint32_t tgid)
{
	bpf_map_delete_elem(u->processes, &tgid);
}

bool unwinding_news(struct unwinding *u)
{
	uint64_t count;
	bool news;

	if (read(u->event, &count, sizeof(count)) < 0)
		count = 0; /* EAGAIN: nothing was written */
	pthread_mutex_lock(&u->lock);
	news = u->news;
	u->news = false;
	pthread_mutex_unlock(&u->lock);
	return news;
}

int unwinding_fd(const struct unwinding *u)
{
	return u->event;
}

void unwinding_wait(struct unwinding *u, uint64_t timeout_ns)
{
	uint64_t end = clock_monotonic_ns() + timeout_ns;
	struct timespec until = { .tv_sec = (time_t)(end / 1000000000),
				  .tv_nsec = (long)(end % 1000000000) };

	pthread_mutex_lock(&u->lock);
	while (u->queue.count)
		if (pthread_cond_timedwait(&u->changed, &u->lock, &until))
			break;
	pthread_mutex_unlock(&u->lock);
}

void unwinding_stats(struct unwinding *u, struct unwinding_stats *ret)
{
	pthread_mutex_lock(&u->lock);
	*ret = u->stats;
	pthread_mutex_unlock(&u->lock);
}
