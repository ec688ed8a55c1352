/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/tables.h"

#include "base/alloc.h"
#include "base/map.h"
#include "capture/clock.h"
#include "symbol/image.h"

#include <errno.h>
#include <stdlib.h>

struct tables {
	struct unwinding *unwinding;
	struct spaces *spaces;
	struct modules *modules;
	struct map changed; /* TGIDs to tell of; the value: create them */
	struct map waiting; /* TGIDs some of whose files have no table yet */
	VEC(struct unwinding_mapping) mappings; /* of the one that is told of */
	uint64_t patience_ns; /* that tables_rule() may still wait */
};

struct tables *tables_new(struct unwinding *u, struct spaces *s, struct modules *m)
{
	struct tables *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->unwinding = u;
	t->spaces = s;
	t->modules = m;
	return t;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	map_release(&t->changed);
	map_release(&t->waiting);
	vec_release(&t->mappings);
	free(t);
}

static int file_of(void *ctx, uint32_t module)
{
	struct tables *t = ctx;

	if (module_kind(t->modules, module) == MODULE_VDSO)
		return UNWINDING_VDSO;
	if (module_kind(t->modules, module) != MODULE_FILE)
		return UNWINDING_NO_FILE;
	return module_file_descriptor(t->modules, module);
}

static int read_mappings(struct tables *t, uint32_t tgid)
{
	const struct mapping *m;
	size_t n = spaces_code(t->spaces, tgid, &m);

	t->mappings.count = 0;
	if (vec_reserve(&t->mappings, n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		t->mappings.at[i] = (struct unwinding_mapping){ m[i].start, m[i].end, m[i].offset,
								m[i].module };
	t->mappings.count = n;
	return 0;
}

static int tell(struct tables *t, uint32_t tgid, bool create)
{
	bool waits;
	int error = read_mappings(t, tgid);

	if (!error)
		error = unwinding_process(t->unwinding, tgid, t->mappings.at, t->mappings.count,
					  create, file_of, t, &waits);
	if (error)
		return error;
	if (waits)
		return map_put(&t->waiting, tgid, 0);
	map_del(&t->waiting, tgid);
	return 0;
}

int tables_changed(struct tables *t, uint32_t tgid, bool create)
{
	const uint64_t *known = map_get(&t->changed, tgid);

	return map_put(&t->changed, tgid, create || (known && *known));
}

void tables_gone(struct tables *t, uint32_t tgid)
{
	map_del(&t->changed, tgid);
	map_del(&t->waiting, tgid);
	unwinding_forget(t->unwinding, tgid);
}

int tables_tell(struct tables *t)
{
	uint64_t tgid, create;
	int error = 0;

	if (unwinding_news(t->unwinding))
		for (size_t at = 0; !error && map_next(&t->waiting, &at, &tgid, &create);)
			error = tables_changed(t, (uint32_t)tgid, false);
	for (size_t at = 0; !error && map_next(&t->changed, &at, &tgid, &create);)
		error = tell(t, (uint32_t)tgid, create);
	map_clear(&t->changed);
	return error;
}

void tables_have_patience(struct tables *t, uint64_t patience_ns)
{
	t->patience_ns = patience_ns;
}

/* Waits for the table of a module, which nobody may have wanted yet. */
static void await(struct tables *t, uint32_t module)
{
	struct unwinding_mapping any = { .module = module };
	uint64_t began = clock_monotonic_ns(), took;

	if (unwinding_want(t->unwinding, &any, 1, file_of, t))
		return;
	unwinding_wait(t->unwinding, t->patience_ns);
	took = clock_monotonic_ns() - began;
	t->patience_ns -= took < t->patience_ns ? took : t->patience_ns;
}

enum walk_code tables_rule(struct tables *t, uint32_t tgid, uint64_t time_ns, uint64_t pc,
			   struct unwind_rule *ret)
{
	struct space_place place;
	int rc = spaces_find(t->spaces, tgid, time_ns, pc, &place);

	if (rc)
		return rc == -ENOENT ? WALK_NO_CODE : WALK_UNTOLD;
	rc = unwinding_rule(t->unwinding, place.module, place.offset, ret);
	if (rc == -EAGAIN) {
		await(t, place.module);
		rc = unwinding_rule(t->unwinding, place.module, place.offset, ret);
	}
	return !rc ? WALK_TABLE : rc == -ENODATA ? WALK_NO_TABLE : WALK_UNTOLD;
}

int tables_want(struct tables *t, uint32_t tgid)
{
	int error = read_mappings(t, tgid);

	return error ? error : unwinding_want(t->unwinding, t->mappings.at, t->mappings.count,
					      file_of, t);
}
