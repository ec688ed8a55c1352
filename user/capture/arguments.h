/* SPDX-License-Identifier: GPL-2.0-only */
/* arguments: how the arguments of each system call lead to what it waits for. */
#ifndef RUNWAIT_CAPTURE_ARGUMENTS_H
#define RUNWAIT_CAPTURE_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

/* Fills @table[nr] with enum config_argument for the running architecture. */
void arguments_fill(uint8_t *table, size_t count);
/* The same with enum config_loop. */
void arguments_fill_loops(uint8_t *table, size_t count);

#endif
