/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/object_text.h"

#include "base/alloc.h"
#include "core/syscall.h"
#include "unit.h"

#include <string.h>

static const uint8_t loop6[16] = { [15] = 1 }, any[16];
static const uint8_t some6[16] = { 0x20, 1, 0xd, 0xb8, [11] = 5, [15] = 9 };
static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 7 };
static const uint8_t four[16] = { 10, 0, 0, 5 };
enum { INET = 2, INET6 = 10, TCP = 6, UDP = 17, ESTABLISHED = 1, LISTEN = 10 };
static const struct {
	struct description {
		uint16_t kind, family, protocol, state;
		uint16_t local_port, remote_port;
		uint64_t inode;
		uint32_t device;
		uint8_t wire_flags;
	} o;
	const uint8_t *local, *remote;
	const char *text;
	size_t size;
	const char *called;
	uint8_t kind, flags;
	const char *here;
} cases[] = {
	{ { .kind = WIRE_OBJECT_FILE }, any, any, "x\0lib\0var", 9, "/var/lib/x",
	  OBJECT_FILE, 0 },
	{ { .kind = WIRE_OBJECT_FILE, .inode = 5, .device = 8 << 20 | 1 }, any, any, "", 0,
	  "inode 5 of device 8:1", OBJECT_FILE, 0 },
	{ { .kind = WIRE_OBJECT_BLOCK }, any, any, "sda\0dev\0", 8, "/dev/sda",
	  OBJECT_BLOCK, 0 },
	{ { .kind = WIRE_OBJECT_CHAR }, any, any, "0\0pts\0dev\0", 10, "/dev/pts/0",
	  OBJECT_TTY, 0 },
	{ { .kind = WIRE_OBJECT_PIPE, .inode = 8123 }, any, any, "\0", 1, "pipe:[8123]",
	  OBJECT_PIPE, 0 },
	{ { .kind = WIRE_OBJECT_PIPE }, any, any, "fifo\0run\0", 9, "/run/fifo",
	  OBJECT_PIPE, 0 },
	{ { .kind = WIRE_OBJECT_ANON }, any, any, "[eventfd]\0", 10, "[eventfd]",
	  OBJECT_EVENTFD, 0 },
	{ { .kind = WIRE_OBJECT_ANON }, any, any, "[eventpoll]", 11, "[eventpoll]",
	  OBJECT_EPOLL, 0 },
	{ { .kind = WIRE_OBJECT_ANON }, any, any, "[bpf-map]", 9, "[bpf-map]", OBJECT_ANON,
	  0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET, .protocol = TCP,
	    .state = ESTABLISHED, .local_port = 40000, .remote_port = 5432 },
	  any, four, "", 0, "tcp 10.0.0.5:5432", OBJECT_SOCKET, 0, "0.0.0.0:40000" },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET, .protocol = TCP, .state = LISTEN,
	    .local_port = 80 },
	  any, any, "", 0, "tcp listen 0.0.0.0:80", OBJECT_SOCKET, OBJECT_LISTENING },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET6, .protocol = TCP, .state = LISTEN,
	    .local_port = 80 },
	  any, any, "", 0, "tcp listen [::]:80", OBJECT_SOCKET, OBJECT_LISTENING },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET6, .protocol = TCP,
	    .state = ESTABLISHED, .remote_port = 80 },
	  loop6, loop6, "", 0, "tcp [::1]:80", OBJECT_SOCKET, 0, "[::1]:0" },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET6, .protocol = UDP,
	    .remote_port = 53 },
	  any, some6, "", 0, "udp [2001:db8::5:0:9]:53", OBJECT_SOCKET, 0, "[::]:0" },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET6, .protocol = TCP,
	    .state = ESTABLISHED, .remote_port = 80 },
	  any, mapped, "", 0, "tcp 10.0.0.7:80", OBJECT_SOCKET, 0, "[::]:0" },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = INET, .protocol = UDP,
	    .local_port = 53 },
	  four, any, "", 0, "udp local 10.0.0.5:53", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1 }, any, any, "/run/x.sock\0", 12,
	  "unix /run/x.sock", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1 }, any, any, "\0abstract", 9,
	  "unix @abstract", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1, .inode = 77 }, any, any, "", 0,
	  "unix:[77]", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1, .wire_flags = WIRE_OBJECT_PAIRED }, any,
	  any, "/run/x.sock\0", 12, "unix /run/x.sock", OBJECT_SOCKET, OBJECT_SERVES },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1,
	    .wire_flags = WIRE_OBJECT_PAIRED | WIRE_OBJECT_OF_PEER },
	  any, any, "\0abstract", 9, "unix @abstract", OBJECT_SOCKET, OBJECT_ASKS },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 1, .inode = 77,
	    .wire_flags = WIRE_OBJECT_PAIRED },
	  any, any, "", 0, "unix:[77]", OBJECT_SOCKET, OBJECT_PAIR },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 16, .protocol = 15 }, any, any, "", 0,
	  "netlink uevent", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 16, .protocol = 999 }, any, any, "", 0,
	  "netlink 999", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_SOCKET, .family = 40, .inode = 77 }, any, any, "", 0,
	  "socket:[77]", OBJECT_SOCKET, 0 },
	{ { .kind = WIRE_OBJECT_FILE, .wire_flags = WIRE_OBJECT_DELETED }, any, any,
	  "x\0tmp\0", 6, "/tmp/x (deleted)", OBJECT_FILE, OBJECT_DELETED },
	/* the first component that fits is not whole */
	{ { .kind = WIRE_OBJECT_FILE, .wire_flags = WIRE_OBJECT_CUT }, any, any,
	  "x\0sub\0lon", 9, "…/sub/x", OBJECT_FILE, 0 },
	{ { .kind = WIRE_OBJECT_FILE, .wire_flags = WIRE_OBJECT_CUT }, any, any, "xxx", 3,
	  "…", OBJECT_FILE, 0 },
	{ { .kind = WIRE_OBJECT_QUEUE }, any, any, "jobs\0", 5, "mqueue /jobs",
	  OBJECT_QUEUE, 0 },
	{ { .kind = WIRE_OBJECT_ANON }, any, any, "\0", 1, "[pidfd]", OBJECT_PIDFD, 0 },
};

static void descriptors_are_called_as_people_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct description *c = &cases[i].o;
		struct wire_object o = {
			.kind = c->kind,
			.family = c->family,
			.protocol = c->protocol,
			.state = c->state,
			.local_port = c->local_port,
			.remote_port = c->remote_port,
			.inode = c->inode,
			.device = c->device,
			.head.flags = c->wire_flags,
		};
		struct strbuf text = STRBUF_INIT, here = STRBUF_INIT;
		uint8_t flags;

		memcpy(o.local, cases[i].local, sizeof(o.local));
		memcpy(o.remote, cases[i].remote, sizeof(o.remote));
		o.text_size = (uint32_t)cases[i].size;
		assert_int_equal(object_text(&o, cases[i].text, &text, &here, &flags),
				 cases[i].kind);
		assert_string_equal(here.buf, cases[i].here ? cases[i].here : "");
		strbuf_release(&here);
		assert_string_equal(text.buf, cases[i].called);
		assert_int_equal(flags, cases[i].flags);
		strbuf_release(&text);
	}
}

static void system_calls_have_the_numbers_of_their_machine(void **state)
{
	(void)state;
	assert_string_equal(syscall_name(MACHINE_X86_64, 0), "read");
	assert_string_equal(syscall_name(MACHINE_ARM64, 63), "read");
	assert_string_equal(syscall_name(MACHINE_X86_64, 461), "lsm_list_modules");
	assert_null(syscall_name(MACHINE_X86_64, -1));
	assert_null(syscall_name(MACHINE_X86_64, 100000));
	assert_null(syscall_name(MACHINE_ARM64, 244)); /* a hole */
	assert_null(syscall_name(MACHINE_UNKNOWN, 0));
	assert_int_equal(syscall_identify(MACHINE_ARM64, 0), SYSCALL_IO_SETUP);
	assert_int_equal(machine_find("x86_64"), MACHINE_X86_64);
	assert_int_equal(machine_find("aarch64"), MACHINE_ARM64);
	assert_int_equal(machine_find("riscv64"), MACHINE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_called_as_people_do),
		cmocka_unit_test(system_calls_have_the_numbers_of_their_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
