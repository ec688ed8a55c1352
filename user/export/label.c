/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name is cut into components at each "::" outside of brackets, or, without
 * any, behind its last slash (Go's packages). A component's short form is what
 * its brackets do not hold; Rust's <Type as Trait> is its type.
 */
#include "export/label.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <string.h>

enum { COMPONENTS_MAX = 32 }; /* of more, the last ones */

struct text {
	const char *at;
	size_t len;
};

static size_t count_columns(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static bool begins(struct text t, const char *with)
{
	size_t len = strlen(with);

	return t.len >= len && !memcmp(t.at, with, len);
}

/* "operator<<": its brackets are none, and nothing stands behind it. */
static bool is_operator(struct text t)
{
	size_t len = strlen("operator");

	return begins(t, "operator") && t.len > len && strchr("<>()[]-+*/%&|^~!=, ", t.at[len]);
}

/* What the character at @i does to the depth of brackets. */
static int turn(struct text t, size_t i)
{
	if (strchr("<([{", t.at[i]))
		return 1;
	if (t.at[i] == '>' && i && t.at[i - 1] == '-') /* Rust: fn() -> T */
		return 0;
	return strchr(">)]}", t.at[i]) ? -1 : 0;
}

/* Where the component that begins @t ends: before "::" or, if @as, " as ". */
static size_t component_end(struct text t, bool as)
{
	int depth = 0;

	if (is_operator(t))
		return t.len;
	for (size_t i = 0; i < t.len; i++) {
		struct text rest = { t.at + i, t.len - i };

		if (!depth && (as ? begins(rest, " as ") : begins(rest, "::")))
			return i;
		depth += turn(t, i);
	}
	return t.len;
}

/* The last components of a name; returns how many. */
static size_t cut(struct text name, struct text parts[COMPONENTS_MAX])
{
	size_t count = 0;

	for (;;) {
		size_t end = component_end(name, false);

		if (count == COMPONENTS_MAX)
			memmove(parts, parts + 1, --count * sizeof(*parts));
		parts[count++] = (struct text){ name.at, end };
		if (name.len - end <= 2)
			return count;
		name = (struct text){ name.at + end + 2, name.len - end - 2 };
	}
}

static void add_short(struct text part, struct strbuf *out);

/* <Type as Trait>, <Type>: the type's last component. False: there is none. */
static bool add_type(struct text part, struct strbuf *out)
{
	struct text type = { part.at + 1, part.len - 2 }, parts[COMPONENTS_MAX];
	size_t before = out->len;

	if (part.len < 3 || part.at[0] != '<' || part.at[part.len - 1] != '>')
		return false;
	type.len = component_end(type, true);
	type = parts[cut(type, parts) - 1];
	if (type.len && type.at[0] != '<')
		add_short(type, out);
	return out->len > before;
}

/* A component without what stands in its brackets; braces belong to a name. */
static void add_short(struct text part, struct strbuf *out)
{
	size_t before = out->len;
	int depth = 0;

	if (begins(part, "(anonymous namespace)")) {
		strbuf_puts(out, "(anon)");
		return;
	}
	if (is_operator(part)) {
		strbuf_add(out, part.at, part.len);
		return;
	}
	if (add_type(part, out))
		return;
	for (size_t i = 0; i < part.len; i++) {
		int step = strchr("{}", part.at[i]) ? 0 : turn(part, i);

		if (!depth && !step)
			strbuf_putc(out, part.at[i]);
		depth += depth + step < 0 ? 0 : step;
	}
	/* a name of nothing but brackets: <[T]> */
	if (out->len == before)
		strbuf_add(out, part.at, part.len);
}

/* "…" and what follows the last slash: Go's "…/http.(*conn).serve". False: does not fit. */
static bool add_behind_slash(const char *name, size_t len, size_t columns, struct strbuf *out)
{
	const char *slash = memrchr(name, '/', len);
	size_t rest = slash ? len - (size_t)(slash - name) : 0;

	/* what has spaces is something else, such as node's "JS:*f /path/file.js:1:2" */
	if (rest < 2 || memchr(name, ' ', len) || 1 + count_columns(slash, rest) > columns)
		return false;
	strbuf_puts(out, "…");
	strbuf_add(out, slash, rest);
	return true;
}

/* The beginning, and "…" if that is not all. */
static void add_head(const char *text, size_t len, size_t columns, struct strbuf *out)
{
	size_t count = 0, end = 0;

	if (count_columns(text, len) <= columns) {
		strbuf_add(out, text, len);
		return;
	}
	for (; end < len; end++)
		if ((text[end] & 0xc0) != 0x80 && count++ == columns - 1)
			break;
	strbuf_add(out, text, end);
	strbuf_puts(out, "…");
}

/* Whether arguments follow its first word; Go's receivers stand behind a path. */
static bool has_brackets(const char *name, size_t len)
{
	for (size_t i = 0; i < len && name[i] != ' ' && name[i] != '/'; i++)
		if (name[i] == '<' || name[i] == '(')
			return true;
	return false;
}

void label_fit(const char *name, size_t len, size_t columns, struct strbuf *out)
{
	struct text parts[COMPONENTS_MAX];
	struct strbuf sb = STRBUF_INIT;
	size_t count;

	if (count_columns(name, len) <= columns) {
		strbuf_add(out, name, len);
		return;
	}
	count = cut((struct text){ name, len }, parts);
	if (count == 1 && !has_brackets(name, len)) {
		if (!add_behind_slash(name, len, columns, out))
			add_head(name, len, columns, out);
		return;
	}
	for (size_t from = 0; from < count; from++) {
		strbuf_clear(&sb);
		if (from || parts[0].at != name)
			strbuf_puts(&sb, "…::");
		for (size_t i = from; i < count; i++) {
			strbuf_puts(&sb, i > from ? "::" : "");
			add_short(parts[i], &sb);
		}
		if (!strbuf_error(&sb) && count_columns(sb.buf, sb.len) <= columns)
			break;
		if (from + 1 < count)
			continue;
		strbuf_clear(&sb);
		add_short(parts[from], &sb);
	}
	out->failed |= sb.failed;
	if (!strbuf_error(&sb))
		add_head(sb.buf, sb.len, columns, out);
	strbuf_release(&sb);
}
