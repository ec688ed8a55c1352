/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals default|ignore|handle MILLISECONDS STATUS
 *
 * Lives MILLISECONDS whatever SIGINT, SIGTERM and SIGHUP do (unless they end
 * it) and leaves with STATUS. The first line of stdout is "ready".
 */
#include "truth.h"

#include <signal.h>

static volatile sig_atomic_t received[65];

static void count(int number)
{
	received[number]++;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const char *how = word(argc, argv, 1, "default");
	struct sigaction action = { .sa_handler = SIG_DFL };
	uint64_t end;

	if (!strcmp(how, "ignore"))
		action.sa_handler = SIG_IGN;
	if (!strcmp(how, "handle"))
		action.sa_handler = count;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	printf("ready\n");
	fflush(stdout);
	end = now_ns() + number(argc, argv, 2, 500) * NS_PER_MS;
	while (now_ns() < end)
		sleep_ns(NS_PER_MS);
	printf("{\"int\": %d, \"term\": %d, \"hup\": %d}\n", received[SIGINT], received[SIGTERM],
	       received[SIGHUP]);
	return (int)number(argc, argv, 3, 0);
}
