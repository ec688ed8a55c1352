/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chunk: the number of events, the number of columns that are not empty,
 * {index's distance to the one before, size} of each, then their bytes: first
 * the columns of noise, then the others. All numbers are varints. COLUMN_TYPES
 * has a byte an event.
 *
 * pack_fields.h says what the columns are; this file has the two loops around
 * it and all that can go wrong.
 */
#include "core/pack.h"

#include "base/alloc.h"
#include "core/pack_fields.h"

enum {
	COLUMN_ROOM = 16, /* that every column of a new packer has */
	/* no event takes more beside its text and frames */
	EVENT_SIZE_MAX = TYPE_COLUMNS * VARINT_MAX_SIZE,
	HEAD_SIZE_MAX = (COLUMNS + 1) * 2 * VARINT_MAX_SIZE,
};

struct packer {
	struct codec codec;
	uint32_t count;
	uint8_t room[COLUMNS][COLUMN_ROOM];
};

struct unpacker {
	struct codec codec;
	struct event event; /* that is being read */
	uint64_t left; /* events */
	bool damaged;
};

_Static_assert((int)COLUMN_ROOM >= VARINT_MAX_SIZE, "room for a number in every column");

int column_grow(struct column *col, size_t need)
{
	size_t used = (size_t)(col->at - col->start), size = (size_t)(col->end - col->start);
	uint8_t *p;

	if (size - used >= need)
		return 0;
	size = size * 2 > used + need ? size * 2 : used + need;
	p = realloc(col->owned ? col->start : NULL, size);
	if (!p)
		return -ENOMEM;
	if (!col->owned)
		memcpy(p, col->start, used);
	*col = (struct column){
		.at = p + used,
		.end = p + size,
		.start = p,
		.owned = true,
		.text = col->text,
		.text_size = col->text_size,
	};
	return 0;
}

/* Enums from files are indices in the analyses. */
static bool event_is_sound(const struct event *e)
{
	switch (e->type) {
	case EVENT_SWITCH:
	case EVENT_OPEN:
		return e->out.why < OUT_WHYS && e->out.waker <= WAKER_TIMER &&
		       e->out.futex <= FUTEX_KIND_JOIN;
	case EVENT_STACK:
		return e->stack.place <= PLACE_FAULT;
	case EVENT_OBJECT:
		return e->object.kind <= OBJECT_SEMAPHORE;
	case EVENT_TASK:
		return e->task.how >= TASK_FOUND && e->task.how <= TASK_SEEN;
	case EVENT_POLL:
		return e->poll.kind >= POLL_EPOLL && e->poll.kind <= POLL_IO_URING;
	default:
		return e->type > EVENT_NONE && e->type < EVENT_TYPES;
	}
}

struct packer *packer_new(void)
{
	struct packer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	for (unsigned i = 0; i < COLUMNS; i++) {
		struct column *col = &p->codec.columns[i];

		col->start = col->at = p->room[i];
		col->end = col->start + COLUMN_ROOM;
	}
	return p;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < COLUMNS; i++)
		if (p->codec.columns[i].owned)
			free(p->codec.columns[i].start);
	free(p);
}

uint32_t packer_count(const struct packer *p)
{
	return p->count;
}

static void text_clip(const char **text, size_t *size)
{
	if (!*text)
		*size = 0;
	if (*size > PACK_TEXT_MAX)
		*size = PACK_TEXT_MAX;
	if (!*size)
		*text = "";
}

static size_t string_clip(const char **text)
{
	if (!*text)
		*text = "";
	return strnlen(*text, PACK_TEXT_MAX) + 1;
}

/* Cuts what is too long; returns how many bytes of text there are. */
static size_t event_clip(struct event *e)
{
	switch (e->type) {
	case EVENT_STACK:
		if (e->stack.count > PACK_FRAMES_MAX) {
			e->stack.count = PACK_FRAMES_MAX;
			e->stack.flags |= STACK_TRUNCATED;
		}
		return 0;
	case EVENT_FRAME:
		return string_clip(&e->frame.module);
	case EVENT_NAME:
		return string_clip(&e->name.function) + string_clip(&e->name.file);
	case EVENT_OBJECT:
		return string_clip(&e->object.text) + string_clip(&e->object.local);
	case EVENT_TASK:
		text_clip(&e->task.command, &e->task.command_size);
		return string_clip(&e->task.comm) + e->task.command_size + 1;
	case EVENT_EXEC:
		text_clip(&e->exec.command, &e->exec.command_size);
		return string_clip(&e->exec.comm) + e->exec.command_size + 1;
	case EVENT_COMM:
		return string_clip(&e->comm.comm);
	case EVENT_WAKER:
		return string_clip(&e->waker.comm);
	case EVENT_END:
		return string_clip(&e->end.comm);
	default:
		return 0;
	}
}

static struct pass pass_begin(struct codec *c, enum event_type type, bool reading)
{
	unsigned first = (unsigned)type * TYPE_COLUMNS;

	return (struct pass){
		.c = c,
		.m = &c->memory,
		.reading = reading,
		.first = first,
		.column = first + 1,
		.bit = GUESS_BITS,
	};
}

int packer_add(struct packer *p, const struct event *e)
{
	struct codec *c = &p->codec;
	struct event copy = *e;
	struct pass pass;
	size_t text, frames;

	if (!event_is_sound(e))
		return -EINVAL;
	text = event_clip(&copy);
	frames = copy.type == EVENT_STACK ? copy.stack.count * (size_t)VARINT_MAX_SIZE : 0;
	if (c->full || p->count == PACK_EVENTS_MAX ||
	    c->size + text + frames + EVENT_SIZE_MAX + HEAD_SIZE_MAX > PACK_SIZE_MAX)
		return -ENOSPC;
	if (column_grow(&c->columns[COLUMN_TEXT], text) ||
	    column_grow(&c->columns[COLUMN_FRAMES], frames + VARINT_MAX_SIZE))
		return -ENOMEM;
	pass = pass_begin(c, copy.type, false);
	column_put(&pass, COLUMN_TYPES, copy.type);
	pass_event(&pass, &copy);
	column_put(&pass, pass.first, pass.mask);
	p->count++;
	return 0;
}

static void packer_reset(struct packer *p)
{
	struct codec *c = &p->codec;

	for (unsigned i = 0; i < COLUMNS; i++) {
		struct column *col = &c->columns[i];

		col->at = col->start;
		col->text = col->text_size = 0;
	}
	c->size = 0;
	c->full = false;
	memset(&c->memory, 0, sizeof(c->memory));
	p->count = 0;
}

static bool column_is_noise(unsigned i)
{
	return i % TYPE_COLUMNS < NOISE_COLUMNS && i != COLUMN_TEXT && i != COLUMN_FRAMES;
}

static void columns_add(const struct column *columns, bool noise, struct strbuf *out)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (column_is_noise(i) == noise)
			strbuf_add(out, columns[i].start,
				   (size_t)(columns[i].at - columns[i].start));
}

int packer_take(struct packer *p, struct strbuf *out, size_t *ret_noise)
{
	struct column *columns = p->codec.columns;
	size_t start = out->len;
	unsigned used = 0, last = 0;

	if (!strbuf_room(out, HEAD_SIZE_MAX + p->codec.size))
		return -ENOMEM;
	for (unsigned i = 0; i < COLUMNS; i++)
		used += columns[i].at != columns[i].start;
	strbuf_add_varint(out, p->count);
	strbuf_add_varint(out, used);
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (columns[i].at == columns[i].start)
			continue;
		strbuf_add_varint(out, i - last);
		strbuf_add_varint(out, (uint64_t)(columns[i].at - columns[i].start));
		last = i;
	}
	columns_add(columns, true, out);
	*ret_noise = out->len - start;
	columns_add(columns, false, out);
	packer_reset(p);
	return 0;
}

struct unpacker *unpacker_new(void)
{
	return calloc(1, sizeof(struct unpacker));
}

void unpacker_free(struct unpacker *u)
{
	free(u);
}

/* Deals out the bytes from @at on to the columns of one kind; where they end, NULL: too few. */
static const uint8_t *columns_deal(struct codec *c, bool noise, const uint64_t *sizes,
				   const uint8_t *at, const uint8_t *end)
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		struct column *col = &c->columns[i];

		if (column_is_noise(i) != noise)
			continue;
		if (sizes[i] > (uint64_t)(end - at))
			return NULL;
		/* columns are written through the same pointers, but never when reading */
		col->start = col->at = (uint8_t *)(uintptr_t)at;
		col->end = col->start + sizes[i];
		at += sizes[i];
	}
	return at;
}

static int columns_open(struct codec *c, const uint8_t *at, const uint8_t *end)
{
	uint64_t used, skip, size, index = 0, sizes[COLUMNS] = { 0 };
	size_t n = varint_get(at, end, &used);

	if (!n || used > COLUMNS)
		return -EBADMSG;
	at += n;
	for (uint64_t i = 0; i < used; i++) {
		n = varint_get(at, end, &skip);
		at += n;
		if (!n || skip >= COLUMNS - index || (i && !skip))
			return -EBADMSG;
		index += skip;
		n = varint_get(at, end, &size);
		at += n;
		if (!n || size > PACK_SIZE_MAX)
			return -EBADMSG;
		sizes[index] = size;
	}
	at = columns_deal(c, true, sizes, at, end);
	if (at)
		at = columns_deal(c, false, sizes, at, end);
	return at == end ? 0 : -EBADMSG;
}

int unpacker_open(struct unpacker *u, const void *data, size_t size)
{
	const uint8_t *at = data, *end = at + size;
	size_t n;
	int r;

	memset(&u->codec, 0, sizeof(u->codec));
	u->damaged = false;
	n = size > PACK_SIZE_MAX ? 0 : varint_get(at, end, &u->left);
	r = n ? columns_open(&u->codec, at + n, end) : -EBADMSG;
	/* an event has at least its type: so many are not there */
	if (!r && u->left > size)
		r = -EBADMSG;
	u->damaged = r < 0;
	return r;
}

/* What no event took is damage, too. */
static bool columns_are_read(const struct codec *c)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (c->columns[i].at != c->columns[i].end)
			return false;
	return true;
}

int unpacker_next(struct unpacker *u, struct event *ret)
{
	struct event *e = &u->event;
	struct pass pass;
	uint64_t type;

	if (u->damaged)
		return -EBADMSG;
	if (!u->left) {
		u->damaged = !columns_are_read(&u->codec);
		return u->damaged ? -EBADMSG : 0;
	}
	pass = pass_begin(&u->codec, EVENT_NONE, true);
	type = column_get(&pass, COLUMN_TYPES);
	if (pass.bad || type >= EVENT_TYPES) {
		u->damaged = true;
		return -EBADMSG;
	}
	pass = pass_begin(&u->codec, (enum event_type)type, true);
	pass.mask = column_get(&pass, pass.first);
	e->type = (enum event_type)type;
	pass_event(&pass, e);
	if (pass.bad || !event_is_sound(e)) {
		u->damaged = true;
		return -EBADMSG;
	}
	u->left--;
	*ret = *e;
	return 1;
}
