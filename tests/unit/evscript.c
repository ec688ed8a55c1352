/* SPDX-License-Identifier: GPL-2.0-only */
#include "evscript.h"

#include "core/syscall.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *keep_text(struct evscript *s, const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	assert_int_equal(vec_push(&s->texts, copy), 0);
	return copy;
}

void evscript_init(struct evscript *s)
{
	memset(s, 0, sizeof(*s));
	s->options.start_ns = 1000;
	s->recording.cpus = 2;
	s->recording.machine = "x86_64";
	s->recording.command = s->recording.kernel = "";
	s->now_ns = 1000;
}

void evscript_release(struct evscript *s)
{
	for (size_t i = 0; i < s->texts.count; i++)
		free(s->texts.at[i]);
	vec_release(&s->texts);
	vec_release(&s->events);
	vec_release(&s->event_cpus);
}

struct actor *evscript_actor(struct evscript *s, const char *name)
{
	for (size_t i = s->actor_count; i-- > 0;)
		if (!strcmp(s->actors[i].name, name))
			return &s->actors[i];
	return NULL;
}

static struct actor *actor_named(struct evscript *s, const struct words *w, const char *name)
{
	struct actor *a = evscript_actor(s, name);

	if (!a)
		nonsense(w, name);
	return a;
}

static void emit(struct evscript *s, const struct event *e, int cpu)
{
	assert_int_equal(vec_push(&s->events, *e), 0);
	assert_int_equal(vec_push(&s->event_cpus, cpu), 0);
}

void evscript_event(struct evscript *s, const struct event *e)
{
	emit(s, e, -1);
}

struct event evscript_switch_event(const struct actor *a, uint64_t out_ns, uint64_t woken_ns,
				   uint64_t in_ns)
{
	return (struct event){
		.type = EVENT_SWITCH,
		.time_ns = in_ns,
		.out = { .thread = a->thread,
			 .tid = a->tid,
			 .tgid = a->tgid,
			 .why = OUT_BLOCKED,
			 .flags = OUT_VOLUNTARY,
			 .out_ns = out_ns,
			 .woken_ns = woken_ns,
			 .in_ns = in_ns,
			 .voluntary = a->out.voluntary,
			 .involuntary = a->out.involuntary,
			 .nr = -1 },
	};
}

/* Time goes on: what everybody does is added to the truth. */
static void pass(struct evscript *s, uint64_t to_ns)
{
	uint64_t start_ns = s->options.start_ns;
	uint64_t end_ns = s->options.end_ns ? s->options.end_ns : UINT64_MAX;
	uint64_t from = s->now_ns > start_ns ? s->now_ns : start_ns;
	uint64_t to = to_ns < end_ns ? to_ns : end_ns;
	uint64_t span = to > from ? to - from : 0;
	int running = 0;

	for (size_t i = 0; i < s->actor_count; i++) {
		struct actor *a = &s->actors[i];

		if (a->doing == DOING_RUN) {
			a->run_ns += span;
			running++;
		} else if (a->doing == DOING_RUNNABLE) {
			a->runnable_ns += span;
		} else if (a->doing == DOING_WAIT) {
			a->wait_ns += span;
		}
	}
	assert_true(running <= EVSCRIPT_CPUS);
	s->by_running_ns[running] += span;
	s->now_ns = to_ns;
}

static void do_object(struct evscript *s, struct words *w)
{
	static const char *const kinds[] = {
		"none",	   "file",     "block", "tty",	    "pipe", "socket", "eventfd", "timerfd",
		"signalfd", "epoll", "inotify", "io_uring", "anon", "futex",  "pidfd",
		"mqueue",   "filelock", "semid",
	};
	struct event e = { .type = EVENT_OBJECT, .time_ns = s->now_ns };
	const char *word;

	e.object.object = (uint32_t)number(w, next_word(w));
	e.object.text = "";
	e.object.local = "";
	word = next_word(w);
	while (e.object.kind < ARRAY_COUNT(kinds) && strcmp(word, kinds[e.object.kind]))
		e.object.kind++;
	if (e.object.kind == ARRAY_COUNT(kinds))
		nonsense(w, word);
	while (*(word = next_word(w))) {
		if (word_is(word, "listening"))
			e.object.flags |= OBJECT_LISTENING;
		else if (word_is(word, "shared"))
			e.object.flags |= OBJECT_SHARED;
		else if (!strncmp(word, "0x", 2))
			e.object.address = number(w, word);
		else
			e.object.text = keep_text(s, word);
	}
	emit(s, &e, -1);
}

static void do_kernel_stack(struct evscript *s, struct words *w)
{
	static const char *const places[] = { "none", "lock", "io", "fault" };
	struct event e = { .type = EVENT_STACK, .time_ns = s->now_ns };
	const char *word;

	e.stack.stack = (uint32_t)number(w, next_word(w));
	e.stack.flags = STACK_KERNEL | STACK_COMPLETE;
	word = next_word(w);
	while (e.stack.place < ARRAY_COUNT(places) && strcmp(word, places[e.stack.place]))
		e.stack.place++;
	if (e.stack.place == ARRAY_COUNT(places))
		nonsense(w, word);
	emit(s, &e, -1);
}

static int16_t call_number(const struct words *w, const char *word)
{
	if (word_is(word, "fault"))
		return -1;
	for (int16_t nr = 0; nr < 512; nr++) {
		const char *name = syscall_name(MACHINE_X86_64, nr);

		if (name && !strcmp(name, word))
			return nr;
	}
	nonsense(w, word);
	return -1;
}

static bool futex_word(const char *word, struct event_out *out)
{
	static const char *const kinds[] = {
		[FUTEX_KIND_MUTEX] = "mutex",	      [FUTEX_KIND_PI] = "pi",
		[FUTEX_KIND_RWLOCK] = "rwlock",	      [FUTEX_KIND_CONDITION] = "condition",
		[FUTEX_KIND_SEMAPHORE] = "semaphore", [FUTEX_KIND_BARRIER] = "barrier",
		[FUTEX_KIND_JOIN] = "join",
	};

	for (uint8_t i = FUTEX_KIND_MUTEX; i < ARRAY_COUNT(kinds); i++)
		if (word_is(word, kinds[i]))
			out->futex = i;
	return out->futex > FUTEX_KIND_UNKNOWN && word_is(word, kinds[out->futex]);
}

static bool flag_word(const char *word, struct event_out *out)
{
	static const struct {
		const char *word;
		uint8_t flag;
	} flags[] = {
		{ "io", OUT_IOWAIT },	    { "disk", OUT_UNINTERRUPTIBLE },
		{ "stopped", OUT_STOPPED }, { "vfork", OUT_VFORK },
		{ "kthread", OUT_KTHREAD },
	};

	for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
		if (word_is(word, flags[i].word)) {
			out->flags |= flags[i].flag;
			return true;
		}
	return false;
}

/* What the words of a lock call it. */
static uint32_t own_tid_of(const struct actor *a)
{
	return a->pid_namespace ? a->own_tid : a->tid;
}

/* WHAT: the rest of the line. */
static void read_reason(struct evscript *s, struct words *w, struct event_out *out)
{
	const char *word = next_word(w);

	out->nr = call_number(w, word);
	if (word_is(word, "futex"))
		out->futex = FUTEX_KIND_UNKNOWN;
	while (*(word = next_word(w))) {
		if (!strncmp(word, "0x", 2))
			out->args[0] = number(w, word);
		else if (word_is(word, "of") || word_is(word, "by") || word_is(word, "tid") ||
			 word_is(word, "own") || word_is(word, "in"))
			next_word(w); /* the task line's own */
		else if (!strncmp(word, "arg", 3))
			out->args[number(w, word + 3) & 3] = number(w, next_word(w));
		else if (word_is(word, "object"))
			out->object = (uint32_t)number(w, next_word(w));
		else if (word_is(word, "owner"))
			out->owner_tid = own_tid_of(actor_named(s, w, next_word(w)));
		else if (word_is(word, "stack"))
			out->user_stack = (uint32_t)number(w, next_word(w));
		else if (word_is(word, "kstack"))
			out->kernel_stack = (uint32_t)number(w, next_word(w));
		else if (!futex_word(word, out) && !flag_word(word, out))
			nonsense(w, word);
	}
}

/* A clean record for the next time that it is out, with its identity and counts. */
static void out_begin(struct evscript *s, struct actor *a, uint8_t why)
{
	struct event_out fresh = {
		.thread = a->thread,
		.tid = a->tid,
		.tgid = a->tgid,
		.why = why,
		.nr = -1,
		.waker_nr = -1,
		.out_ns = s->now_ns,
		.voluntary = a->out.voluntary,
		.involuntary = a->out.involuntary,
	};

	a->out = fresh;
}

static bool in_window(const struct evscript *s)
{
	return s->now_ns >= s->options.start_ns &&
	       (!s->options.end_ns || s->now_ns < s->options.end_ns);
}

static void count_switch(struct evscript *s, struct actor *a, bool voluntary)
{
	if (voluntary) {
		a->out.voluntary++;
		a->out.flags |= OUT_VOLUNTARY;
		a->voluntary += in_window(s);
	} else {
		a->out.involuntary++;
		a->involuntary += in_window(s);
	}
}

static void emit_off(struct evscript *s, struct actor *a, enum event_type type, int cpu)
{
	struct event e = {
		.type = type,
		.time_ns = s->now_ns,
		.off = { .thread = a->thread,
			 .tid = a->tid,
			 .tgid = a->tgid,
			 .cpu = (uint16_t)cpu,
			 .voluntary = a->out.voluntary,
			 .involuntary = a->out.involuntary },
	};

	emit(s, &e, cpu);
}

static void switch_in(struct evscript *s, struct actor *a, int cpu)
{
	struct event e = { .type = EVENT_SWITCH, .time_ns = s->now_ns };

	a->out.in_ns = s->now_ns;
	a->out.cpu = (uint16_t)cpu;
	e.out = a->out;
	emit(s, &e, cpu);
	a->doing = DOING_RUN;
	a->cpu = cpu;
	s->on[cpu] = a;
}

static void do_switch(struct evscript *s, struct words *w, int cpu)
{
	char names[64];
	const char *word = next_word(w), *to;
	struct actor *out = NULL, *in = NULL;
	bool dead = false;

	snprintf(names, sizeof(names), "%s", word);
	to = strchr(names, '>');
	if (!to)
		nonsense(w, word);
	names[to++ - names] = '\0';
	if (strcmp(names, "-"))
		out = actor_named(s, w, names);
	if (*to && strcmp(to, "-"))
		in = actor_named(s, w, to);
	if (out && (out->doing != DOING_RUN || (out->cpu != cpu && out->cpu >= 0)))
		nonsense(w, names);
	if (in && in->doing == DOING_RUN)
		nonsense(w, to);
	if (out) {
		word = next_word(w);
		out_begin(s, out, OUT_PREEMPTED);
		out->doing = DOING_RUNNABLE;
		out->cpu = -1;
		s->on[cpu] = NULL;
		if (word_is(word, "wait")) {
			out->out.why = OUT_BLOCKED;
			read_reason(s, w, &out->out);
			out->doing = DOING_WAIT;
			out->waits += in_window(s);
		} else if (word_is(word, "dead")) {
			dead = true;
			out->alive = false;
			out->doing = DOING_NOTHING;
		} else if (word_is(word, "throttled")) {
			out->out.why = OUT_THROTTLED;
			out->out.args[0] = number(w, next_word(w));
			out->out.args[1] = number(w, next_word(w));
		} else if (word_is(word, "preempted")) {
			if (word_is(next_word(w), "stack"))
				out->out.user_stack = (uint32_t)number(w, next_word(w));
		} else if (*word) {
			nonsense(w, word);
		}
		count_switch(s, out, dead || out->out.why == OUT_BLOCKED);
		if (dead)
			emit_off(s, out, EVENT_DEAD, cpu);
		else if (!in)
			emit_off(s, out, EVENT_OFF, cpu);
	}
	if (in)
		switch_in(s, in, cpu);
}

static void emit_open(struct evscript *s, struct actor *a, uint8_t why, int cpu)
{
	struct event e = { .type = EVENT_OPEN, .time_ns = s->now_ns, .out = a->out };

	e.out.why = why;
	e.out.in_ns = 0;
	e.out.cpu = (uint16_t)(cpu < 0 ? 0 : cpu);
	e.out.flags |= why == OUT_BLOCKED ? OUT_STEADY : 0; /* nothing moves meanwhile */
	emit(s, &e, -1);
}

static void emit_task(struct evscript *s, const struct actor *a, uint8_t how,
		      const struct actor *parent)
{
	struct event e = {
		.type = EVENT_TASK,
		.time_ns = s->now_ns,
		.task = { .thread = a->thread,
			  .tid = a->tid,
			  .tgid = a->tgid,
			  .parent_tgid = parent ? parent->tgid : 1,
			  .parent_thread = parent ? parent->thread : 0,
			  .voluntary = a->out.voluntary,
			  .involuntary = a->out.involuntary,
			  .how = how,
			  .own_tid = a->own_tid,
			  .pid_namespace = a->pid_namespace,
			  .comm = a->name,
			  .command = "" },
	};

	emit(s, &e, -1);
}

/* found: the probes know nothing of it but what they read now */
static void task_found(struct evscript *s, struct words *w, struct actor *a)
{
	const char *word = next_word(w);

	out_begin(s, a, OUT_BLOCKED);
	a->out.out_ns = 0;
	/* counts of a life before */
	a->out.voluntary = 1000 + a->thread;
	a->out.involuntary = 50;
	emit_task(s, a, TASK_FOUND, NULL);
	if (word_is(word, "on")) {
		a->cpu = cpu_number(w, next_word(w));
		s->on[a->cpu] = a;
		a->doing = DOING_RUN;
		emit_open(s, a, OUT_RUNNING, a->cpu);
	} else if (word_is(word, "runnable")) {
		a->doing = DOING_RUNNABLE;
		emit_open(s, a, OUT_PREEMPTED, 0);
	} else if (word_is(word, "unseen")) {
		a->doing = DOING_WAIT;
	} else if (word_is(word, "wait")) {
		a->doing = DOING_WAIT;
		read_reason(s, w, &a->out);
		emit_open(s, a, OUT_BLOCKED, 0);
		a->waits++;
	} else {
		nonsense(w, word);
	}
	/* the record that ends it knows no reason */
	out_begin(s, a, OUT_UNKNOWN);
	a->out.out_ns = 0;
}

static void do_task(struct evscript *s, struct words *w)
{
	struct actor *a = &s->actors[s->actor_count], *of = NULL, *parent = NULL;
	const char *name = next_word(w), *how = next_word(w), *word;
	uint32_t number_of = (uint32_t)s->actor_count + 1;
	struct words look = *w;

	if (s->actor_count == EVSCRIPT_THREADS)
		nonsense(w, name);
	memset(a, 0, sizeof(*a));
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->thread = number_of;
	a->tid = a->tgid = 100 + number_of;
	a->alive = true;
	a->cpu = -1;
	/* `of`, `tid` and `by` may stand anywhere: look ahead */
	look.rest = look.line + (w->rest ? w->rest - w->line : 0);
	while (w->rest && *(word = next_word(&look))) {
		if (word_is(word, "of"))
			of = actor_named(s, w, next_word(&look));
		else if (word_is(word, "by"))
			parent = actor_named(s, w, next_word(&look));
		else if (word_is(word, "tid"))
			a->tid = a->tgid = (uint32_t)number(w, next_word(&look));
		else if (word_is(word, "own"))
			a->own_tid = (uint32_t)number(w, next_word(&look));
		else if (word_is(word, "in"))
			a->pid_namespace = (uint32_t)number(w, next_word(&look));
	}
	if (of)
		a->tgid = of->tgid;
	s->actor_count++;
	out_begin(s, a, OUT_NEW);
	if (word_is(how, "found")) {
		task_found(s, w, a);
	} else if (word_is(how, "forked")) {
		a->doing = DOING_RUNNABLE;
		emit_task(s, a, TASK_FORKED, parent ? parent : of);
	} else if (word_is(how, "execed") || word_is(how, "seen")) {
		a->doing = DOING_RUN;
		emit_task(s, a, word_is(how, "seen") ? TASK_SEEN : TASK_EXECED, NULL);
		if (word_is(next_word(w), "on")) {
			a->cpu = cpu_number(w, next_word(w));
			s->on[a->cpu] = a;
			emit_open(s, a, OUT_RUNNING, a->cpu);
		}
	} else {
		nonsense(w, how);
	}
}

static void do_wake(struct evscript *s, struct words *w)
{
	struct actor *a = actor_named(s, w, next_word(w));
	const char *word = next_word(w);

	if (a->doing != DOING_WAIT || !word_is(word, "by"))
		nonsense(w, word);
	a->doing = DOING_RUNNABLE;
	a->out.woken_ns = s->now_ns;
	word = next_word(w);
	a->out.waker = word_is(word, "irq") ? WAKER_INTERRUPT : WAKER_TASK;
	if (a->out.waker == WAKER_TASK)
		a->out.waker_tid = word_is(word, "tid") ? (uint32_t)number(w, next_word(w)) :
							  actor_named(s, w, word)->tid;
	word = next_word(w);
	if (word_is(word, "in"))
		a->out.waker_nr = (int16_t)call_number(w, next_word(w));
	else if (word_is(word, "stack"))
		a->out.waker_stack = (uint32_t)number(w, next_word(w));
	else if (*word)
		nonsense(w, word);
}

static void do_exec(struct evscript *s, struct words *w)
{
	struct actor *a = actor_named(s, w, next_word(w)), *leader;
	struct event e = {
		.type = EVENT_EXEC,
		.time_ns = s->now_ns,
		.exec = { .thread = a->thread, .tgid = a->tgid, .old_tid = a->tid, .comm = "new",
			  .command = "new\0-x", .command_size = 6 },
	};

	if (word_is(next_word(w), "as")) {
		leader = actor_named(s, w, next_word(w));
		a->tid = leader->tid;
		leader->alive = false;
		leader->doing = DOING_NOTHING;
	}
	a->out.tid = a->tid;
	e.exec.tid = a->tid;
	emit(s, &e, -1);
}

static void do_comm(struct evscript *s, struct words *w)
{
	struct actor *a = actor_named(s, w, next_word(w));
	struct event e = { .type = EVENT_COMM, .time_ns = s->now_ns };

	e.comm.thread = a->thread;
	e.comm.tid = a->tid;
	e.comm.tgid = a->tgid;
	e.comm.comm = keep_text(s, next_word(w));
	emit(s, &e, -1);
}

static void do_sample(struct evscript *s, struct words *w)
{
	struct actor *a = actor_named(s, w, next_word(w));
	struct event e = { .type = EVENT_SAMPLE, .time_ns = s->now_ns };

	e.sample.thread = a->thread;
	e.sample.tid = a->tid;
	e.sample.tgid = a->tgid;
	e.sample.cpu = (uint16_t)a->cpu;
	if (word_is(next_word(w), "stack"))
		e.sample.user_stack = (uint32_t)number(w, next_word(w));
	emit(s, &e, a->cpu);
}

/* The probes sent nothing when these waits happened; the truth is told here. */
static void do_short(struct evscript *s, struct words *w)
{
	struct actor *a = actor_named(s, w, next_word(w));
	struct event e = { .type = EVENT_SHORT, .time_ns = s->now_ns };
	struct event_short *brief = &e.brief;
	const char *word;

	brief->thread = a->thread;
	brief->tid = a->tid;
	brief->tgid = a->tgid;
	brief->nr = -1;
	while (*(word = next_word(w))) {
		if (word_is(word, "nr"))
			brief->nr = call_number(w, next_word(w));
		else if (word_is(word, "waits"))
			brief->voluntary = (uint32_t)number(w, next_word(w));
		else if (word_is(word, "preempted"))
			brief->involuntary = (uint32_t)number(w, next_word(w));
		else if (word_is(word, "wait"))
			brief->wait_ns = number(w, next_word(w));
		else if (word_is(word, "runnable"))
			brief->runnable_ns = number(w, next_word(w));
		else
			nonsense(w, word);
	}
	a->out.voluntary += brief->voluntary;
	a->out.involuntary += brief->involuntary;
	a->voluntary += brief->voluntary;
	a->involuntary += brief->involuntary;
	a->waits += brief->voluntary;
	a->run_ns -= brief->wait_ns + brief->runnable_ns;
	a->wait_ns += brief->wait_ns;
	a->runnable_ns += brief->runnable_ns;
	emit(s, &e, -1);
}

static void do_cpu(struct evscript *s, struct words *w)
{
	struct event e = { .type = EVENT_CPU, .time_ns = s->now_ns };

	e.cpu.cpu = (uint16_t)cpu_number(w, next_word(w));
	e.cpu.target_ns = number(w, next_word(w));
	e.cpu.other_ns = number(w, next_word(w));
	e.cpu.idle_ns = number(w, next_word(w));
	emit(s, &e, -1);
}

static void do_lose(struct evscript *s, struct words *w)
{
	struct event e = { .type = EVENT_LOST, .time_ns = s->now_ns };
	size_t kept = 0;

	e.lost.cpu = (uint16_t)cpu_number(w, next_word(w));
	if (!word_is(next_word(w), "from"))
		nonsense(w, "lose");
	e.lost.from_ns = number(w, next_word(w));
	e.lost.to_ns = s->now_ns;
	for (size_t i = 0; i < s->events.count; i++) {
		if (s->event_cpus.at[i] == e.lost.cpu &&
		    s->events.at[i].time_ns >= e.lost.from_ns) {
			e.lost.count++;
			continue;
		}
		s->events.at[kept] = s->events.at[i];
		s->event_cpus.at[kept++] = s->event_cpus.at[i];
	}
	s->events.count = s->event_cpus.count = kept;
	emit(s, &e, -1);
}

static void do_end(struct evscript *s)
{
	for (size_t i = 0; i < s->actor_count; i++) {
		struct actor *a = &s->actors[i];

		/* the probes know nothing of those that they never saw leave a core */
		if (a->alive && a->doing != DOING_RUN && a->out.out_ns)
			emit_open(s, a, a->out.why, -1);
	}
	s->recording.end_ns = s->now_ns;
	s->recording.complete = true;
}

static void play_line(struct evscript *s, const char *line)
{
	struct words w = { .whole = line };
	const char *word;
	uint64_t time_ns;

	snprintf(w.line, sizeof(w.line), "%s", line);
	word = strtok_r(w.line, " \t", &w.rest);
	if (!word || *word == '#')
		return;
	time_ns = number(&w, word);
	if (time_ns < s->now_ns && s->events.count)
		nonsense(&w, word);
	pass(s, time_ns);
	word = next_word(&w);
	if (word_is(word, "task")) {
		do_task(s, &w);
	} else if (word_is(word, "wake")) {
		do_wake(s, &w);
	} else if (word_is(word, "object")) {
		do_object(s, &w);
	} else if (word_is(word, "kstack")) {
		do_kernel_stack(s, &w);
	} else if (word_is(word, "exec")) {
		do_exec(s, &w);
	} else if (word_is(word, "comm")) {
		do_comm(s, &w);
	} else if (word_is(word, "sample")) {
		do_sample(s, &w);
	} else if (word_is(word, "short")) {
		do_short(s, &w);
	} else if (word_is(word, "cpu")) {
		do_cpu(s, &w);
	} else if (word_is(word, "lose")) {
		do_lose(s, &w);
	} else if (word_is(word, "drop")) {
		s->events.count = --s->event_cpus.count;
	} else if (word_is(word, "again")) {
		emit(s, &s->events.at[s->events.count - 1], -1);
	} else if (word_is(word, "end")) {
		do_end(s);
	} else {
		int cpu = cpu_number(&w, word);

		if (cpu >= EVSCRIPT_CPUS || !word_is(next_word(&w), "switch"))
			nonsense(&w, word);
		do_switch(s, &w, cpu);
	}
}

void evscript_line(struct evscript *s, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	play_line(s, line);
}

void evscript_play(struct evscript *s, const char *text)
{
	char line[512];

	while (*text) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		play_line(s, line);
		text += len + (text[len] == '\n');
	}
}

struct model *evscript_model(struct evscript *s, struct result *ret)
{
	struct model *m;

	s->options.machine = s->recording.machine;
	m = model_new(&s->options);
	assert_non_null(m);
	for (size_t i = 0; i < s->events.count; i++)
		assert_int_equal(model_add(m, &s->events.at[i]), 0);
	assert_int_equal(model_finish(m, &s->recording, ret), 0);
	return m;
}

void evscript_finish(struct evscript_run *run)
{
	run->model = evscript_model(&run->script, &run->result);
	assert_result_invariants(&run->result);
}

void evscript_start_window(struct evscript_run *run, uint64_t start_ns, uint64_t end_ns,
			   const char *text)
{
	evscript_init(&run->script);
	run->script.options.start_ns = start_ns;
	run->script.options.end_ns = end_ns;
	evscript_play(&run->script, text);
	evscript_finish(run);
}

void evscript_start(struct evscript_run *run, const char *text)
{
	evscript_start_window(run, 1000, 0, text);
}

void evscript_stop(struct evscript_run *run)
{
	result_release(&run->result);
	model_free(run->model);
	evscript_release(&run->script);
}

const struct result_thread *evscript_thread(const struct evscript_run *run, const char *name)
{
	const struct result *r = &run->result;
	const struct actor *a = evscript_actor((struct evscript *)&run->script, name);

	for (size_t i = 0; a && i < r->threads.count; i++)
		if (r->threads.at[i].thread == a->thread)
			return &r->threads.at[i];
	fail_msg("no thread %s in the result", name);
	return NULL;
}
