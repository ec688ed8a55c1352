/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/objects.h"

#include <string.h>

void objects_release(struct objects *os)
{
	vec_release(&os->list);
	vec_release(&os->ends);
	map_release(&os->by_number);
	map_release(&os->by_inode);
	intern_release(&os->text);
}

/*
 * The GIL of CPython 3.7 and newer is a flag, two mutexes and two conditions in
 * _PyRuntime, a variable that each build exports (Include/internal/pycore_gil.h).
 * Threads wait for nothing else in there.
 */
static bool is_gil(const struct event_object *e)
{
	static const char runtime[] = "_PyRuntime";
	size_t size = sizeof(runtime) - 1;

	return e->kind == OBJECT_FUTEX && !strncmp(e->text, runtime, size) &&
	       (!e->text[size] || e->text[size] == '+');
}

int objects_add(struct objects *os, const struct event_object *e)
{
	struct object o = {
		.number = e->object,
		.kind = e->kind,
		.flags = e->flags,
		.gil = is_gil(e),
		.tgid = e->tgid,
		.address = e->address,
		.peer = e->peer,
	};
	const uint64_t *at;
	int rc;

	if (!e->object)
		return 0;
	rc = intern_str(&os->text, e->text, &o.text);
	if (!rc)
		rc = intern_str(&os->text, e->local ? e->local : "", &o.local);
	if (rc)
		return rc;
	at = map_get(&os->by_number, e->object);
	if (at) {
		o.ends = os->list.at[*at].ends;
		os->list.at[*at] = o;
		return 0;
	}
	if (vec_reserve(&os->list, 1) || map_put(&os->by_number, e->object, os->list.count))
		return -ENOMEM;
	if (o.peer && o.address && map_put(&os->by_inode, o.address, os->list.count))
		return -ENOMEM;
	return vec_push(&os->list, o);
}

int objects_add_end(struct objects *os, const struct event_end *e)
{
	struct object_end end = { .tgid = e->tgid, .roles = e->roles };
	const uint64_t *at = map_get(&os->by_number, e->object);
	int rc;

	if (!at)
		return 0;
	rc = intern_str(&os->text, e->comm, &end.comm);
	if (rc)
		return rc;
	end.next = os->list.at[*at].ends;
	rc = vec_push(&os->ends, end);
	if (!rc)
		os->list.at[*at].ends = (uint32_t)os->ends.count;
	return rc;
}

const struct object *objects_find(struct objects *os, uint32_t number)
{
	if (!number)
		return NULL;
	if (number != os->last_number) {
		const uint64_t *at = map_get(&os->by_number, number);

		if (!at)
			return NULL;
		os->last_number = number;
		os->last_index = (uint32_t)*at;
	}
	return &os->list.at[os->last_index];
}

const char *objects_text(const struct objects *os, const struct object *o)
{
	return intern_text(&os->text, o->text);
}

const char *objects_local(const struct objects *os, const struct object *o)
{
	return intern_text(&os->text, o->local);
}

const struct object *objects_peer(const struct objects *os, const struct object *o)
{
	const uint64_t *at = o->peer ? map_get(&os->by_inode, o->peer) : NULL;

	return at ? &os->list.at[*at] : NULL;
}

const struct object_end *objects_end(const struct objects *os, const struct object *o,
				     const struct object_end *end)
{
	uint32_t at = end ? end->next : o->ends;

	return at ? &os->ends.at[at - 1] : NULL;
}
