/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/object_text.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <string.h>

/* the kernel's ABI; core includes none of its headers */
enum {
	FAMILY_UNIX = 1,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	FAMILY_NETLINK = 16,
	FAMILY_PACKET = 17,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	STATE_LISTEN = 10, /* TCP_LISTEN */
	MAJOR_BITS = 20,
};

static const struct {
	const char *name;
	uint8_t kind;
} anonymous[] = {
	{ "[eventfd]", OBJECT_EVENTFD },   { "[timerfd]", OBJECT_TIMERFD },
	{ "[signalfd]", OBJECT_SIGNALFD }, { "[eventpoll]", OBJECT_EPOLL },
	{ "[io_uring]", OBJECT_IO_URING }, { "[pidfd]", OBJECT_PIDFD },
	{ "inotify", OBJECT_INOTIFY },     { "[fanotify]", OBJECT_INOTIFY },
	{ "", OBJECT_PIDFD }, /* since 6.9 of a file system without names */
};

/* linux/netlink.h: who is at the other end, in the kernel */
static const char *const netlinks[] = {
	[0] = "route", [2] = "user", [4] = "sock_diag", [6] = "xfrm", [9] = "audit",
	[12] = "netfilter", [15] = "uevent", [16] = "generic", [21] = "crypto",
};

/* Names may hold NULs only as separators; a name cut off has none at its end. */
static size_t name_length(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);

	return end ? (size_t)(end - text) : size;
}

/* Components stand leaf first, each with its NUL: written from the last to the first. */
static void add_path(const struct wire_object *w, const char *text, struct strbuf *out)
{
	size_t end = w->text_size;

	if (w->head.flags & WIRE_OBJECT_CUT) {
		/* neither the root is there nor all of the last component */
		while (end && text[end - 1] != '\0')
			end--;
		strbuf_puts(out, "…");
	}
	while (end && text[end - 1] == '\0')
		end--;
	while (end) {
		size_t start = end;

		while (start && text[start - 1] != '\0')
			start--;
		strbuf_putc(out, '/');
		strbuf_add(out, text + start, end - start);
		end = start ? start - 1 : 0;
	}
}

static void add_address4(struct strbuf *out, const uint8_t *a)
{
	strbuf_addf(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

/* RFC 5952: the longest run of zero groups becomes "::"; IPv4-mapped is written as IPv4. */
static void add_address6(struct strbuf *out, const uint8_t *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	int best = -1, best_size = 1;

	if (!memcmp(a, mapped, sizeof(mapped))) {
		add_address4(out, a + 12);
		return;
	}
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !a[2 * (i + n)] && !a[2 * (i + n) + 1])
			n++;
		if (n > best_size) {
			best = i;
			best_size = n;
		}
	}
	strbuf_putc(out, '[');
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			strbuf_puts(out, "::");
			i += best_size - 1;
			continue;
		}
		strbuf_addf(out, "%s%x", i && i != best + best_size ? ":" : "",
			    (unsigned)(a[2 * i] << 8 | a[2 * i + 1]));
	}
	strbuf_putc(out, ']');
}

void object_address(uint16_t family, const uint8_t *address, uint16_t port, struct strbuf *out)
{
	if (family == FAMILY_INET)
		add_address4(out, address);
	else
		add_address6(out, address);
	strbuf_addf(out, ":%u", port);
}

static void add_unix(const struct wire_object *w, const char *text, struct strbuf *out,
		     uint8_t *flags)
{
	size_t size = w->text_size;
	bool named = size && (text[0] || size > 1);

	if (w->head.flags & WIRE_OBJECT_PAIRED)
		*flags |= !named ? OBJECT_PAIR
			  : w->head.flags & WIRE_OBJECT_OF_PEER ? OBJECT_ASKS
								: OBJECT_SERVES;
	strbuf_puts(out, "unix");
	if (size && text[0] == '\0' && size > 1) {
		strbuf_puts(out, " @");
		strbuf_add(out, text + 1, name_length(text + 1, size - 1));
	} else if (size && text[0]) {
		strbuf_putc(out, ' ');
		strbuf_add(out, text, name_length(text, size));
	} else {
		strbuf_addf(out, ":[%" PRIu64 "]", (uint64_t)w->inode);
	}
}

static const char *protocol_name(const struct wire_object *w)
{
	switch (w->protocol) {
	case PROTOCOL_TCP:
	case 262: /* IPPROTO_MPTCP */
		return "tcp";
	case PROTOCOL_UDP:
		return "udp";
	case PROTOCOL_ICMP:
		return "icmp";
	default:
		return "ip";
	}
}

static void add_netlink(const struct wire_object *w, struct strbuf *out)
{
	if (w->protocol < ARRAY_COUNT(netlinks) && netlinks[w->protocol])
		strbuf_addf(out, "netlink %s", netlinks[w->protocol]);
	else
		strbuf_addf(out, "netlink %u", w->protocol);
}

static void add_socket(const struct wire_object *w, const char *text, struct strbuf *out,
		       struct strbuf *local, uint8_t *ret_flags)
{
	if (w->state == STATE_LISTEN)
		*ret_flags |= OBJECT_LISTENING;
	if (w->family == FAMILY_UNIX) {
		add_unix(w, text, out, ret_flags);
	} else if (w->family == FAMILY_INET || w->family == FAMILY_INET6) {
		bool listening = w->state == STATE_LISTEN || !w->remote_port;

		strbuf_addf(out, "%s ", protocol_name(w));
		if (listening)
			strbuf_puts(out, w->state == STATE_LISTEN ? "listen " : "local ");
		object_address(w->family, listening ? w->local : w->remote,
			       listening ? w->local_port : w->remote_port, out);
		if (!listening)
			object_address(w->family, w->local, w->local_port, local);
	} else if (w->family == FAMILY_NETLINK) {
		add_netlink(w, out);
	} else {
		strbuf_addf(out, "%s:[%" PRIu64 "]",
			    w->family == FAMILY_PACKET ? "packet" : "socket", (uint64_t)w->inode);
	}
}

static uint8_t add_anonymous(const struct wire_object *w, const char *text, struct strbuf *out)
{
	size_t len = name_length(text, w->text_size);

	strbuf_add(out, text, len);
	if (!len)
		strbuf_puts(out, "[pidfd]");
	for (size_t i = 0; i < ARRAY_COUNT(anonymous); i++)
		if (strlen(anonymous[i].name) == len && !memcmp(text, anonymous[i].name, len))
			return anonymous[i].kind;
	return OBJECT_ANON;
}

static uint8_t kind_of_path(const struct wire_object *w)
{
	switch (w->kind) {
	case WIRE_OBJECT_BLOCK:
		return OBJECT_BLOCK;
	case WIRE_OBJECT_CHAR:
		return OBJECT_TTY;
	case WIRE_OBJECT_QUEUE:
		return OBJECT_QUEUE;
	default:
		return OBJECT_FILE;
	}
}

static void add_file(const struct wire_object *w, const char *text, struct strbuf *out,
		     uint8_t *ret_flags)
{
	if (w->kind == WIRE_OBJECT_QUEUE)
		strbuf_puts(out, "mqueue ");
	if (w->text_size)
		add_path(w, text, out);
	else
		strbuf_addf(out, "inode %" PRIu64 " of device %u:%u", (uint64_t)w->inode,
			    w->device >> MAJOR_BITS, w->device & ((1u << MAJOR_BITS) - 1));
	if (!(w->head.flags & WIRE_OBJECT_DELETED))
		return;
	strbuf_puts(out, " (deleted)");
	*ret_flags |= OBJECT_DELETED;
}

uint8_t object_text(const struct wire_object *w, const char *text, struct strbuf *out,
		    struct strbuf *local, uint8_t *ret_flags)
{
	*ret_flags = 0;
	switch (w->kind) {
	case WIRE_OBJECT_SOCKET:
		add_socket(w, text, out, local, ret_flags);
		return OBJECT_SOCKET;
	case WIRE_OBJECT_PIPE:
		/* a pipe without a name has an empty one */
		if (w->text_size > 1)
			add_path(w, text, out);
		else
			strbuf_addf(out, "pipe:[%" PRIu64 "]", (uint64_t)w->inode);
		return OBJECT_PIPE;
	case WIRE_OBJECT_ANON:
		return add_anonymous(w, text, out);
	default:
		add_file(w, text, out, ret_flags);
		return kind_of_path(w);
	}
}

bool object_text_is_many(const char *text)
{
	return *text == '[' || !strcmp(text, "anon") || !strncmp(text, "shared anon+", 12) ||
	       !strncmp(text, "stack of ", 9);
}
