/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chunk of events. What can be read from one must be accepted by a packer,
 * and come back from what that writes.
 */
#include "core/pack.h"
#include "fuzz.h"

#include <assert.h>
#include <errno.h>

/* Touches all that an event points to. */
static unsigned touch(const struct event *e)
{
	unsigned sum = 0;

	if (e->type == EVENT_STACK)
		for (uint32_t i = 0; i < e->stack.count; i++)
			sum += e->stack.frames[i];
	if (e->type == EVENT_TASK)
		for (size_t i = 0; i <= e->task.command_size && *e->task.command; i++)
			sum += (unsigned char)e->task.command[i];
	if (e->type == EVENT_EXEC)
		for (size_t i = 0; i <= e->exec.command_size && *e->exec.command; i++)
			sum += (unsigned char)e->exec.command[i];
	return sum;
}

/* Events of @size bytes; packs what it can of them into @again. */
static unsigned read_all(struct unpacker *u, const void *data, size_t size, struct packer *again,
			 unsigned *ret_sum)
{
	unsigned n = 0;
	struct event e;
	int rc = unpacker_open(u, data, size);

	*ret_sum = 0;
	while (!rc && (rc = unpacker_next(u, &e)) > 0) {
		rc = again ? packer_add(again, &e) : 0;
		assert(rc == 0 || rc == -ENOSPC);
		if (rc)
			break;
		*ret_sum += touch(&e) + (unsigned)e.time_ns;
		n++;
	}
	assert(rc == 0 || rc == -EBADMSG || rc == -ENOSPC);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpacker *u = unpacker_new();
	struct packer *p = packer_new();
	struct strbuf chunk = STRBUF_INIT;
	unsigned sum, again;
	size_t noise;

	if (u && p) {
		unsigned n = read_all(u, data, size, p, &sum);

		assert(n <= size && packer_count(p) == n);
		assert(packer_take(p, &chunk, &noise) == 0);
		assert(read_all(u, chunk.buf, chunk.len, NULL, &again) == n);
		assert(sum == again);
	}
	strbuf_release(&chunk);
	packer_free(p);
	unpacker_free(u);
	return 0;
}
