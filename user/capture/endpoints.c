/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/endpoints.h"

#include "base/map.h"
#include "capture/iterate.h"
#include "runwait.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct found {
	struct wire_endpoint e; /* its roles are those of all its descriptors */
};

struct search {
	VEC(struct found) list;
	struct intern by_owner; /* key and TGID, to the number in the list */
	uint32_t self;
};

static int on_endpoint(void *ctx, const struct wire_head *record)
{
	struct search *s = ctx;
	const struct wire_endpoint *e = (const void *)record;
	struct {
		uint64_t key, tgid;
	} owner = { 0 };
	uint32_t number;
	int rc;

	if (record->type != WIRE_ENDPOINT || record->size < sizeof(*e) || e->tgid == s->self)
		return 0;
	owner.key = e->key;
	owner.tgid = e->tgid;
	rc = intern_put(&s->by_owner, &owner, sizeof(owner), &number);
	if (rc)
		return rc;
	if (number == s->list.count)
		return vec_push(&s->list, (struct found){ *e });
	s->list.at[number].e.roles |= e->roles;
	return 0;
}

/* SigCgt of /proc/PID/status, without what a fault raises and libc's own. */
static bool catches_signals(uint32_t tgid)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, 32, 33 };
	unsigned long long caught = 0;
	char path[64], text[4096], *line;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/status", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nSigCgt:");
	if (!line || sscanf(line, "\nSigCgt: %llx", &caught) != 1)
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
		caught &= ~(1ull << (faults[i] - 1));
	return caught;
}

static int tell(const struct search *s, endpoint_fn fn, void *ctx)
{
	int rc = 0;

	for (size_t i = 0; i < s->list.count && !rc; i++) {
		const struct wire_endpoint *e = &s->list.at[i].e;
		char comm[WIRE_COMM_SIZE + 1] = { 0 };
		struct endpoint_owner owner = {
			.key = e->key,
			.tgid = e->tgid,
			.reads = e->roles & 1,
			.writes = e->roles & 2,
			.catches_signals = catches_signals(e->tgid),
			.comm = comm,
		};

		memcpy(comm, e->comm, WIRE_COMM_SIZE);
		rc = fn(ctx, &owner);
	}
	return rc;
}

int endpoints_find(struct runwait_bpf *skel, const uint64_t *keys, size_t count, endpoint_fn fn,
		   void *ctx, struct error *err)
{
	int map = bpf_map__fd(skel->maps.endpoints_wanted), rc = 0;
	struct search s = { .self = (uint32_t)getpid() };
	uint8_t one = 1;

	if (!count)
		return 0;
	for (size_t i = 0; i < count && i < ENDPOINTS_MAX && !rc; i++)
		if (bpf_map_update_elem(map, &keys[i], &one, BPF_ANY))
			rc = error_set(err, -errno, "cannot ask for open files: %s",
				       strerror(errno));
	if (!rc)
		rc = iterate(skel->progs.look_files, on_endpoint, &s, err);
	for (size_t i = 0; i < count && i < ENDPOINTS_MAX; i++)
		bpf_map_delete_elem(map, &keys[i]);
	if (!rc)
		rc = tell(&s, fn, ctx);
	vec_release(&s.list);
	intern_release(&s.by_owner);
	return rc;
}
