/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pack_codec: what both directions of pack share: columns, what is remembered
 * to predict from, and the steps that write or read one field. Only pack.c and
 * pack_fields.h include it.
 *
 * What is remembered lies in tables of fixed size, indexed by the low bits of
 * the number it is about: a second thread on the same place takes it over,
 * which costs bytes and nothing else. Writer and reader make the same changes
 * in the same order, so both expect the same.
 */
#ifndef RUNWAIT_CORE_PACK_CODEC_H
#define RUNWAIT_CORE_PACK_CODEC_H

#include "base/varint.h"
#include "core/event.h"
#include "core/pack.h"

#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Columns of a type: its mask, then its fields as they come. The first type
 * has no events: there are the columns that all types share. */
enum {
	COLUMN_TYPES = 0,
	COLUMN_TEXT = 1, /* the bytes of all texts */
	COLUMN_FRAMES = 2, /* of all stacks */
	TYPE_COLUMNS = 32,
	/* the first ones of a type are those of masks and times: see packer_take */
	NOISE_COLUMNS = 8,
	COLUMNS = EVENT_TYPES * TYPE_COLUMNS,
};

struct column {
	uint8_t *at; /* next byte to write or read */
	uint8_t *end; /* writing: of the memory; reading: of the bytes */
	uint8_t *start;
	bool owned; /* start came from malloc */
	uint32_t text, text_size; /* the last text of this field, in COLUMN_TEXT */
};

struct thread_memory {
	uint32_t thread; /* 0: nothing is remembered here */
	uint32_t tid, tgid;
	uint32_t next; /* who came after it on its core */
	uint32_t voluntary, involuntary;
	uint32_t user_stack, kernel_stack; /* of its samples */
	uint64_t in_ns, out_ns; /* 0 unknown */
	uint8_t why;
	bool counted; /* its counts are those of the switch-out that is to come */
	uint8_t flags[OUT_WHYS]; /* by why */
	int16_t nr[OUT_WHYS];
	struct event_poll poll; /* the last one */
};

/* The last wait of a thread in a system call, or of anyone for an object. */
struct wait_memory {
	uint32_t thread, object;
	int16_t nr, waker_nr;
	uint8_t waker, futex;
	uint32_t waker_tid, owner_tid;
	uint32_t user_stack, kernel_stack, waker_stack;
	uint64_t args[4];
};

struct core_memory {
	uint32_t core; /* cpu + 1 */
	uint32_t running; /* thread, 0 none that is known */
	uint32_t last; /* thread */
	uint64_t target_ns, other_ns, idle_ns;
};

enum { THREADS = 2048, WAITS = 4096, OBJECTS = 1024, CORES = 512 };

struct codec {
	struct column columns[COLUMNS];
	size_t size; /* writing: bytes in all columns */
	bool full; /* writing: a column could not grow */
	struct memory {
		uint64_t time_ns; /* of the last event */
		uint32_t thread, tid, tgid; /* the last that was named */
		uint32_t stack, stack_tgid, frame, object;
		uint64_t offset; /* of the last frame */
		uint32_t frame_count; /* in frames[turn] */
		unsigned turn;
		struct thread_memory threads[THREADS];
		struct wait_memory waits[WAITS];
		struct wait_memory objects[OBJECTS];
		struct core_memory cores[CORES];
		uint32_t frames[2][PACK_FRAMES_MAX];
	} memory;
};

/* One event on its way through the codec. Lives in registers. */
struct pass {
	struct codec *c;
	struct memory *m;
	bool reading; /* a constant wherever it is asked */
	bool bad;
	unsigned first, column;
	unsigned guess, bit; /* next ones in the mask */
	uint64_t mask; /* fields that are not as predicted */
};

/* Bits of guesses, which are often wrong, so that most masks are one byte. */
enum { GUESS_BITS = 7 };

/* Gives a column room for @need more bytes. Moves it. 0 or -ENOMEM. */
int column_grow(struct column *col, size_t need);

static ALWAYS_INLINE uint64_t column_get(struct pass *p, unsigned column)
{
	struct column *col = &p->c->columns[column];
	uint64_t v = 0;
	size_t n;

	if (col->at < col->end && *col->at < 0x80)
		return *col->at++;
	n = varint_get(col->at, col->end, &v);
	p->bad |= n == 0;
	col->at += n;
	return v;
}

/*
 * Every column always has room for one more number, so that nothing fails in
 * the middle of an event.
 */
static ALWAYS_INLINE void column_put(struct pass *p, unsigned column, uint64_t v)
{
	struct column *col = &p->c->columns[column];
	size_t n = varint_put(col->at, v);

	col->at += n;
	p->c->size += n;
	if (col->end - col->at < VARINT_MAX_SIZE && column_grow(col, VARINT_MAX_SIZE))
		p->c->full = true;
}

/* A number that is hardly ever foreseen: its distance from @near. */
static ALWAYS_INLINE uint64_t pass_number(struct pass *p, uint64_t v, uint64_t near)
{
	unsigned column = p->column++;

	if (p->reading)
		return near + (uint64_t)unzigzag(column_get(p, column));
	column_put(p, column, zigzag((int64_t)(v - near)));
	return v;
}

/* A number that takes nothing but a bit in the mask when it is @predicted. */
static ALWAYS_INLINE uint64_t pass_field(struct pass *p, unsigned index, uint64_t v,
					 uint64_t predicted, uint64_t near)
{
	unsigned column = p->column++;
	uint64_t bit = 1ull << index;

	if (p->reading) {
		if (!(p->mask & bit))
			return predicted;
		return near + (uint64_t)unzigzag(column_get(p, column));
	}
	if (v != predicted) {
		p->mask |= bit;
		column_put(p, column, zigzag((int64_t)(v - near)));
	}
	return v;
}

/*
 * The same for fields of any integer type; what does not fit into it is damage.
 * A FIELD is nearly always as predicted, a GUESS (GUESS_BITS of them) often not.
 */
#define PASS_AS(p, value, pass)                                                                    \
	do {                                                                                       \
		uint64_t pass_value = (pass);                                                      \
		if ((p)->reading) {                                                                \
			(value) = (__typeof__(value))pass_value;                                   \
			(p)->bad |= (uint64_t)(value) != pass_value;                               \
		}                                                                                  \
	} while (0)
#define NUMBER(p, value, near)                                                                     \
	PASS_AS(p, value, pass_number(p, (p)->reading ? 0 : (uint64_t)(value), (uint64_t)(near)))
#define FIELD(p, value, predicted, near)                                                           \
	PASS_AS(p, value,                                                                          \
		pass_field(p, (p)->bit++, (p)->reading ? 0 : (uint64_t)(value),                    \
			   (uint64_t)(predicted), (uint64_t)(near)))
#define GUESS(p, value, predicted, near)                                                           \
	PASS_AS(p, value,                                                                          \
		pass_field(p, (p)->guess++, (p)->reading ? 0 : (uint64_t)(value),                  \
			   (uint64_t)(predicted), (uint64_t)(near)))

/*
 * A text of *@size bytes, which takes nothing when it is the one before. There
 * is room for its bytes and a NUL already.
 */
static ALWAYS_INLINE void pass_text(struct pass *p, const char **text, size_t *size)
{
	struct column *bytes = &p->c->columns[COLUMN_TEXT];
	struct column *field = &p->c->columns[p->column];
	uint64_t bit = 1ull << p->bit++, n = *size;
	unsigned column = p->column++;

	if (p->reading ? p->mask & bit :
			 n != field->text_size ||
				 (n && memcmp(bytes->start + field->text, *text, n))) {
		if (p->reading) {
			n = column_get(p, column);
			p->bad |= n > PACK_TEXT_MAX || n >= (uint64_t)(bytes->end - bytes->at);
			n = p->bad ? 0 : n;
			p->bad = p->bad || bytes->at[n] != '\0';
		} else {
			p->mask |= bit;
			column_put(p, column, n);
			memcpy(bytes->at, *text, n);
			bytes->at[n] = '\0';
			p->c->size += n + 1;
		}
		field->text = (uint32_t)(bytes->at - bytes->start);
		field->text_size = (uint32_t)n;
		if (!p->bad)
			bytes->at += n + 1;
	}
	*size = field->text_size;
	*text = field->text_size ? (const char *)bytes->start + field->text : "";
}

/* What is remembered about a thread, reset when the place was another's. */
static ALWAYS_INLINE struct thread_memory *thread_memory(struct memory *m, uint32_t thread)
{
	struct thread_memory *t = &m->threads[thread % THREADS];

	if (t->thread != thread) {
		memset(t, 0, sizeof(*t));
		t->thread = thread;
	}
	return t;
}

static ALWAYS_INLINE struct wait_memory *wait_memory(struct memory *m, uint32_t thread, int16_t nr)
{
	struct wait_memory *w = &m->waits[(thread * 31u + (uint16_t)nr * 131u) % WAITS];

	if (w->thread != thread || w->nr != nr) {
		memset(w, 0, sizeof(*w));
		w->thread = thread;
		w->nr = nr;
	}
	return w;
}

static ALWAYS_INLINE struct core_memory *core_memory(struct memory *m, uint16_t cpu)
{
	struct core_memory *core = &m->cores[cpu % CORES];

	if (core->core != cpu + 1u) {
		memset(core, 0, sizeof(*core));
		core->core = cpu + 1u;
	}
	return core;
}

#endif
