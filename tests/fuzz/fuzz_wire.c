/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as a ring would hold them, one behind the other. What the decoder
 * emits must be what the packer accepts: one bad record may not end a
 * recording.
 */
#include "core/decode.h"
#include "core/pack.h"
#include "fuzz.h"
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int on_frame(void *ctx, uint32_t tgid, bool kernel, uint64_t time_ns, uint64_t address,
		    bool exact, uint32_t *ret_frame)
{
	(void)ctx;
	(void)tgid;
	(void)kernel;
	(void)time_ns;
	(void)exact;
	*ret_frame = (uint32_t)address;
	return 0;
}

static int on_futex_place(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t address,
			  struct strbuf *text, uint64_t *ret_sharing, uint32_t *ret_tid)
{
	(void)ctx;
	(void)tgid;
	(void)time_ns;
	strbuf_addf(text, "shm+%x", (unsigned)address & 0xff);
	*ret_sharing = address & 0x101;
	*ret_tid = address & 0x2 ? (uint32_t)address & 0xff : 0;
	return 0;
}

static uint8_t on_kernel_place(void *ctx, const uint64_t *frames, uint32_t count)
{
	(void)ctx;
	return count ? (uint8_t)(frames[0] % (PLACE_FAULT + 1)) : PLACE_NONE;
}

static int on_event(void *ctx, const struct event *e)
{
	struct packer *p = ctx;
	int rc = packer_add(p, e);

	assert(rc == 0 || rc == -ENOSPC);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decode_ops ops = { on_frame, on_futex_place, on_kernel_place, on_event };
	struct packer *p = packer_new();
	struct decoder *d = p ? decoder_new(MACHINE_X86_64, &ops, p) : NULL;
	struct wire_head head;

	while (d && size >= sizeof(head)) {
		size_t n;
		void *record;

		memcpy(&head, data, sizeof(head));
		n = head.size < size ? head.size : size;
		if (n < sizeof(head))
			n = sizeof(head);
		/* of its own size, and aligned */
		record = malloc(n);
		if (!record)
			break;
		memcpy(record, data, n);
		assert(decoder_record(d, record, n) == 0);
		free(record);
		data += n;
		size -= n;
	}
	decoder_free(d);
	packer_free(p);
	return 0;
}
