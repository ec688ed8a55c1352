/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz: a harness is one file, fuzz_NAME.c, with this function. It feeds the
 * bytes to one reader and checks what must hold of the outcome; it crashes
 * (assert) where that does not hold. Its corpus is tests/fuzz/corpus/NAME/.
 *
 * `make check` runs it on the corpus and on variants of it (replay.c);
 * `make fuzz` runs it with libFuzzer.
 */
#ifndef RUNWAIT_TESTS_FUZZ_H
#define RUNWAIT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
