/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/objects.h"

void objects_release(struct objects *os)
{
	vec_release(&os->list);
	map_release(&os->by_number);
	intern_release(&os->text);
}

int objects_add(struct objects *os, const struct event_object *e)
{
	struct object o = {
		.number = e->object,
		.kind = e->kind,
		.flags = e->flags,
		.tgid = e->tgid,
		.address = e->address,
	};
	const uint64_t *at;
	int rc;

	if (!e->object)
		return 0;
	rc = intern_str(&os->text, e->text, &o.text);
	if (rc)
		return rc;
	at = map_get(&os->by_number, e->object);
	if (at) {
		os->list.at[*at] = o;
		return 0;
	}
	if (vec_reserve(&os->list, 1) || map_put(&os->by_number, e->object, os->list.count))
		return -ENOMEM;
	return vec_push(&os->list, o);
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
