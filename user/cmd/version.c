/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/command.h"

#include "version.h" /* made by the build */

const char runwait_version[] = RUNWAIT_VERSION;
