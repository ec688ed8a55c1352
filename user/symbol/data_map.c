/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/data_map.h"

#include <string.h>

enum {
	/* The kernel takes about a microsecond to print a line. With this rest
	 * after each reading it takes 2 % of a core at most. */
	REST_NS_PER_LINE = 50000,
	REST_NS_MIN = 20000000,
};

void data_map_init(struct data_map *d)
{
	memset(d, 0, sizeof(*d));
	strbuf_init(&d->text);
}

void data_map_release(struct data_map *d)
{
	strbuf_release(&d->text);
	vec_release(&d->lines);
}

static int data_map_parse(struct data_map *d)
{
	struct maps_line line;
	char *rest = d->text.buf;

	while (maps_next(&rest, &line))
		if (vec_push(&d->lines, line))
			return -ENOMEM;
	return 0;
}

int data_map_refresh(struct data_map *d, const char *proc, uint32_t tgid, uint64_t time_ns)
{
	struct data_map next;
	int error;

	if (time_ns < d->again_ns)
		return 0;
	data_map_init(&next);
	error = proc_read(proc, tgid, "maps", &next.text);
	if (!error && next.text.len)
		error = data_map_parse(&next);
	next.again_ns = next.lines.count * (uint64_t)REST_NS_PER_LINE;
	if (next.again_ns < REST_NS_MIN)
		next.again_ns = REST_NS_MIN;
	next.again_ns += time_ns;
	if (error || !next.lines.count) {
		d->again_ns = next.again_ns;
		data_map_release(&next);
		return error == -ENOMEM ? error : 0;
	}
	data_map_release(d);
	*d = next;
	return 0;
}

const struct maps_line *data_map_find(const struct data_map *d, uint64_t address)
{
	size_t low = 0, high = d->lines.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->lines.at[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == d->lines.count || d->lines.at[low].start > address)
		return NULL;
	return &d->lines.at[low];
}
