/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/export.h"

#include "base/alloc.h"

#include <string.h>

#define DECLARE(name, help) extern const struct exporter export_##name;
EXPORTERS(DECLARE)
#undef DECLARE

#define ENTRY(name, help) &export_##name,
static const struct exporter *const exporters[] = { EXPORTERS(ENTRY) };
#undef ENTRY

static const char *const weights[] = {
	[EXPORT_WALL] = "wall",
	[EXPORT_ONCPU] = "oncpu",
	[EXPORT_OFFCPU] = "offcpu",
};

const char *export_weight_name(enum export_weight weight)
{
	return weights[weight];
}

int export_weight_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(weights); i++)
		if (!strcmp(weights[i], name))
			return (int)i;
	return -1;
}

uint32_t export_class_find(const char *name)
{
	int class = wait_class_find(name);

	if (!strcmp(name, "run"))
		return EXPORT_RUN;
	if (!strcmp(name, "runnable"))
		return EXPORT_RUNNABLE;
	return class < 0 ? 0 : EXPORT_CLASS(class);
}

const struct exporter *export_at(size_t index)
{
	return index < ARRAY_COUNT(exporters) ? exporters[index] : NULL;
}

const struct exporter *export_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(exporters); i++)
		if (!strcmp(exporters[i]->name, name))
			return exporters[i];
	return NULL;
}

const struct exporter *export_find_path(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_COUNT(exporters); i++) {
		size_t name = strlen(exporters[i]->name);

		if (len > name + 1 && path[len - name - 1] == '.' &&
		    !strcmp(path + len - name, exporters[i]->name))
			return exporters[i];
	}
	return NULL;
}

uint32_t export_classes(const struct export_input *in)
{
	uint32_t classes = in->classes ? in->classes : EXPORT_ALL;

	if (in->weight == EXPORT_ONCPU)
		return classes & EXPORT_RUN;
	if (in->weight == EXPORT_WALL)
		return classes;
	classes &= ~EXPORT_RUN;
	return in->classes || in->idle ? classes : classes & ~EXPORT_CLASS(CLASS_IDLE);
}

static bool has_samples(const struct result *r)
{
	for (size_t i = 0; i < r->stacks.count; i++)
		if (r->stacks.at[i].class == STACK_RUN)
			return true;
	return false;
}

int export_check(const struct export_input *in, struct error *err)
{
	const struct totals *sum = &in->result->totals;
	uint32_t classes = export_classes(in);
	uint64_t ns = 0;

	if (in->by_lock && in->weight == EXPORT_ONCPU)
		return error_set(err, -EINVAL, "--by lock shows waiting, which is never oncpu");
	if (in->by_lock && !in->result->locks.count)
		return error_set(err, -ENODATA, "no thread waited for a lock");
	if (in->by_lock)
		return 0;
	if (in->weight == EXPORT_ONCPU && classes && !has_samples(in->result))
		return error_set(err, -ENODATA, in->result->recording.frequency_hz
				 ? "no sample of these threads: they ran too little"
				 : "no samples: it was recorded without (-F 0)");
	if (classes & EXPORT_RUN)
		ns += sum->run_ns;
	if (classes & EXPORT_RUNNABLE)
		ns += sum->runnable_ns;
	for (int c = 0; c < CLASS_COUNT; c++)
		if (classes & EXPORT_CLASS(c))
			ns += sum->by_class_ns[c];
	if (ns)
		return 0;
	if (!in->classes && sum->life_ns)
		return error_set(err, -ENODATA, "nothing but waiting for work; --idle shows that");
	return error_set(err, -ENODATA, "no time of these classes under --weight %s",
			 export_weight_name(in->weight));
}
