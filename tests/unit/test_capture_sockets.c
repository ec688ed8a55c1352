/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/sockets.h"

#include "base/alloc.h"
#include "unit.h"

static void lines_of_proc_net_are_sockets_or_nothing(void **state)
{
	static const char *const nonsense[] = {
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		"", "   1:", "   0: 0100007F:1F90 00000000:0000 0A",
		"   0: 0100007:1F90 00000000:0000 0A 0:0 00:0 0 0 0 7",
		"   0: 0100007F1F90F 00000000:0000 0A 0:0 00:0 0 0 0 7",
		"   0: 0100007G:1F90 00000000:0000 0A 0:0 00:0 0 0 0 7",
	};
	struct socket_row row;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(nonsense); i++)
		assert_false(sockets_parse(nonsense[i], true, false, &row));
	assert_true(sockets_parse("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 "
				  "00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0",
				  true, false, &row));
	assert_true(row.listening);
	assert_int_equal(row.local_port, 8080);
	assert_int_equal(row.inode, 4711);
	assert_memory_equal(row.local, ((uint8_t[]){ 127, 0, 0, 1 }), 4);
	assert_true(sockets_parse("   7: 00000000000000000000000001000000:0050 "
				  "B80D01200000000000000000090000005:01BB 01 0:0 00:0 0 0 0 9",
				  true, true, &row) == false);
	assert_true(sockets_parse("   7: 00000000000000000000000001000000:0050 "
				  "B80D0120000000000000000009000000:01BB 01 0:0 00:0 0 0 0 9",
				  true, true, &row));
	assert_false(row.listening);
	assert_int_equal(row.local[15], 1);
	assert_int_equal(row.remote[0], 0x20);
	assert_int_equal(row.remote_port, 443);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_proc_net_are_sockets_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
