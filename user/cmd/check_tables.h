/* SPDX-License-Identifier: GPL-2.0-only */
/* check_tables: what the unwind tables of the machine's running programs take, for check -v. */
#ifndef RUNWAIT_CMD_CHECK_TABLES_H
#define RUNWAIT_CMD_CHECK_TABLES_H

#include "base/strbuf.h"

/* Makes the tables of all files that running processes execute, and lists the largest. 0 or
 * -ENOMEM. */
int check_tables_print(struct strbuf *out);

#endif
