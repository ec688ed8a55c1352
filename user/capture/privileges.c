/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/privileges.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static uint64_t effective_capabilities(void)
{
	char status[4096];
	const char *line;

	if (!read_text("/proc/self/status", status, sizeof(status)))
		return 0;
	line = strstr(status, "\nCapEff:");
	return line ? strtoull(line + 8, NULL, 16) : 0;
}

static bool has(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

/* "none [integrity] confidentiality": the one in brackets is in force. */
static void lockdown_read(char *out, size_t size)
{
	char text[128], *open, *close;

	out[0] = '\0';
	if (!read_text("/sys/kernel/security/lockdown", text, sizeof(text)))
		return;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close && (size_t)(close - open) <= size) {
		*close = '\0';
		snprintf(out, size, "%s", open + 1);
	}
}

bool privileges_kernel_at_least(int major, int minor)
{
	struct utsname name;
	int have_major = 0, have_minor = 0;

	if (uname(&name) || sscanf(name.release, "%d.%d", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}

int privileges_too_old(struct error *err)
{
	struct utsname name;

	return error_set(err, -ENOTSUP,
			 "Linux %s is too old for these probes; 5.15 or newer is needed",
			 uname(&name) ? "here" : name.release);
}

void privileges_read(struct privileges *p)
{
	uint64_t caps = effective_capabilities();
	char text[32];

	memset(p, 0, sizeof(*p));
	p->root = geteuid() == 0;
	p->sys_admin = has(caps, CAP_SYS_ADMIN);
	p->bpf = p->sys_admin || has(caps, CAP_BPF);
	p->perfmon = p->sys_admin || has(caps, CAP_PERFMON);
	p->sys_ptrace = has(caps, CAP_SYS_PTRACE);
	p->syslog = has(caps, CAP_SYSLOG);
	p->dac_read_search = has(caps, CAP_DAC_READ_SEARCH);
	p->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	/* with bpf_copy_from_user_task(): BTF cannot tell, so the release is asked */
	p->sleepable_iterators = privileges_kernel_at_least(5, 19);
	p->paranoid = -2;
	if (read_text("/proc/sys/kernel/perf_event_paranoid", text, sizeof(text)))
		p->paranoid = atoi(text);
	lockdown_read(p->lockdown, sizeof(p->lockdown));
}

int privileges_check(struct privileges *p, struct error *err)
{
	privileges_read(p);
	if (!p->btf)
		return error_set(err, -ENOTSUP,
				 "this kernel has no type information (/sys/kernel/btf/vmlinux); "
				 "boot one built with CONFIG_DEBUG_INFO_BTF=y");
	if (!strcmp(p->lockdown, "confidentiality"))
		return error_set(err, -EPERM,
				 "kernel lockdown is in confidentiality mode, which forbids all "
				 "tracing; boot with lockdown=integrity or none");
	if (!p->bpf || !p->perfmon)
		return error_set(err, -EPERM,
				 "recording needs CAP_BPF and CAP_PERFMON, and this user lacks %s; "
				 "run it with sudo, or once: sudo setcap "
				 "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog+ep "
				 "$(command -v runwait)",
				 p->bpf ? "CAP_PERFMON" : p->perfmon ? "CAP_BPF" : "both");
	return 0;
}
