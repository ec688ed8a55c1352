/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"

enum { LINE_FRAMES = 8, FRAME_COLUMNS = 48 };

void stack_line(const struct page *p, struct strbuf *sb, uint32_t stack)
{
	struct strbuf frame = STRBUF_INIT;
	struct stack_view view;

	if (!p->in->stacks || !stacks_get(p->in->stacks, stack, &view))
		return;
	for (uint32_t i = 0; i < view.count; i++) {
		if (i)
			strbuf_puts(sb, " ← ");
		if (i == LINE_FRAMES && view.count > LINE_FRAMES + 1) {
			strbuf_addf(sb, "%u more", view.count - i);
			break;
		}
		strbuf_cut(&frame, 0); /* not clear: a failure must be remembered */
		stacks_print_frame(p->in->stacks, view.frames[i], false, &frame);
		fmt_text(sb, frame.buf, FRAME_COLUMNS);
	}
	if (frame.failed)
		sb->failed = true;
	strbuf_release(&frame);
}

void json_stack(struct json *j, const char *key, const struct stacks *stacks, uint32_t stack)
{
	struct strbuf frame = STRBUF_INIT;
	struct stack_view view;

	json_open_array(j, key);
	if (!stacks || !stacks_get(stacks, stack, &view))
		view = (struct stack_view){ 0 };
	for (uint32_t i = 0; i < view.count; i++) {
		strbuf_cut(&frame, 0);
		stacks_print_frame(stacks, view.frames[i], false, &frame);
		if (frame.failed && !j->sink->error)
			j->sink->error = -ENOMEM;
		json_text(j, NULL, frame.buf);
	}
	json_close(j);
	strbuf_release(&frame);
}
