/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/export.h"

#include "base/alloc.h"

#include <string.h>

#define DECLARE(name) extern const struct exporter export_##name;
EXPORTERS(DECLARE)
#undef DECLARE

#define ENTRY(name) &export_##name,
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
