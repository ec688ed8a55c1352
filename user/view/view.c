/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/view.h"

#include "view/views.h"

#include <string.h>

#define VIEW_ENTRY(name, help) &view_##name,
static const struct view *const views[] = { VIEWS(VIEW_ENTRY) };
#undef VIEW_ENTRY

const struct view_colors view_colors_none = {
	"", "", "", "", "", "", "", "",
	{ "", "", "", "", "", "", "", "", "", "", "", "" },
};

/* The sixteen colours of every terminal, which follow its theme. */
const struct view_colors view_colors_ansi = {
	.reset = "\033[0m",
	.bold = "\033[1m",
	.dim = "\033[2m",
	.alarm = "\033[1;31m",
	.warn = "\033[33m",
	.run = "\033[32m",
	.runnable = "\033[33m",
	.wait = "\033[34m",
	.class = {
		[CLASS_GIL] = "\033[91m",
		[CLASS_LOCK] = "\033[31m",
		[CLASS_SYNC] = "\033[35m",
		[CLASS_IDLE] = "\033[2m",
		[CLASS_SLEEP] = "\033[90m",
		[CLASS_FILE] = "\033[34m",
		[CLASS_SOCKET] = "\033[36m",
		[CLASS_PIPE] = "\033[96m",
		[CLASS_CHILD] = "\033[95m",
		[CLASS_FAULT] = "\033[94m",
		[CLASS_KERNEL] = "\033[93m",
		[CLASS_OTHER] = "\033[37m",
	},
};

const struct view *view_at(size_t index)
{
	return index < ARRAY_COUNT(views) ? views[index] : NULL;
}

const struct view *view_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(views); i++)
		if (!strcmp(views[i]->name, name))
			return views[i];
	return NULL;
}

int view_print(const struct view *v, const struct view_input *in, const struct view_style *style,
	       struct sink *out)
{
	struct page p;
	int err = page_init(&p, in, style, out);

	if (err)
		return err;
	if (v != &view_summary && v != &view_why)
		print_recording_line(&p);
	v->print(&p);
	print_loss_again(&p);
	page_release(&p);
	return p.failed ? -ENOMEM : out->error;
}

int view_json(const struct view *v, const struct view_input *in, struct sink *out)
{
	struct json j;

	json_init(&j, out);
	json_open_object(&j, NULL);
	json_uint(&j, "schema_version", VIEW_SCHEMA_VERSION);
	json_open_object(&j, "tool");
	json_text(&j, "name", "runwait");
	json_text(&j, "version", in->version);
	json_close(&j);
	json_recording(&j, in);
	json_loss(&j, in);
	v->json(&j, in);
	json_close(&j);
	return out->error;
}
