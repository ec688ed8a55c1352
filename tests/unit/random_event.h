/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * random_event: events out of thin air for property tests, the same for the
 * same seed. Every type, every field, extreme values as often as likely ones.
 */
#ifndef RUNWAIT_TESTS_RANDOM_EVENT_H
#define RUNWAIT_TESTS_RANDOM_EVENT_H

#include "core/event.h"

struct random_events {
	uint64_t seed; /* set it; anything but 0 */
	uint64_t time_ns;
	char text[2][300];
	uint32_t frames[300];
};

uint64_t random_u64(struct random_events *r);
/* 0 … @n - 1 */
uint64_t random_below(struct random_events *r, uint64_t n);
/* Text and frames live in @r until the next one. */
void random_event(struct random_events *r, struct event *ret);

/* Fails the test, naming the field, when the two differ in anything. */
void assert_events_equal(const struct event *a, const struct event *b);

#endif
